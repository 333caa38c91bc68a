import { SignalRError } from "../../base/errors.js";
import { type DecodeLimits, MsgpackReader } from "../msgpack/reader.js";
import { MsgpackWriter } from "../msgpack/writer.js";
import { decodeValue, encodeValue } from "./messagepack-values.js";
import type {
  CompletionMessage,
  HubMessage,
  HubMessageHeaders,
  InvocationMessage,
  StreamInvocationMessage,
} from "./messages.js";
import { type HubProtocol, type HubProtocolOptions, InvalidDataException } from "./protocol.js";

/** The MessagePack encoding of hub messages: a length prefix and an array a message. It has no options yet. */
export function createMessagePackHubProtocol(_options: HubProtocolOptions = {}): HubProtocol {
  return new MessagePackHubProtocol();
}

const ERROR_RESULT = 1;
const VOID_RESULT = 2;
const NON_VOID_RESULT = 3;
const NONE: readonly string[] = Object.freeze([]);
/** What a record may hold is bounded by its length, which the caller has limited. */
const UNLIMITED: DecodeLimits = Object.freeze({ maxStringBytes: Infinity, maxItems: Infinity });

interface Head {
  readonly type: number;
  readonly headers?: HubMessageHeaders | undefined;
}

class MessagePackHubProtocol implements HubProtocol {
  readonly name = "messagepack";
  readonly version = 2;
  readonly transferFormat = "Binary";
  #idleWriter: MsgpackWriter | undefined;

  recordEnd(bytes: Uint8Array, start: number): number {
    let length = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = bytes[start + index];
      if (byte === undefined) return -1;
      // The fifth byte has room for the last three bits of a 31 bit length.
      if (index === 4 && byte > 7) throw new InvalidDataException("Messages over 2GB in size are not supported.");
      length |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return start + index + 1 + length;
    }
    return -1;
  }

  read(bytes: Uint8Array, start: number, end: number): HubMessage | undefined {
    let body = start;
    while ((bytes[body] ?? 0) >= 0x80) body += 1;
    return new RecordReader(asBuffer(bytes).subarray(body + 1, end)).message();
  }

  write(message: HubMessage): Uint8Array {
    // A value may run code while it is encoded (a getter, toJSON) and that code may write a message of its own.
    const writer = this.#idleWriter ?? new MsgpackWriter();
    this.#idleWriter = undefined;
    try {
      writer.beginFrame();
      writeMessage(writer, message);
      writer.endFrame();
      return writer.take();
    } finally {
      writer.cancelFrame();
      this.#idleWriter = writer;
    }
  }
}

function writeMessage(writer: MsgpackWriter, message: HubMessage): void {
  switch (message.type) {
    case 1:
    case 4:
      writeInvocation(writer, message);
      return;
    case 2:
      writeHead(writer, 4, message);
      writer.str(message.invocationId);
      writeValue(writer, message.item);
      return;
    case 3:
      writeCompletion(writer, message);
      return;
    case 5:
      writeHead(writer, 3, message);
      writer.str(message.invocationId);
      return;
    case 6:
      writer.arrayHeader(1);
      writer.int(6);
      return;
    case 7:
      writer.arrayHeader(3);
      writer.int(7);
      writer.strOrNil(message.error || null);
      writer.bool(message.allowReconnect ?? false);
      return;
    case 8:
    case 9:
      writer.arrayHeader(2);
      writer.int(message.type);
      writer.int(message.sequenceId);
  }
}

function writeInvocation(writer: MsgpackWriter, message: InvocationMessage | StreamInvocationMessage): void {
  writeHead(writer, 6, message);
  writer.strOrNil(message.invocationId || null);
  writer.str(message.target);
  writer.arrayHeader(message.arguments.length);
  for (let index = 0; index < message.arguments.length; index += 1) writeValue(writer, message.arguments[index]);
  const streamIds = message.streamIds ?? NONE;
  writer.arrayHeader(streamIds.length);
  for (const streamId of streamIds) writer.str(streamId);
}

function writeCompletion(writer: MsgpackWriter, message: CompletionMessage): void {
  const isVoid = message.error === undefined && !message.hasResult;
  writeHead(writer, isVoid ? 4 : 5, message);
  writer.str(message.invocationId);
  if (message.error !== undefined) {
    writer.int(ERROR_RESULT);
    writer.str(message.error);
  } else if (message.hasResult) {
    writer.int(NON_VOID_RESULT);
    writeValue(writer, message.result);
  } else {
    writer.int(VOID_RESULT);
  }
}

function writeHead(writer: MsgpackWriter, items: number, message: Head): void {
  writer.arrayHeader(items);
  writer.int(message.type);
  const { headers } = message;
  if (headers === undefined) {
    writer.mapHeader(0);
    return;
  }
  const names = Object.keys(headers);
  writer.mapHeader(names.length);
  for (const name of names) {
    writer.str(name);
    writer.str(headers[name] ?? "");
  }
}

/** The scalars that most messages carry are written here; the library is asked for all others. */
function writeValue(writer: MsgpackWriter, value: unknown): void {
  if (typeof value === "string") writer.str(value);
  else if (Number.isSafeInteger(value)) writer.int(value as number);
  else if (typeof value === "boolean") writer.bool(value);
  else if (value === null || value === undefined) writer.nil();
  else writer.raw(encodeValue(value));
}

/** Reads the fields of one record in their order. */
class RecordReader {
  readonly #bytes: Buffer;
  readonly #reader: MsgpackReader;
  /** What it means if the next read fails. Set before each read, so that no read needs a closure. */
  #failure = "";

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#reader = new MsgpackReader(bytes, UNLIMITED);
  }

  message(): HubMessage | undefined {
    try {
      return this.#message();
    } catch (cause) {
      if (cause instanceof SignalRError) throw new InvalidDataException(this.#failure, { cause });
      throw cause;
    }
  }

  #message(): HubMessage | undefined {
    this.#failure = "Reading array length for 'message' failed.";
    const items = this.#reader.arrayHeader();
    this.#failure = "Reading 'messageType' as Int32 failed.";
    const type = this.#reader.int();
    switch (type) {
      case 1:
        return this.#invocation(items);
      case 2:
        return this.#streamItem();
      case 3:
        return this.#completion();
      case 4:
        return this.#streamInvocation(items);
      case 5:
        return { type, headers: this.#headers(), invocationId: this.#requiredId("CancelInvocation") };
      case 6:
        return { type };
      case 7:
        return this.#close(items);
      case 8:
      case 9:
        return { type, sequenceId: this.#sequenceId() };
      default:
        return undefined;
    }
  }

  #invocation(items: number): HubMessage {
    return {
      type: 1,
      headers: this.#headers(),
      invocationId: this.#text("Reading 'invocationId' as String failed.") || undefined,
      target: this.#target("Invocation"),
      arguments: this.#arguments(),
      streamIds: this.#streamIds(items),
    };
  }

  #streamInvocation(items: number): HubMessage {
    return {
      type: 4,
      headers: this.#headers(),
      invocationId: this.#requiredId("StreamInvocation"),
      target: this.#target("StreamInvocation"),
      arguments: this.#arguments(),
      streamIds: this.#streamIds(items),
    };
  }

  #streamItem(): HubMessage {
    return {
      type: 2,
      headers: this.#headers(),
      invocationId: this.#requiredId("StreamItem"),
      item: this.#value("Deserializing 'item' failed."),
    };
  }

  #completion(): HubMessage {
    const headers = this.#headers();
    const invocationId = this.#requiredId("Completion");
    this.#failure = "Reading 'resultKind' as Int32 failed.";
    const kind = this.#reader.int();
    let error: string | undefined;
    let result: unknown;
    if (kind === ERROR_RESULT) error = this.#text("Reading 'error' as String failed.") ?? "";
    else if (kind === NON_VOID_RESULT) result = this.#value("Deserializing 'result' failed.");
    else if (kind !== VOID_RESULT) throw new InvalidDataException("Invalid invocation result kind.");
    return { type: 3, headers, invocationId, error, hasResult: kind === NON_VOID_RESULT, result };
  }

  #close(items: number): HubMessage {
    const error = this.#text("Reading 'error' as String failed.") || undefined;
    this.#failure = "Reading 'allowReconnect' as Boolean failed.";
    return { type: 7, error, allowReconnect: items > 2 ? this.#reader.bool() : undefined };
  }

  #sequenceId(): number {
    this.#failure = "Reading 'sequenceId' as Int64 failed.";
    const sequenceId = Number(this.#reader.uint64());
    if (!Number.isSafeInteger(sequenceId)) throw new InvalidDataException(this.#failure);
    return sequenceId;
  }

  #headers(): HubMessageHeaders | undefined {
    this.#failure = "Reading map length for 'headers' failed.";
    const count = this.#reader.mapHeader();
    if (count === 0) return undefined;
    // Without a prototype a header named __proto__ is a header like any other.
    const headers: Record<string, string> = Object.create(null);
    for (let index = 0; index < count; index += 1) {
      const name = this.#text(`Reading 'headers[${index}].Key' as String failed.`);
      if (!name) throw new InvalidDataException("Null or empty key in header.");
      const value = this.#text(`Reading 'headers[${index}].Value' as String failed.`);
      if (!value) throw new InvalidDataException("Null or empty value in header.");
      headers[name] = value;
    }
    return headers;
  }

  #target(message: string): string {
    const target = this.#text("Reading 'target' as String failed.");
    if (target) return target;
    throw new InvalidDataException(`Null or empty target for ${message} message.`);
  }

  #requiredId(message: string): string {
    const invocationId = this.#text("Reading 'invocationId' as String failed.");
    if (invocationId) return invocationId;
    throw new InvalidDataException(`Null or empty invocation ID for ${message} message.`);
  }

  #arguments(): unknown[] {
    this.#failure = "Reading array length for 'arguments' failed.";
    const count = this.#reader.arrayHeader();
    const values: unknown[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.#value("Deserializing 'arguments' failed."));
    return values;
  }

  /** Clients from before upload streams send five items. */
  #streamIds(items: number): string[] | undefined {
    if (items <= 5) return undefined;
    this.#failure = "Reading array length for 'streamIds' failed.";
    const count = this.#reader.arrayHeader();
    if (count === 0) return undefined;
    const streamIds: string[] = [];
    this.#failure = "Reading 'streamIds' as String failed.";
    for (let index = 0; index < count; index += 1) streamIds.push(this.#reader.str());
    return streamIds;
  }

  #value(failure: string): unknown {
    this.#failure = failure;
    const reader = this.#reader;
    const start = reader.offset;
    const lead = this.#bytes[start] ?? 0;
    if (lead < 0x80 || lead >= 0xe0) return reader.int();
    if ((lead & 0xe0) === 0xa0) return reader.str();
    if (lead === 0xc0) return reader.strOrNil();
    if (lead === 0xc2 || lead === 0xc3) return reader.bool();
    reader.skip();
    return decodeValue(this.#bytes.subarray(start, reader.offset));
  }

  /** Text, or null for nil. */
  #text(failure: string): string | null {
    this.#failure = failure;
    return this.#reader.strOrNil();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
