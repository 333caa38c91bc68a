/** The byte that ends a JSON record: the handshake, and every message of the JSON encoding. */
export const RECORD_SEPARATOR = 0x1e;

const SEPARATOR_TEXT = "\u001e";

/** Where the record that begins at `start` ends, its separator included, or -1 while the separator is missing. */
export function textRecordEnd(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(RECORD_SEPARATOR, start) + 1 || -1;
}

/** The text of the record between `start` and `end`, without its separator. What is not UTF-8 becomes U+FFFD. */
export function readTextRecord(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("utf8", start, end - 1);
}

/** The text as a record of its own buffer. */
export function writeTextRecord(text: string): Uint8Array {
  return Buffer.from(text + SEPARATOR_TEXT, "utf8");
}
