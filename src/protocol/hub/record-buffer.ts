import { type HubProtocol, InvalidDataException } from "./protocol.js";

const SMALLEST_BUFFER = 256;

/** One record inside a chunk of bytes. */
export interface RecordRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Puts a client's records together again, however the transport cut or joined them. Whole records inside one chunk are
 * not copied; only an incomplete rest is kept.
 */
export class RecordBuffer {
  #kept: Buffer | undefined;
  #keptLength = 0;
  #chunk: Uint8Array | undefined;
  #start = 0;
  /** Up to where the incomplete record was searched for its end, in vain. */
  #searchedTo = 0;

  /** Bytes that wait for the rest of their record. */
  get size(): number {
    return (this.#chunk?.length ?? this.#keptLength) - this.#start;
  }

  /** More bytes have come; read them with {@link next} until it gives nothing. */
  push(chunk: Uint8Array): void {
    if (this.#keptLength === 0 && this.#chunk === undefined) {
      this.#chunk = chunk;
      this.#start = 0;
      return;
    }
    this.#keep();
    this.#append(chunk);
  }

  /**
   * The next whole record, or undefined.
   * @throws InvalidDataException when more than `maxBytes` are one record, or nothing can be a record
   */
  next(protocol: Pick<HubProtocol, "recordEnd">, maxBytes: number | null): RecordRange | undefined {
    const bytes = this.#chunk ?? this.#kept?.subarray(0, this.#keptLength);
    if (bytes === undefined || this.#start >= bytes.length) {
      this.#release();
      return undefined;
    }
    const start = this.#start;
    const end = protocol.recordEnd(bytes, start, Math.max(start, this.#searchedTo));
    const size = (end === -1 ? bytes.length : end) - start;
    if (maxBytes !== null && size > maxBytes) {
      throw new InvalidDataException(
        `The maximum message size of ${maxBytes}B was exceeded. The message size can be configured in AddHubOptions.`,
      );
    }
    if (end === -1 || end > bytes.length) {
      this.#keep();
      this.#searchedTo = this.#keptLength;
      return undefined;
    }
    this.#start = end;
    this.#searchedTo = end;
    return { bytes, start, end };
  }

  /** Takes `count` bytes off the front, for what is no record of a hub protocol: the handshake. */
  skip(count: number): void {
    this.#start += count;
  }

  /** All bytes that were not read yet. */
  peek(): Uint8Array {
    const bytes = this.#chunk ?? this.#kept?.subarray(0, this.#keptLength) ?? new Uint8Array(0);
    return bytes.subarray(this.#start);
  }

  /** Keeps what has come, for later: the chunk itself need not stay as it is. */
  hold(): void {
    if (this.size === 0) this.#release();
    else this.#keep();
  }

  /** Forgets an incomplete record. */
  clear(): void {
    this.#release();
  }

  /** Copies what is left, so that the chunk (often a view into a large websocket message) can go. */
  #keep(): void {
    const chunk = this.#chunk;
    if (chunk !== undefined) {
      const rest = chunk.subarray(this.#start);
      this.#release();
      this.#append(rest);
    } else if (this.#start > 0 && this.#kept !== undefined) {
      this.#kept.copyWithin(0, this.#start, this.#keptLength);
      this.#keptLength -= this.#start;
      this.#start = 0;
      this.#searchedTo = 0;
    }
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#keptLength + chunk.length;
    if (this.#kept === undefined || this.#kept.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(needed * 2, SMALLEST_BUFFER));
      this.#kept?.copy(larger, 0, 0, this.#keptLength);
      this.#kept = larger;
    }
    this.#kept.set(chunk, this.#keptLength);
    this.#keptLength = needed;
  }

  #release(): void {
    this.#chunk = undefined;
    this.#kept = undefined;
    this.#keptLength = 0;
    this.#start = 0;
    this.#searchedTo = 0;
  }
}
