import {
  arrayMember,
  booleanMember,
  integerMember,
  type JsonObject,
  objectMember,
  parseJsonObject,
  textMember,
} from "./json-object.js";
import { checkDepth, MAX_JSON_DEPTH, parseExactJson } from "./json-values.js";
import { JsonWriter } from "./json-writer.js";
import type {
  CloseMessage,
  CompletionMessage,
  HubMessage,
  HubMessageHeaders,
  InvocationMessage,
  StreamInvocationMessage,
} from "./messages.js";
import { type HubProtocol, type HubProtocolOptions, InvalidDataException } from "./protocol.js";
import { readTextRecord, textRecordEnd } from "./text-records.js";

/** The JSON encoding of hub messages: one object a message, ended by 0x1E. */
export function createJsonHubProtocol(options: HubProtocolOptions = {}): HubProtocol {
  return new JsonHubProtocol(options.jsonBigIntegers ? parseExactJson : JSON.parse);
}

/** A record of fewer bytes has no room for the brackets of a value that is nested too deeply. */
const LEAST_DEEP_BYTES = MAX_JSON_DEPTH * 2;

const HEADS: Readonly<Record<number, string>> = Object.freeze({
  1: '{"type":1',
  2: '{"type":2',
  3: '{"type":3',
  4: '{"type":4',
  5: '{"type":5',
});

interface Head {
  readonly type: 1 | 2 | 3 | 4 | 5;
  readonly headers?: HubMessageHeaders | undefined;
  readonly invocationId?: string | undefined;
}

class JsonHubProtocol implements HubProtocol {
  readonly name = "json";
  readonly version = 2;
  readonly transferFormat = "Text";
  readonly #parse: (text: string) => unknown;
  #idleWriter: JsonWriter | undefined;

  constructor(parse: (text: string) => unknown) {
    this.#parse = parse;
  }

  recordEnd(bytes: Uint8Array, start: number, searchedTo = start): number {
    return textRecordEnd(bytes, searchedTo);
  }

  read(bytes: Uint8Array, start: number, end: number): HubMessage | undefined {
    const object = parseJsonObject(readTextRecord(bytes, start, end), this.#parse);
    // The record itself and its list of arguments are two levels above the values.
    if (end - start > LEAST_DEEP_BYTES) checkDepth(object, MAX_JSON_DEPTH + 2);
    return readMessage(object);
  }

  write(message: HubMessage): Uint8Array {
    // A value may run code while it is encoded (a getter, toJSON) and that code may write a message of its own.
    const writer = this.#idleWriter ?? new JsonWriter();
    this.#idleWriter = undefined;
    try {
      writeMessage(writer, message);
      return writer.take();
    } finally {
      writer.cancel();
      this.#idleWriter = writer;
    }
  }
}

function readMessage(object: JsonObject): HubMessage | undefined {
  const type = object["type"];
  if (type === undefined) throw missing("type");
  switch (type) {
    case 1:
      return readInvocation(object);
    case 2:
      return readStreamItem(object);
    case 3:
      return readCompletion(object);
    case 4:
      return readStreamInvocation(object);
    case 5:
      return { type: 5, headers: readHeaders(object), invocationId: requiredText(object, "invocationId") };
    case 6:
      return { type: 6 };
    case 7:
      return {
        type: 7,
        error: textMember(object, "error") || undefined,
        allowReconnect: booleanMember(object, "allowReconnect"),
      };
    case 8:
      return { type: 8, sequenceId: requiredInteger(object, "sequenceId") };
    case 9:
      return { type: 9, sequenceId: requiredInteger(object, "sequenceId") };
    default:
      if (typeof type === "number" || typeof type === "bigint") return undefined;
      throw new InvalidDataException("Expected 'type' to be of type Number.");
  }
}

function readInvocation(object: JsonObject): HubMessage {
  return {
    type: 1,
    headers: readHeaders(object),
    invocationId: textMember(object, "invocationId") || undefined,
    target: requiredText(object, "target"),
    arguments: requiredArguments(object),
    streamIds: readStreamIds(object),
  };
}

function readStreamInvocation(object: JsonObject): HubMessage {
  return {
    type: 4,
    headers: readHeaders(object),
    invocationId: requiredText(object, "invocationId"),
    target: requiredText(object, "target"),
    arguments: requiredArguments(object),
    streamIds: readStreamIds(object),
  };
}

function readStreamItem(object: JsonObject): HubMessage {
  const headers = readHeaders(object);
  const invocationId = requiredText(object, "invocationId");
  const item = object["item"];
  if (item === undefined) throw missing("item");
  return { type: 2, headers, invocationId, item };
}

function readCompletion(object: JsonObject): HubMessage {
  const headers = readHeaders(object);
  const invocationId = requiredText(object, "invocationId");
  const error = textMember(object, "error");
  const result = object["result"];
  const hasResult = result !== undefined;
  if (hasResult && error !== undefined) {
    throw new InvalidDataException("The 'error' and 'result' properties are mutually exclusive.");
  }
  return { type: 3, headers, invocationId, error, hasResult, result };
}

function readHeaders(object: JsonObject): HubMessageHeaders | undefined {
  const headers = objectMember(object, "headers");
  if (headers === undefined) return undefined;
  let isEmpty = true;
  for (const name in headers) {
    isEmpty = false;
    if (typeof headers[name] !== "string") {
      throw new InvalidDataException(`Expected header '${name}' to be of type String.`);
    }
  }
  return isEmpty ? undefined : (headers as HubMessageHeaders);
}

function readStreamIds(object: JsonObject): readonly string[] | undefined {
  const streamIds = arrayMember(object, "streamIds");
  if (streamIds === undefined) return undefined;
  for (const streamId of streamIds) {
    if (typeof streamId !== "string")
      throw new InvalidDataException("Expected 'streamIds' to be a list of type String.");
  }
  return streamIds.length === 0 ? undefined : (streamIds as string[]);
}

function requiredText(object: JsonObject, name: string): string {
  const text = textMember(object, name);
  if (text) return text;
  throw missing(name);
}

function requiredInteger(object: JsonObject, name: string): number {
  const integer = integerMember(object, name);
  if (integer !== undefined) return integer;
  throw missing(name);
}

function requiredArguments(object: JsonObject): unknown[] {
  const values = arrayMember(object, "arguments");
  if (values !== undefined) return values;
  throw missing("arguments");
}

function missing(name: string): InvalidDataException {
  return new InvalidDataException(`Missing required property '${name}'.`);
}

/** Members stand in the order of the reference. */
function writeMessage(writer: JsonWriter, message: HubMessage): void {
  switch (message.type) {
    case 1:
    case 4:
      writeInvocation(writer, message);
      break;
    case 2:
      writeHead(writer, message);
      writer.text(',"item":');
      writer.value(message.item);
      break;
    case 3:
      writeCompletion(writer, message);
      break;
    case 5:
      writeHead(writer, message);
      break;
    case 6:
      writer.text('{"type":6');
      break;
    case 7:
      writeClose(writer, message);
      break;
    case 8:
    case 9:
      writer.text(`{"type":${message.type},"sequenceId":${message.sequenceId}`);
  }
  writer.text("}");
}

function writeInvocation(writer: JsonWriter, message: InvocationMessage | StreamInvocationMessage): void {
  writeHead(writer, message);
  writer.text(',"target":');
  writer.string(message.target);
  writer.text(',"arguments":[');
  for (let index = 0; index < message.arguments.length; index += 1) {
    if (index > 0) writer.text(",");
    writer.value(message.arguments[index]);
  }
  writer.text("]");
  if (message.streamIds === undefined) return;
  writer.text(',"streamIds":');
  writer.text(JSON.stringify(message.streamIds));
}

function writeCompletion(writer: JsonWriter, message: CompletionMessage): void {
  writeHead(writer, message);
  if (message.error !== undefined) {
    writer.text(',"error":');
    writer.string(message.error);
  } else if (message.hasResult) {
    // A void or null result is written out: only a stream that ended has none.
    writer.text(',"result":');
    writer.value(message.result);
  }
}

function writeClose(writer: JsonWriter, message: CloseMessage): void {
  writer.text('{"type":7');
  if (message.error) {
    writer.text(',"error":');
    writer.string(message.error);
  }
  if (message.allowReconnect) writer.text(',"allowReconnect":true');
}

function writeHead(writer: JsonWriter, message: Head): void {
  writer.text(HEADS[message.type] as string);
  if (message.headers !== undefined) writeHeaders(writer, message.headers);
  // An empty id means "none" to every reader, so it is not written.
  if (!message.invocationId) return;
  writer.text(',"invocationId":');
  writer.string(message.invocationId);
}

function writeHeaders(writer: JsonWriter, headers: HubMessageHeaders): void {
  const text = JSON.stringify(headers);
  if (text === "{}") return;
  writer.text(',"headers":');
  writer.text(text);
}
