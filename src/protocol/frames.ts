import { SignalRError } from "../base/errors.js";

/** The largest length that a prefix can say: 2 GiB less one byte. */
export const LARGEST_FRAME_BYTES = 0x7fffffff;

/** Bytes that a {@link FrameReader} accepts as one frame unless told otherwise: 128 MiB. */
export const DEFAULT_MAX_FRAME_BYTES = 128 * 1024 * 1024;

const FIRST_ASSEMBLY_BYTES = 4096;
const EMPTY = Buffer.alloc(0);
const PREFIX_PENDING = -1;

/** How many bytes the prefix of a frame of this length takes, 1 to 5. */
export function lengthPrefixSize(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  if (length < 0x20_0000) return 3;
  if (length < 0x1000_0000) return 4;
  return 5;
}

/**
 * Writes the length of a frame as a varint, seven bits a byte, lowest first, and returns the offset behind it. The
 * caller made sure of the room.
 */
export function putLengthPrefix(target: Uint8Array, offset: number, length: number): number {
  let at = offset;
  let rest = length;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** Choices of a {@link FrameReader}. */
export interface FrameReaderOptions {
  /** Bytes of the longest frame accepted, its prefix not counted. @default 134_217_728 */
  readonly maxFrameBytes?: number;
}

/**
 * Cuts a byte stream into the frames in it. The chunks may be cut anywhere, also inside a prefix, and may hold any
 * number of frames: borders of websocket messages mean nothing here.
 */
export class FrameReader {
  readonly #maxFrameBytes: number;
  #failure: unknown;
  /** Body length of the frame that is arriving, or PREFIX_PENDING while its prefix is. */
  #expected = PREFIX_PENDING;
  #prefixValue = 0;
  #prefixBytes = 0;
  /** The begun body of a frame that did not fit in one chunk. */
  #body = EMPTY;
  #filled = 0;

  constructor(options: FrameReaderOptions = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /**
   * Takes the next bytes of the stream and hands over each frame that is complete with them, without its prefix. A
   * frame is a view that is valid during the call only: copy what must live longer.
   *
   * After any throw, also one of `onFrame`, the place in the stream is lost: later calls throw the same error.
   * @throws SignalRError `MESSAGE_MALFORMED` for a prefix that is no length, `MESSAGE_TOO_LARGE` for a frame above the limit
   */
  push(chunk: Uint8Array, onFrame: (frame: Buffer) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    try {
      this.#cut(bytes, onFrame);
    } catch (error) {
      this.#failure = error;
      this.#body = EMPTY;
      throw error;
    }
  }

  #cut(bytes: Buffer, onFrame: (frame: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length || this.#expected === 0) {
      if (this.#expected === PREFIX_PENDING) {
        this.#takePrefixByte(bytes[at++] as number);
        continue;
      }
      const missing = this.#expected - this.#filled;
      if (missing > bytes.length - at) {
        this.#append(bytes, at, bytes.length);
        return;
      }
      const end = at + missing;
      let frame: Buffer;
      if (this.#filled === 0) {
        frame = bytes.subarray(at, end);
      } else {
        this.#append(bytes, at, end);
        frame = this.#body.subarray(0, this.#filled);
        this.#body = EMPTY;
        this.#filled = 0;
      }
      at = end;
      this.#expected = PREFIX_PENDING;
      onFrame(frame);
    }
  }

  #takePrefixByte(byte: number): void {
    // The fifth byte has room for three bits of a 31 bit length, and none for a promise of more bytes.
    if (this.#prefixBytes === 4 && byte > 7) {
      throw new SignalRError(
        "MESSAGE_MALFORMED",
        "A frame's length prefix says more than 2 GiB; the stream cannot be read on.",
      );
    }
    this.#prefixValue |= (byte & 0x7f) << (7 * this.#prefixBytes);
    this.#prefixBytes += 1;
    if (byte >= 0x80) return;
    const length = this.#prefixValue;
    this.#prefixValue = 0;
    this.#prefixBytes = 0;
    if (length > this.#maxFrameBytes) {
      throw new SignalRError(
        "MESSAGE_TOO_LARGE",
        `A frame of ${length} bytes was announced, allowed are ${this.#maxFrameBytes}; the stream cannot be read on.`,
      );
    }
    this.#expected = length;
  }

  /** The body grows with what has really arrived, so that a mere promise of many bytes takes no memory. */
  #append(bytes: Buffer, from: number, to: number): void {
    const filled = this.#filled + (to - from);
    if (filled > this.#body.length) {
      const wanted = Math.max(filled, this.#body.length * 2, FIRST_ASSEMBLY_BYTES);
      const grown = Buffer.allocUnsafeSlow(Math.min(wanted, this.#expected));
      this.#body.copy(grown, 0, 0, this.#filled);
      this.#body = grown;
    }
    bytes.copy(this.#body, this.#filled, from, to);
    this.#filled = filled;
  }
}
