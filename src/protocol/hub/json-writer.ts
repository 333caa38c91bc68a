import { type JsonReplacer, replaceValues } from "./json-hooks.js";
import { stringifyJson } from "./json-values.js";
import { RECORD_SEPARATOR } from "./text-records.js";

const SLAB_BYTES = 64 * 1024;
/** A slab with less room than this is not worth keeping for the next record. */
const LEAST_ROOM = 4 * 1024;
/** Up to this many characters a loop here is quicker than the call into native code. */
const SHORT_TEXT = 48;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EMPTY = Buffer.alloc(0);

/**
 * Writes JSON records one behind the other into a growing buffer. Bytes are written as they come, since joining many
 * short texts and encoding the whole takes twice as long.
 */
export class JsonWriter {
  readonly #replacer: JsonReplacer | undefined;
  #buffer = EMPTY;
  /** Where the bytes begin that were not taken yet. What lies before belongs to others. */
  #start = 0;
  #at = 0;

  constructor(replacer?: JsonReplacer) {
    this.#replacer = replacer;
  }

  /** JSON text as it is: punctuation, names, digits, or what JSON.stringify gave. */
  text(text: string): void {
    const length = text.length;
    this.#reserve(length * 3);
    if (length > SHORT_TEXT) {
      this.#native(text);
      return;
    }
    const buffer = this.#buffer;
    let at = this.#at;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#native(text);
        return;
      }
      buffer[at++] = code;
    }
    this.#at = at;
  }

  /** A text as a JSON string. */
  string(text: string): void {
    const length = text.length;
    if (length > SHORT_TEXT) {
      this.text(JSON.stringify(text));
      return;
    }
    this.#reserve(length + 2);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code >= 0x80 || code === QUOTE || code === BACKSLASH) {
        this.text(JSON.stringify(text));
        return;
      }
      buffer[at++] = code;
    }
    buffer[at++] = QUOTE;
    this.#at = at;
  }

  /** Any value, as {@link stringifyJson} writes it, after the replacer if there is one. */
  value(given: unknown): void {
    const value = this.#replacer === undefined ? given : replaceValues(given, this.#replacer);
    if (typeof value === "string") this.string(value);
    else if (value === null || value === undefined) this.text("null");
    else if (Number.isSafeInteger(value)) this.text(`${value}`);
    else this.text(stringifyJson(value));
  }

  /** The record written since the last call, its separator added. The bytes are the caller's: nobody touches them again. */
  take(): Uint8Array {
    this.#reserve(1);
    this.#buffer[this.#at++] = RECORD_SEPARATOR;
    const record = this.#buffer.subarray(this.#start, this.#at);
    this.#start = this.#at;
    // A buffer that grew for one large record would otherwise be kept alive by the small ones after it.
    if (this.#buffer.length > SLAB_BYTES || this.#buffer.length - this.#at < LEAST_ROOM) {
      this.#buffer = EMPTY;
      this.#start = 0;
      this.#at = 0;
    }
    return record;
  }

  /** Takes back what was written since the last {@link take}. */
  cancel(): void {
    this.#at = this.#start;
  }

  #native(text: string): void {
    this.#at += this.#buffer.write(text, this.#at, "utf8");
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#buffer.length) this.#grow(count);
  }

  #grow(count: number): void {
    const pending = this.#at - this.#start;
    const grown = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, pending * 2, pending + count + 256));
    this.#buffer.copy(grown, 0, this.#start, this.#at);
    this.#buffer = grown;
    this.#start = 0;
    this.#at = pending;
  }
}
