import { Decoder, Encoder, ExtData } from "@msgpack/msgpack";
import { InvalidDataException } from "./protocol.js";
import { isPlain, toPlain, type ValueForms } from "./values.js";

/** Values nested deeper than this are refused; the official JavaScript client does not write deeper ones either. */
export const MAX_MESSAGEPACK_DEPTH = 100;

const LEAST_INT64 = -(2n ** 63n);
const GREATEST_UINT64 = 2n ** 64n - 1n;
/** An encoder that grew beyond this for one value is not kept. */
const LARGEST_KEPT_BYTES = 256 * 1024;

const keepsNative = (value: object): boolean => value instanceof Uint8Array || value instanceof ExtData;

const FORMS: ValueForms = {
  // The library knows dates of its own realm only.
  date: (value) => new Date(value.getTime()),
  bytes: (value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
  bigint(value) {
    if (value >= LEAST_INT64 && value <= GREATEST_UINT64) return narrow(value) === value ? value : Number(value);
    throw new RangeError("A bigint of more than 64 bits cannot be sent as MessagePack.");
  },
  // With bigints allowed, the library writes integers of more than 32 bits as float64 unless they are bigints too.
  number: (value) =>
    Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000) ? BigInt(value) : value,
  keeps: keepsNative,
};

let plainEncoder = new Encoder({ maxDepth: MAX_MESSAGEPACK_DEPTH });
let bigIntEncoder = new Encoder({ maxDepth: MAX_MESSAGEPACK_DEPTH, useBigInt64: true });
const decoder = new Decoder({ useBigInt64: true, mapKeyConverter });

/**
 * The MessagePack form of a value: bytes are bin, dates the timestamp extension, bigints and large integers int64 or
 * uint64, a `Map` a map, undefined nil. The bytes are valid until the next call.
 * @throws RangeError for a bigint of more than 64 bits
 * @throws TypeError when the value contains itself
 */
export function encodeValue(value: unknown): Uint8Array {
  let encoded: Uint8Array;
  if (isPlain(value, keepsNative)) {
    encoded = plainEncoder.encodeSharedRef(value);
    if (encoded.length > LARGEST_KEPT_BYTES) plainEncoder = new Encoder({ maxDepth: MAX_MESSAGEPACK_DEPTH });
  } else {
    encoded = bigIntEncoder.encodeSharedRef(toPlain(value, FORMS));
    if (encoded.length > LARGEST_KEPT_BYTES) {
      bigIntEncoder = new Encoder({ maxDepth: MAX_MESSAGEPACK_DEPTH, useBigInt64: true });
    }
  }
  return encoded;
}

/**
 * The value that the bytes hold. Their structure must have been checked: no header promises more than there is, and
 * nothing is nested deeper than {@link MAX_MESSAGEPACK_DEPTH}. Integers are numbers in the safe range and bigints
 * beyond; bytes are copied, so the value may outlive its source.
 * @throws InvalidDataException
 */
export function decodeValue(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch (cause) {
    throw new InvalidDataException("Reading a MessagePack value failed.", { cause });
  }
  return settle(value);
}

/** Narrows integers and copies bytes, in place: the containers are fresh and nobody else has them. */
function settle(value: unknown): unknown {
  if (typeof value === "bigint") return narrow(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      const settled = settle(item);
      if (settled !== item) value[index] = settled;
    }
    return value;
  }
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Date) return value;
  if (value instanceof ExtData) return new ExtData(value.type, new Uint8Array(value.data as Uint8Array));
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const settled = settle(members[key]);
    if (settled !== members[key]) members[key] = settled;
  }
  return members;
}

function narrow(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function mapKeyConverter(key: unknown): string | number {
  if (typeof key === "string" || typeof key === "number") return key;
  if (typeof key === "bigint" || typeof key === "boolean") return String(key);
  throw new TypeError("The keys of a map must be text or numbers.");
}
