import { checkDepth, MAX_JSON_DEPTH, parseExactJson } from "../../protocol/hub/json-values.js";
import type { HubMessage } from "../../protocol/hub/messages.js";
import { MsgpackReader } from "../../protocol/msgpack/reader.js";
import type { Payloads } from "../../protocol/service/messages.js";
import { hubProtocol, isFramed, payloadsOf } from "../hub-payloads.js";
import { badRequest, errorAnswer, RestRefusal } from "./rest-answer.js";
import type { RestCall } from "./rest-call.js";

/** The method that clients are to be called with. */
export interface PayloadMessage {
  readonly target: string;
  readonly arguments: readonly unknown[];
}

/** Already encoded, one message for each hub protocol. */
export const OCTETS = "application/octet-stream";
const JSON_TYPE = /^(?:application|text)\/(?:[\w.-]+\+)?json$/;

/**
 * The body as an invocation of a client method for all protocols.
 * @throws RestRefusal
 */
export function readInvocation(call: RestCall): Payloads {
  if (call.contentType === OCTETS) return readPayloadMap(call.body);
  return encoded({ type: 1, ...readPayloadMessage(readJson(call)) });
}

/**
 * The JSON value of the body.
 * @throws RestRefusal when it has another type, or is none
 */
export function readJson({ contentType, body }: Pick<RestCall, "contentType" | "body">): unknown {
  if (contentType !== "" && !JSON_TYPE.test(contentType)) {
    const message = `The body's type has to be application/json or ${OCTETS}, it is ${contentType}.`;
    throw new RestRefusal(errorAnswer(415, "UnsupportedMediaType", message), message);
  }
  try {
    const value = parseExactJson(body.toString("utf8").replace(/^\ufeff/, ""));
    // A message, its list of arguments, and the values.
    checkDepth(value, MAX_JSON_DEPTH + 2);
    return value;
  } catch {
    throw badRequest(
      body.length === 0 ? "The body is missing." : "The body is not JSON, or is nested too deeply.",
      "payload",
    );
  }
}

/** @throws RestRefusal */
export function readPayloadMessage(value: unknown): PayloadMessage {
  const target = memberOf(value, "target");
  const values = memberOf(value, "arguments") ?? [];
  if (typeof target !== "string" || target === "") {
    throw badRequest("The message has no target; give the name of the client method as text.", "target");
  }
  if (!Array.isArray(values)) throw badRequest("The message's arguments have to be a list.", "arguments");
  return { target, arguments: values };
}

/** A member of an object, its name in any letter case. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * The message in all hub protocols.
 * @throws RestRefusal when a value in it cannot be sent
 */
export function encoded(message: HubMessage): Payloads {
  try {
    return payloadsOf(message);
  } catch {
    throw badRequest(
      "A value cannot be sent to clients: integers of more than 64 bits fit into no protocol.",
      "arguments",
    );
  }
}

/**
 * A map from the names of hub protocols to framed messages.
 * @throws RestRefusal
 */
export function readPayloadMap(body: Buffer): Payloads {
  const payloads: Array<readonly [string, Uint8Array]> = [];
  try {
    const reader = new MsgpackReader(body);
    for (let left = reader.mapHeader(); left > 0; left -= 1) payloads.push([reader.str(), reader.bin()]);
  } catch {
    throw badRequest(`A body of ${OCTETS} has to be a MessagePack map from protocol names to bytes.`, "payload");
  }
  if (payloads.length === 0) throw badRequest("The body holds no message.", "payload");
  for (const [name, bytes] of payloads) {
    const protocol = hubProtocol(name.toLowerCase());
    // It would break the connection of every client that gets it.
    if (protocol !== undefined && !isFramed(protocol, bytes)) {
      throw badRequest(`The bytes for ${protocol.name} are no whole hub message with its framing.`, "payload");
    }
  }
  return payloads;
}
