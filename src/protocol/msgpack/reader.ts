import { SignalRError } from "../../base/errors.js";

/** Bounds that hold before memory is taken for what a peer announces. */
export interface DecodeLimits {
  /** Bytes of the longest text. @default 16_777_216 */
  readonly maxStringBytes?: number;
  /** Items of all lists and entries of all maps of one message together. @default 1_048_576 */
  readonly maxItems?: number;
}

/** The {@link DecodeLimits} that hold unless told otherwise. */
export const DECODE_LIMITS: Readonly<Required<DecodeLimits>> = Object.freeze({
  maxStringBytes: 16 * 1024 * 1024,
  maxItems: 1024 * 1024,
});

const NIL = 0xc0;
const TIMESTAMP_TYPE = 0xff;
const LARGEST_DATE_MS = 8.64e15;

/**
 * Reads MessagePack values one behind the other from one buffer. Every read checks its bounds first and throws
 * SignalRError: `MESSAGE_MALFORMED` when the bytes are not what was asked for, `MESSAGE_TOO_LARGE` above a limit.
 */
export class MsgpackReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #maxStringBytes: number;
  #at = 0;
  #itemsLeft: number;

  constructor(bytes: Uint8Array, limits: DecodeLimits = DECODE_LIMITS) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
    this.#maxStringBytes = limits.maxStringBytes ?? DECODE_LIMITS.maxStringBytes;
    this.#itemsLeft = limits.maxItems ?? DECODE_LIMITS.maxItems;
  }

  /** How many bytes were read. */
  get offset(): number {
    return this.#at;
  }

  /** Whether the next value is nil; if so it is consumed. */
  takeNil(): boolean {
    if (this.#at < this.#end && this.#bytes[this.#at] === NIL) {
      this.#at += 1;
      return true;
    }
    return false;
  }

  bool(): boolean {
    const lead = this.#byte();
    if (lead === 0xc3) return true;
    if (lead === 0xc2) return false;
    throw this.#unexpected("a boolean", lead);
  }

  /** An integer of any form whose value fits 32 bits, signed. */
  int(): number {
    const lead = this.#byte();
    if (lead < 0x80) return lead;
    const value = lead >= 0xe0 ? lead - 0x100 : this.#wideInt(lead);
    if (value < -0x8000_0000 || value > 0x7fff_ffff) throw this.#malformed("an integer does not fit 32 bits");
    return Number(value);
  }

  intOrNil(): number | null {
    return this.takeNil() ? null : this.int();
  }

  /** An integer of any form whose value fits 64 bits, unsigned. */
  uint64(): bigint {
    const lead = this.#byte();
    if (lead < 0x80) return BigInt(lead);
    const value = BigInt(lead >= 0xe0 ? lead - 0x100 : this.#wideInt(lead));
    if (value < 0n) throw this.#malformed("an unsigned integer is negative");
    return value;
  }

  /** Text; bytes that are not UTF-8 become replacement characters. */
  str(): string {
    const length = this.#textLength(this.#byte());
    if (length > this.#maxStringBytes) {
      throw new SignalRError(
        "MESSAGE_TOO_LARGE",
        `A text of ${length} bytes is above the limit of ${this.#maxStringBytes}.`,
      );
    }
    const at = this.#advance(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  strOrNil(): string | null {
    return this.takeNil() ? null : this.str();
  }

  /** Bytes as a view into the buffer; nil is read as no bytes. */
  bin(): Buffer {
    const lead = this.#byte();
    if (lead === NIL) return this.#bytes.subarray(0, 0);
    const length = this.#binLength(lead);
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  binOrNil(): Buffer | null {
    return this.takeNil() ? null : this.bin();
  }

  /** The item count of a list, which is no more than the bytes that are left. */
  arrayHeader(): number {
    const lead = this.#byte();
    let items: number;
    if ((lead & 0xf0) === 0x90) items = lead & 0x0f;
    else if (lead === 0xdc) items = this.#uint16();
    else if (lead === 0xdd) items = this.#uint32();
    else throw this.#unexpected("a list", lead);
    if (items > this.#end - this.#at)
      throw this.#malformed(`a list promises ${items} items, more than there are bytes`);
    return this.#claim(items);
  }

  /** The entry count of a map, which fits the bytes that are left. */
  mapHeader(): number {
    const lead = this.#byte();
    let entries: number;
    if ((lead & 0xf0) === 0x80) entries = lead & 0x0f;
    else if (lead === 0xde) entries = this.#uint16();
    else if (lead === 0xdf) entries = this.#uint32();
    else throw this.#unexpected("a map", lead);
    if (entries * 2 > this.#end - this.#at) {
      throw this.#malformed(`a map promises ${entries} entries, more than there are bytes`);
    }
    return this.#claim(entries);
  }

  /** A moment, from any form of the timestamp extension; fractions of a millisecond are cut off. */
  timestamp(): Date {
    const lead = this.#byte();
    const size = lead === 0xd6 ? 4 : lead === 0xd7 ? 8 : lead === 0xc7 ? this.#byte() : 0;
    if (size === 0 || this.#byte() !== TIMESTAMP_TYPE) throw this.#malformed("a timestamp was expected");
    const at = this.#advance(size);
    let seconds: number;
    let nanoseconds = 0;
    if (size === 4) {
      seconds = this.#bytes.readUInt32BE(at);
    } else if (size === 8) {
      const high = this.#bytes.readUInt32BE(at);
      nanoseconds = high >>> 2;
      seconds = (high & 3) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
    } else if (size === 12) {
      nanoseconds = this.#bytes.readUInt32BE(at);
      seconds = Number(this.#bytes.readBigInt64BE(at + 4));
    } else {
      throw this.#malformed(`a timestamp has ${size} bytes`);
    }
    const unixMs = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
    if (nanoseconds > 999_999_999 || Math.abs(unixMs) > LARGEST_DATE_MS)
      throw this.#malformed("a timestamp is out of range");
    return new Date(unixMs);
  }

  /** Passes over one value of any kind. Works without recursion, so nesting costs nothing. */
  skip(): void {
    let pending = 1;
    while (pending > 0) {
      pending += this.#skipHead() - 1;
      if (pending > this.#end - this.#at) throw this.#malformed("a nested value is cut off");
    }
  }

  /** Passes over one value of any kind whose lists and maps are nested in no more than so many levels. */
  skipNested(levels: number): void {
    const children = this.#skipHead();
    if (children === 0) return;
    if (levels === 0) throw this.#malformed("a value is nested too deeply");
    if (children > this.#end - this.#at) throw this.#malformed("a nested value is cut off");
    for (let index = 0; index < children; index += 1) this.skipNested(levels - 1);
  }

  /** Counts what the caller is about to keep; returns the count. */
  #claim(count: number): number {
    this.#itemsLeft -= count;
    if (this.#itemsLeft < 0) {
      throw new SignalRError(
        "MESSAGE_TOO_LARGE",
        "A message has more list items and map entries than the limit allows.",
      );
    }
    return count;
  }

  /** Passes over a scalar, or the head of a list or map; returns how many values follow it. */
  #skipHead(): number {
    const lead = this.#byte();
    if (lead < 0x80 || lead >= 0xe0) return 0;
    if (lead < 0x90) return (lead & 0x0f) * 2;
    if (lead < 0xa0) return lead & 0x0f;
    if (lead < 0xc0) {
      this.#advance(lead & 0x1f);
      return 0;
    }
    switch (lead) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return 0;
      case 0xc4:
      case 0xd9:
        this.#advance(this.#byte());
        return 0;
      case 0xc5:
      case 0xda:
        this.#advance(this.#uint16());
        return 0;
      case 0xc6:
      case 0xdb:
        this.#advance(this.#uint32());
        return 0;
      case 0xc7:
        this.#advance(this.#byte() + 1);
        return 0;
      case 0xc8:
        this.#advance(this.#uint16() + 1);
        return 0;
      case 0xc9:
        this.#advance(this.#uint32() + 1);
        return 0;
      case 0xcc:
      case 0xd0:
        this.#advance(1);
        return 0;
      case 0xcd:
      case 0xd1:
      case 0xd4:
        this.#advance(2);
        return 0;
      case 0xd5:
        this.#advance(3);
        return 0;
      case 0xca:
      case 0xce:
      case 0xd2:
        this.#advance(4);
        return 0;
      case 0xd6:
        this.#advance(5);
        return 0;
      case 0xcb:
      case 0xcf:
      case 0xd3:
        this.#advance(8);
        return 0;
      case 0xd7:
        this.#advance(9);
        return 0;
      case 0xd8:
        this.#advance(17);
        return 0;
      case 0xdc:
        return this.#uint16();
      case 0xdd:
        return this.#uint32();
      case 0xde:
        return this.#uint16() * 2;
      case 0xdf:
        return this.#uint32() * 2;
      default:
        throw this.#unexpected("a value", lead);
    }
  }

  #textLength(lead: number): number {
    if ((lead & 0xe0) === 0xa0) return lead & 0x1f;
    if (lead === 0xd9) return this.#byte();
    if (lead === 0xda) return this.#uint16();
    if (lead === 0xdb) return this.#uint32();
    throw this.#unexpected("a text", lead);
  }

  #binLength(lead: number): number {
    if (lead === 0xc4) return this.#byte();
    if (lead === 0xc5) return this.#uint16();
    if (lead === 0xc6) return this.#uint32();
    throw this.#unexpected("bytes", lead);
  }

  #wideInt(lead: number): number | bigint {
    switch (lead) {
      case 0xcc:
        return this.#byte();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return this.#bytes.readBigUInt64BE(this.#advance(8));
      case 0xd0:
        return this.#bytes.readInt8(this.#advance(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#advance(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#advance(4));
      case 0xd3:
        return this.#bytes.readBigInt64BE(this.#advance(8));
      default:
        throw this.#unexpected("an integer", lead);
    }
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  #uint16(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  #uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** Consumes bytes that must be there; returns where they begin. */
  #advance(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) {
      throw this.#malformed(`${count} bytes more were expected, ${this.#end - at} are there`);
    }
    this.#at = at + count;
    return at;
  }

  #unexpected(wanted: string, lead: number): SignalRError {
    return this.#malformed(`${wanted} was expected, found the lead byte 0x${lead.toString(16).padStart(2, "0")}`);
  }

  #malformed(what: string): SignalRError {
    return new SignalRError("MESSAGE_MALFORMED", `At byte ${this.#at}: ${what}.`);
  }
}
