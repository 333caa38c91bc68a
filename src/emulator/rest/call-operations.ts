import { stringifyJson } from "../../protocol/hub/json-values.js";
import type { MultiConnectionData, Payloads } from "../../protocol/service/messages.js";
import * as delivery from "../delivery.js";
import { hubProtocol, readFirst } from "../hub-payloads.js";
import { ACCEPTED, badRequest, errorAnswer, type RestAnswer } from "./rest-answer.js";
import { encoded, OCTETS, type PayloadMessage, readJson, readPayloadMap, readPayloadMessage } from "./rest-body.js";
import { hubOf, type RestCall, type RestOperation, show } from "./rest-call.js";
import type { CallResult } from "./rest-calls.js";

const SINCE = "2024-12-01";

/** Calls of client methods that have a result, and the items of streams that clients have asked for. */
export const CALL_OPERATIONS: readonly RestOperation[] = [
  { method: "POST", paths: ["connections/{connection}/:invoke"], since: SINCE, run: invoke },
  { method: "POST", paths: ["connections/{connection}/streams/{stream}/:send"], since: SINCE, run: sendItem },
  {
    method: "POST",
    paths: ["connections/{connection}/streams/{stream}/:complete"],
    since: SINCE,
    run(call) {
      // The documents say reason, the official SDK says error.
      const error = call.query.get("reason") ?? call.query.get("error");
      deliver(call, completion(call, error));
      return ACCEPTED;
    },
  },
];

async function invoke(call: RestCall): Promise<RestAnswer> {
  const message = readCall(call);
  const hub = hubOf(call);
  const connectionId = call.part("connection");
  if (hub?.directory.get(connectionId) === undefined) {
    return errorAnswer(404, "Error.Connection.NotExisted", "There is no such connection.");
  }
  const payloadsFor = (invocationId: string): Payloads => {
    const payloads = encoded({ type: 1, invocationId, ...message });
    show(call, { kind: "clientInvocation", invocationId, connectionId, callerServerId: "", payloads });
    return payloads;
  };
  return answerOf(await call.calls.invoke(hub, connectionId, payloadsFor));
}

/** An encoded message has an id of its sender's choice, so it is read and written anew. */
function readCall(call: RestCall): PayloadMessage {
  if (call.contentType !== OCTETS) return readPayloadMessage(readJson(call));
  for (const [name, bytes] of readPayloadMap(call.body)) {
    const protocol = hubProtocol(name.toLowerCase());
    const message = protocol === undefined ? undefined : readFirst(protocol, bytes);
    if (message?.type === 1) return { target: message.target, arguments: message.arguments };
  }
  throw badRequest("The body holds no invocation for json or messagepack.", "payload");
}

function answerOf(result: CallResult): RestAnswer {
  if (result.kind === "late") {
    return errorAnswer(500, "InvocationTimeout", "The client did not answer in time.");
  }
  if (result.kind === "failed") return errorAnswer(400, "InvocationFailed", result.error);
  const protocol = hubProtocol(result.protocol);
  if (protocol === undefined) {
    return {
      status: 200,
      body: JSON.stringify({ result: result.payload.toString("base64"), protocol: result.protocol }),
    };
  }
  const message = readFirst(protocol, result.payload);
  if (message?.type !== 3) return errorAnswer(400, "InvocationFailed", "The client's answer could not be read.");
  if (message.error !== undefined) return errorAnswer(400, "InvocationFailed", message.error);
  return { status: 200, body: message.hasResult ? `{"result":${stringifyJson(message.result)}}` : "{}" };
}

function sendItem(call: RestCall): RestAnswer {
  const isLast = call.query.flag("completed");
  if (call.body.length > 0 || !isLast) deliver(call, readItem(call));
  if (isLast) deliver(call, completion(call, undefined));
  return ACCEPTED;
}

function readItem(call: RestCall): Payloads {
  if (call.contentType === OCTETS) return readPayloadMap(call.body);
  return encoded({ type: 2, invocationId: call.part("stream"), item: readJson(call) });
}

function completion(call: RestCall, error: string | undefined): Payloads {
  return encoded({ type: 3, invocationId: call.part("stream"), error, hasResult: false });
}

function deliver(call: RestCall, payloads: Payloads): void {
  const connectionList = [call.part("connection")];
  const message: MultiConnectionData = { kind: "multiConnectionData", connectionList, payloads };
  show(call, message);
  const hub = hubOf(call);
  if (hub !== undefined) delivery.toConnections(hub, message);
}
