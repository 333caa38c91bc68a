import { parseHandshakeRequest, parseHandshakeResponse } from "../../protocol/hub/handshake.js";
import { stringifyJson } from "../../protocol/hub/json-values.js";
import type { HubMessage } from "../../protocol/hub/messages.js";
import type { HubProtocol } from "../../protocol/hub/protocol.js";
import { hubProtocol } from "../hub-payloads.js";
import { shorten } from "./shown-text.js";

/** A hub payload in words. */
export interface PayloadText {
  /** What it is: `call`, `result`, `ping`, … of its first message. */
  readonly what: string;
  readonly text: string;
}

// More is not decoded: nobody reads it in a line, and decoding must stay cheap.
const MOST_BYTES = 16 * 1024;
const MOST_RECORDS = 10;
const MOST_CHARACTERS = 2000;
const JSON_PING = Buffer.from('{"type":6}\u001e');
const MESSAGEPACK_PING = Buffer.from([2, 0x91, 6]);
const OPENING_BRACE = 0x7b;

/** Whether the payload is the sign of life that both sides send all the time. Cheap: it is asked for every message. */
export function isHubPing(payload: Uint8Array): boolean {
  if (payload.length > JSON_PING.length) return false;
  return JSON_PING.equals(payload) || MESSAGEPACK_PING.equals(payload);
}

/** Never throws, whatever the bytes are: they come from anybody. */
export function describePayload(protocol: string, payload: Uint8Array): PayloadText {
  if (payload.length > MOST_BYTES) return { what: "data", text: `${sizeOf(payload)}, too long to be shown` };
  try {
    const handshake = describeHandshake(payload);
    if (handshake !== undefined) return handshake;
    const found = hubProtocol(protocol.toLowerCase());
    if (found === undefined) return { what: "data", text: sizeOf(payload) };
    return describeRecords(found, payload);
  } catch {
    return { what: "data", text: `${sizeOf(payload)} that are no message, or a part of one` };
  }
}

function describeRecords(protocol: HubProtocol, payload: Uint8Array): PayloadText {
  const texts: PayloadText[] = [];
  let start = 0;
  while (start < payload.length) {
    if (texts.length === MOST_RECORDS) {
      texts.push({ what: "data", text: `and ${sizeOf(payload.subarray(start))} more` });
      break;
    }
    const end = protocol.recordEnd(payload, start);
    if (end === -1 || end > payload.length) {
      texts.push({ what: "part", text: `the beginning of a message, ${sizeOf(payload.subarray(start))}` });
      break;
    }
    const message = protocol.read(payload, start, end);
    texts.push(message === undefined ? { what: "data", text: "a message of an unknown type" } : describe(message));
    start = end;
  }
  const text = texts.map((each) => each.text).join("\n");
  return { what: texts[0]?.what ?? "data", text: shorten(text, MOST_CHARACTERS) };
}

/** The first message of each side is JSON in every protocol, and has no type. */
function describeHandshake(payload: Uint8Array): PayloadText | undefined {
  if (payload[0] !== OPENING_BRACE) return undefined;
  const attempts = [
    () => {
      const request = parseHandshakeRequest(payload)?.message;
      return request && `${request.protocol}, version ${request.version}`;
    },
    () => {
      const response = parseHandshakeResponse(payload)?.message;
      return response && (response.error === undefined ? "accepted" : `refused: ${response.error}`);
    },
  ];
  for (const attempt of attempts) {
    try {
      const text = attempt();
      if (text !== undefined) return { what: "handshake", text: shorten(text, MOST_CHARACTERS) };
    } catch {
      // Something else then.
    }
  }
  return undefined;
}

function describe(message: HubMessage): PayloadText {
  switch (message.type) {
    case 1:
      return { what: "call", text: call(message.target, message.arguments) + number(message.invocationId) };
    case 2:
      return { what: "item", text: show(message.item) + number(message.invocationId) };
    case 3: {
      const outcome = message.error ?? (message.hasResult ? show(message.result) : "done");
      return { what: message.error === undefined ? "result" : "error", text: outcome + number(message.invocationId) };
    }
    case 4:
      return { what: "stream", text: call(message.target, message.arguments) + number(message.invocationId) };
    case 5:
      return { what: "cancel", text: number(message.invocationId).trim() };
    case 6:
      return { what: "ping", text: "" };
    case 7:
      return { what: "close", text: message.error ?? "" };
    case 8:
      return { what: "ack", text: `up to ${message.sequenceId}` };
    case 9:
      return { what: "sequence", text: `from ${message.sequenceId}` };
  }
}

function call(target: string, values: readonly unknown[]): string {
  return `${target}(${values.map(show).join(", ")})`;
}

/** What answers and items are told apart by. */
function number(invocationId: string | undefined): string {
  return invocationId === undefined ? "" : ` #${invocationId}`;
}

function show(value: unknown): string {
  return stringifyJson(value);
}

function sizeOf(payload: Uint8Array): string {
  return `${payload.length.toLocaleString("en-US")} bytes`;
}
