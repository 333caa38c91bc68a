import { type JsonReplacer, type JsonReviver, reviveValues } from "./json-hooks.js";
import { parseJsonObject } from "./json-object.js";
import { readMessage } from "./json-record.js";
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
import type { HubProtocol, HubProtocolOptions } from "./protocol.js";
import { readTextRecord, textRecordEnd } from "./text-records.js";

/** The JSON encoding of hub messages: one object a message, ended by 0x1E. */
export function createJsonHubProtocol(options: HubProtocolOptions = {}): HubProtocol {
  return new JsonHubProtocol(options);
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
  readonly #replacer: JsonReplacer | undefined;
  readonly #reviver: JsonReviver | undefined;
  #idleWriter: JsonWriter | undefined;

  constructor(options: HubProtocolOptions) {
    this.#parse = options.jsonBigIntegers ? parseExactJson : JSON.parse;
    this.#replacer = options.jsonReplacer;
    this.#reviver = options.jsonReviver;
  }

  recordEnd(bytes: Uint8Array, start: number, searchedTo = start): number {
    return textRecordEnd(bytes, searchedTo);
  }

  read(bytes: Uint8Array, start: number, end: number): HubMessage | undefined {
    const object = parseJsonObject(readTextRecord(bytes, start, end), this.#parse);
    // The record itself and its list of arguments are two levels above the values.
    if (end - start > LEAST_DEEP_BYTES) checkDepth(object, MAX_JSON_DEPTH + 2);
    const message = readMessage(object);
    return message === undefined || this.#reviver === undefined ? message : reviveMessage(message, this.#reviver);
  }

  write(message: HubMessage): Uint8Array {
    // A value may run code while it is encoded (a getter, toJSON) and that code may write a message of its own.
    const writer = this.#idleWriter ?? new JsonWriter(this.#replacer);
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

/** The reviver sees the values of the application, not the members that make the message. */
function reviveMessage(message: HubMessage, reviver: JsonReviver): HubMessage {
  switch (message.type) {
    case 1:
    case 4:
      return { ...message, arguments: message.arguments.map((value) => reviveValues(value, reviver)) };
    case 2:
      return { ...message, item: reviveValues(message.item, reviver) };
    case 3:
      return message.hasResult ? { ...message, result: reviveValues(message.result, reviver) } : message;
    default:
      return message;
  }
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
