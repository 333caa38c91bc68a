import { SignalRError } from "../../base/errors.js";
import { type DecodeLimits, MsgpackReader } from "../msgpack/reader.js";
import { decodeValue, MAX_MESSAGEPACK_DEPTH } from "./messagepack-values.js";
import type { HubMessage, HubMessageHeaders } from "./messages.js";
import { InvalidDataException } from "./protocol.js";

/** The fourth item of a Completion: what its fifth one is, if there is one. */
export const ResultKind = Object.freeze({ Error: 1, Void: 2, NonVoid: 3 });

/** What a record may hold is bounded by its length, which the caller has limited. */
const UNLIMITED: DecodeLimits = Object.freeze({ maxStringBytes: Infinity, maxItems: Infinity });

/** One record without its length prefix, read field by field in their order. */
export class MessagePackRecord {
  readonly #bytes: Buffer;
  readonly #reader: MsgpackReader;
  /** What it means if the next read fails. Set before each read, so that no read needs a closure. */
  #failure = "";

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#reader = new MsgpackReader(bytes, UNLIMITED);
  }

  /**
   * The message in the record; undefined for a type that is not known.
   * @throws InvalidDataException
   */
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
    if (kind === ResultKind.Error) error = this.#text("Reading 'error' as String failed.") ?? "";
    else if (kind === ResultKind.NonVoid) result = this.#value("Deserializing 'result' failed.");
    else if (kind !== ResultKind.Void) throw new InvalidDataException("Invalid invocation result kind.");
    return { type: 3, headers, invocationId, error, hasResult: kind === ResultKind.NonVoid, result };
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
    if (lead >= 0xc4 && lead <= 0xc6) return new Uint8Array(reader.bin());
    reader.skipNested(MAX_MESSAGEPACK_DEPTH);
    return decodeValue(this.#bytes.subarray(start, reader.offset));
  }

  /** Text, or null for nil. */
  #text(failure: string): string | null {
    this.#failure = failure;
    return this.#reader.strOrNil();
  }
}
