import { SignalRError } from "../../base/errors.js";
import { LARGEST_FRAME_BYTES, lengthPrefixSize, putLengthPrefix } from "../frames.js";

const SLAB_BYTES = 64 * 1024;
/** A slab with less room than this is not worth keeping for the next batch. */
const LEAST_ROOM = 4 * 1024;
/** Up to this many characters or bytes a loop here is quicker than the call into native code. */
const SHORT_TEXT = 48;
const SHORT_BYTES = 24;
const NO_FRAME = -1;
const EMPTY = Buffer.alloc(0);

const LARGEST_UINT64 = 0xffff_ffff_ffff_ffffn;

function textHeaderSize(byteLength: number): number {
  if (byteLength < 0x20) return 1;
  if (byteLength < 0x100) return 2;
  return byteLength < 0x1_0000 ? 3 : 5;
}

/**
 * Writes MessagePack values, bare or as length-prefixed frames, one behind the other into a growing buffer. Each value
 * takes its shortest form. {@link take} hands over all that was written since the last time.
 */
export class MsgpackWriter {
  #buffer = EMPTY;
  /** Where the bytes begin that were not taken yet. What lies before belongs to others. */
  #start = 0;
  #at = 0;
  #frameAt = NO_FRAME;
  #frameBody = 0;

  /** Bytes written and not taken yet. */
  get length(): number {
    return this.#at - this.#start;
  }

  /**
   * The bytes written since the last call. They are the caller's: this writer never touches them again, and the caller
   * may change them in place.
   */
  take(): Buffer {
    if (this.#frameAt !== NO_FRAME) throw new Error("bug: take() inside a frame");
    const taken = this.#buffer.subarray(this.#start, this.#at);
    this.#start = this.#at;
    // A buffer that grew for one large batch would otherwise be kept alive by the small ones after it.
    if (this.#buffer.length > SLAB_BYTES || this.#buffer.length - this.#at < LEAST_ROOM) {
      this.#buffer = EMPTY;
      this.#start = 0;
      this.#at = 0;
    }
    return taken;
  }

  /**
   * Begins a length-prefixed frame; {@link endFrame} fills in the length. Frames do not nest.
   * @param expectedBytes about how long the frame will be; a wrong guess costs moving the frame once
   */
  beginFrame(expectedBytes = 0): void {
    if (this.#frameAt !== NO_FRAME) throw new Error("bug: beginFrame() inside a frame");
    this.#reserve(5);
    this.#frameAt = this.#at;
    this.#at += lengthPrefixSize(expectedBytes);
    this.#frameBody = this.#at;
  }

  /** Ends the frame that {@link beginFrame} began. */
  endFrame(): void {
    if (this.#frameAt === NO_FRAME) throw new Error("bug: endFrame() without a frame");
    const length = this.#at - this.#frameBody;
    const gap = this.#frameAt + lengthPrefixSize(length) - this.#frameBody;
    if (gap !== 0) {
      if (gap > 0) this.#reserve(gap);
      this.#buffer.copyWithin(this.#frameBody + gap, this.#frameBody, this.#at);
      this.#at += gap;
    }
    putLengthPrefix(this.#buffer, this.#frameAt, length);
    this.#frameAt = NO_FRAME;
  }

  /** Takes back all that was written since {@link beginFrame}. */
  cancelFrame(): void {
    if (this.#frameAt === NO_FRAME) return;
    this.#at = this.#frameAt;
    this.#frameAt = NO_FRAME;
  }

  nil(): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = 0xc0;
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value ? 0xc3 : 0xc2;
  }

  /**
   * A whole number between -2^53 and 2^53.
   * @throws SignalRError `ARGUMENT_INVALID` for any other number
   */
  int(value: number): void {
    this.#reserve(9);
    if (value >= 0 && value < 0x80 && Number.isInteger(value)) {
      this.#buffer[this.#at++] = value;
      return;
    }
    if (!Number.isSafeInteger(value)) {
      throw new SignalRError("ARGUMENT_INVALID", `A whole number is needed here, got ${value}.`);
    }
    if (value >= 0) this.#positive(value);
    else this.#negative(value);
  }

  intOrNil(value: number | null): void {
    if (value === null) this.nil();
    else this.int(value);
  }

  /** A 32 bit integer in its five byte form, for the few fields where the protocol wants it so. */
  int32(value: number): void {
    this.#reserve(5);
    this.#buffer[this.#at] = 0xd2;
    this.#buffer.writeInt32BE(value, this.#at + 1);
    this.#at += 5;
  }

  /**
   * An unsigned 64 bit integer.
   * @throws SignalRError `ARGUMENT_INVALID` when it is negative or takes more bits
   */
  uint64(value: bigint): void {
    if (value < 0n || value > LARGEST_UINT64) {
      throw new SignalRError("ARGUMENT_INVALID", `An unsigned 64 bit number is needed here, got ${value}.`);
    }
    this.#reserve(9);
    if (value <= 0xffff_ffffn) {
      this.#positive(Number(value));
      return;
    }
    this.#buffer[this.#at] = 0xcf;
    this.#buffer.writeBigUInt64BE(value, this.#at + 1);
    this.#at += 9;
  }

  /** Text as UTF-8. */
  str(text: string): void {
    const length = text.length;
    if (length > SHORT_TEXT) {
      this.#longText(text);
      return;
    }
    this.#reserve(length * 3 + 2);
    const buffer = this.#buffer;
    let at = this.#at;
    if (length < 0x20) {
      buffer[at++] = 0xa0 | length;
    } else {
      buffer[at++] = 0xd9;
      buffer[at++] = length;
    }
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#longText(text);
        return;
      }
      buffer[at++] = code;
    }
    this.#at = at;
  }

  strOrNil(text: string | null): void {
    if (text === null) this.nil();
    else this.str(text);
  }

  bin(bytes: Uint8Array): void {
    const length = bytes.length;
    this.#reserve(length + 5);
    const buffer = this.#buffer;
    let at = this.#at;
    if (length < 0x100) {
      buffer[at++] = 0xc4;
      buffer[at++] = length;
    } else if (length < 0x1_0000) {
      buffer[at++] = 0xc5;
      buffer[at++] = length >>> 8;
      buffer[at++] = length;
    } else {
      buffer[at++] = 0xc6;
      at = buffer.writeUInt32BE(length, at);
    }
    if (length <= SHORT_BYTES) {
      for (let index = 0; index < length; index += 1) buffer[at + index] = bytes[index] as number;
    } else {
      buffer.set(bytes, at);
    }
    this.#at = at + length;
  }

  /** Bytes that are MessagePack already, as they are. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#buffer.set(encoded, this.#at);
    this.#at += encoded.length;
  }

  binOrNil(bytes: Uint8Array | null): void {
    if (bytes === null) this.nil();
    else this.bin(bytes);
  }

  arrayHeader(items: number): void {
    this.#collection(items, 0x90, 0xdc);
  }

  mapHeader(entries: number): void {
    this.#collection(entries, 0x80, 0xde);
  }

  /** A moment as the timestamp extension, in the shortest of its three forms. */
  timestamp(moment: Date): void {
    const unixMs = moment.getTime();
    if (Number.isNaN(unixMs)) throw new SignalRError("ARGUMENT_INVALID", "A valid date is needed here.");
    const seconds = Math.floor(unixMs / 1000);
    const nanoseconds = (unixMs - seconds * 1000) * 1_000_000;
    this.#reserve(15);
    const buffer = this.#buffer;
    let at = this.#at;
    if (seconds >= 0 && seconds < 2 ** 32 && nanoseconds === 0) {
      buffer[at++] = 0xd6;
      buffer[at++] = 0xff;
      at = buffer.writeUInt32BE(seconds, at);
    } else if (seconds >= 0 && seconds < 2 ** 34) {
      buffer[at++] = 0xd7;
      buffer[at++] = 0xff;
      // 30 bits of nanoseconds, then 34 bits of seconds.
      at = buffer.writeUInt32BE(nanoseconds * 4 + Math.floor(seconds / 2 ** 32), at);
      at = buffer.writeUInt32BE(seconds % 2 ** 32, at);
    } else {
      buffer[at++] = 0xc7;
      buffer[at++] = 12;
      buffer[at++] = 0xff;
      at = buffer.writeUInt32BE(nanoseconds, at);
      at = buffer.writeBigInt64BE(BigInt(seconds), at);
    }
    this.#at = at;
  }

  #positive(value: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    if (value < 0x80) {
      buffer[at++] = value;
    } else if (value < 0x100) {
      buffer[at++] = 0xcc;
      buffer[at++] = value;
    } else if (value < 0x1_0000) {
      buffer[at++] = 0xcd;
      buffer[at++] = value >>> 8;
      buffer[at++] = value;
    } else if (value <= 0xffff_ffff) {
      buffer[at++] = 0xce;
      at = buffer.writeUInt32BE(value, at);
    } else {
      buffer[at++] = 0xcf;
      at = buffer.writeBigUInt64BE(BigInt(value), at);
    }
    this.#at = at;
  }

  #negative(value: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    if (value >= -0x20) {
      buffer[at++] = value & 0xff;
    } else if (value >= -0x80) {
      buffer[at++] = 0xd0;
      buffer[at++] = value & 0xff;
    } else if (value >= -0x8000) {
      buffer[at++] = 0xd1;
      at = buffer.writeInt16BE(value, at);
    } else if (value >= -0x8000_0000) {
      buffer[at++] = 0xd2;
      at = buffer.writeInt32BE(value, at);
    } else {
      buffer[at++] = 0xd3;
      at = buffer.writeBigInt64BE(BigInt(value), at);
    }
    this.#at = at;
  }

  #collection(size: number, fix: number, wide: number): void {
    this.#reserve(5);
    const buffer = this.#buffer;
    let at = this.#at;
    if (size < 0x10) {
      buffer[at++] = fix | size;
    } else if (size < 0x1_0000) {
      buffer[at++] = wide;
      buffer[at++] = size >>> 8;
      buffer[at++] = size;
    } else {
      buffer[at++] = wide + 1;
      at = buffer.writeUInt32BE(size, at);
    }
    this.#at = at;
  }

  /** The header's size depends on the byte length, known only after encoding: guess ASCII, correct when it was not. */
  #longText(text: string): void {
    this.#reserve(text.length * 3 + 5);
    const buffer = this.#buffer;
    const at = this.#at;
    const guessed = textHeaderSize(text.length);
    const byteLength = buffer.write(text, at + guessed, "utf8");
    const size = textHeaderSize(byteLength);
    if (size !== guessed) buffer.copyWithin(at + size, at + guessed, at + guessed + byteLength);
    if (size === 1) {
      buffer[at] = 0xa0 | byteLength;
    } else if (size === 2) {
      buffer[at] = 0xd9;
      buffer[at + 1] = byteLength;
    } else if (size === 3) {
      buffer[at] = 0xda;
      buffer.writeUInt16BE(byteLength, at + 1);
    } else {
      buffer[at] = 0xdb;
      buffer.writeUInt32BE(byteLength, at + 1);
    }
    this.#at = at + size + byteLength;
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#buffer.length) this.#grow(count);
  }

  #grow(count: number): void {
    const pending = this.#at - this.#start;
    if (pending + count > LARGEST_FRAME_BYTES) {
      throw new SignalRError(
        "MESSAGE_TOO_LARGE",
        `More than 2 GiB cannot be sent at once; ${pending} bytes were waiting.`,
      );
    }
    // The slack lets the few bytes behind a large payload follow it without another copy of all.
    const capacity = Math.max(SLAB_BYTES, pending * 2, pending + count + 256);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, this.#start, this.#at);
    if (this.#frameAt !== NO_FRAME) {
      this.#frameAt -= this.#start;
      this.#frameBody -= this.#start;
    }
    this.#buffer = grown;
    this.#start = 0;
    this.#at = pending;
  }
}
