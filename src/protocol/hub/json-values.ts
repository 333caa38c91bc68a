import { parse } from "lossless-json";
import { InvalidDataException } from "./protocol.js";
import { isPlain, toPlain, type ValueForms } from "./values.js";

/** Values nested deeper than this are refused on reading; System.Text.Json has the same limit. */
export const MAX_JSON_DEPTH = 64;

/** Only a text with so many digits in a row can hold an integer beyond 2^53-1. */
const LONG_INTEGER = /\d{16}/;
const INTEGER = /^-?\d+$/;

const keepsNothing = (): boolean => false;

/**
 * The JSON text of a value. Bytes are base64, dates ISO 8601, bigints plain digits, a `Map` an object; undefined,
 * NaN and the infinities are null.
 * @throws TypeError when the value contains itself
 */
export function stringifyJson(value: unknown): string {
  if (value instanceof Uint8Array) return `"${toBase64(value)}"`;
  // JSON.stringify has no text for undefined.
  if (isPlain(value, keepsNothing)) return JSON.stringify(value) ?? "null";
  let hasBigInt = false;
  const plain = toPlain(value, {
    ...JSON_FORMS,
    bigint(integer) {
      hasBigInt = true;
      return integer;
    },
  });
  return (hasBigInt ? stringifyExact(plain) : JSON.stringify(plain)) ?? "null";
}

const JSON_FORMS: ValueForms = {
  date: (value) => value.toISOString(),
  bytes: toBase64,
  bigint: (value) => value,
  number: (value) => value,
  keeps: keepsNothing,
};

function toBase64(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

/** Plain data with bigints in it; JSON.stringify refuses them, or calls a toJSON that somebody gave to their prototype. */
function stringifyExact(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => stringifyExact(item) ?? "null").join()}]`;
  const members: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    const text = stringifyExact(item);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join()}}`;
}

/** Like JSON.parse, but integers beyond 2^53-1 come as bigint with all their digits. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LONG_INTEGER.test(text)) return value;
  // The exact parser is recursive: it only gets what is known to be JSON and known to be flat enough.
  checkDepth(value, MAX_JSON_DEPTH + 2);
  return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
}

function parseNumber(text: string): unknown {
  const number = Number(text);
  return Number.isSafeInteger(number) || !INTEGER.test(text) ? number : BigInt(text);
}

/**
 * Refuses a value that is nested deeper than `levels`, so that whoever handles it may use recursion.
 * @throws InvalidDataException
 */
export function checkDepth(value: unknown, levels: number): void {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw new InvalidDataException("Error reading JSON.");
  if (Array.isArray(value)) {
    for (const item of value) checkDepth(item, levels - 1);
  } else {
    for (const key in value) checkDepth((value as Record<string, unknown>)[key], levels - 1);
  }
}
