import { SignalRError } from "../../base/errors.js";
import { lengthPrefixSize, putLengthPrefix } from "../frames.js";
import { MsgpackReader } from "../msgpack/reader.js";
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
const NO_HEADERS = Object.freeze({});

class MessagePackHubProtocol implements HubProtocol {
  readonly name = "messagepack";
  readonly version = 2;
  readonly transferFormat = "Binary";

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
    return new RecordReader(bytes.subarray(body + 1, end)).message();
  }

  write(message: HubMessage): Uint8Array {
    const encoded = encodeValue(envelope(message));
    const prefix = lengthPrefixSize(encoded.length);
    const record = Buffer.allocUnsafe(prefix + encoded.length);
    putLengthPrefix(record, 0, encoded.length);
    record.set(encoded, prefix);
    return record;
  }
}

function envelope(message: HubMessage): readonly unknown[] {
  switch (message.type) {
    case 1:
    case 4:
      return invocation(message);
    case 2:
      return [2, message.headers ?? NO_HEADERS, message.invocationId, message.item];
    case 3:
      return completion(message);
    case 5:
      return [5, message.headers ?? NO_HEADERS, message.invocationId];
    case 6:
      return [6];
    case 7:
      return [7, message.error || null, message.allowReconnect ?? false];
    case 8:
    case 9:
      return [message.type, message.sequenceId];
  }
}

function invocation(message: InvocationMessage | StreamInvocationMessage): readonly unknown[] {
  const { type, headers = NO_HEADERS, invocationId, target, streamIds = [] } = message;
  return [type, headers, invocationId || null, target, message.arguments, streamIds];
}

function completion(message: CompletionMessage): readonly unknown[] {
  const { headers = NO_HEADERS, invocationId, error } = message;
  if (error !== undefined) return [3, headers, invocationId, ERROR_RESULT, error];
  if (!message.hasResult) return [3, headers, invocationId, VOID_RESULT];
  return [3, headers, invocationId, NON_VOID_RESULT, message.result];
}

/** Reads the fields of one record in their order. */
class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #reader: MsgpackReader;
  /** What it means if the next read fails. Set before each read, so that no read needs a closure. */
  #failure = "";

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new MsgpackReader(bytes);
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
    const start = this.#reader.offset;
    this.#failure = "Reading array length for 'arguments' failed.";
    const count = this.#reader.arrayHeader();
    this.#failure = "Deserializing 'arguments' failed.";
    for (let index = 0; index < count; index += 1) this.#reader.skip();
    return decodeValue(this.#bytes.subarray(start, this.#reader.offset)) as unknown[];
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
    const start = this.#reader.offset;
    this.#reader.skip();
    return decodeValue(this.#bytes.subarray(start, this.#reader.offset));
  }

  /** Text, or null for nil. */
  #text(failure: string): string | null {
    this.#failure = failure;
    return this.#reader.strOrNil();
  }
}
