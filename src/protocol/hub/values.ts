import { types } from "node:util";

/** How an encoding carries the values that plain data does not have. */
export interface ValueForms {
  /** Called for valid dates only; an invalid one is null. */
  date(value: Date): unknown;
  bytes(value: Uint8Array): unknown;
  bigint(value: bigint): unknown;
  number(value: number): unknown;
  /** A class instance that the encoding carries as it is, and must not be taken apart. */
  keeps(value: object): boolean;
}

/** Deeper values are left to {@link toPlain}, which also finds the cycles. */
const DEEPEST_LOOK = 64;

const dateToJson = Date.prototype.toJSON;

/**
 * Whether a value is plain data all the way down: strings, numbers, booleans, null, undefined, arrays, objects that
 * stand for their members, and valid dates. Encoders take such a value as it is; for all others see {@link toPlain}.
 * @param keeps objects beyond these that the encoding carries by itself
 */
export function isPlain(value: unknown, keeps: (value: object) => boolean, depth = 0): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return true;
    case "object":
      return value === null || isPlainObject(value, keeps, depth);
    default:
      return false;
  }
}

function isPlainObject(value: object, keeps: (value: object) => boolean, depth: number): boolean {
  if (depth === DEEPEST_LOOK) return false;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (Array.isArray(value)) {
    if (toJSON !== undefined) return false;
    for (let index = 0; index < value.length; index += 1) {
      if (!isPlain(value[index], keeps, depth + 1)) return false;
    }
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    if (keeps(value)) return true;
    if (value instanceof Date) return toJSON === dateToJson && !Number.isNaN(value.getTime());
    if (needsForm(value)) return false;
  }
  if (toJSON !== undefined) return false;
  // Inherited members are looked at too: that costs nothing for plain objects, and a wrong "no" only costs time.
  for (const key in value) {
    if (!isPlain((value as Record<string, unknown>)[key], keeps, depth + 1)) return false;
  }
  return true;
}

function needsForm(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isBoxedPrimitive(value)
  );
}

/**
 * The value as plain data of the given forms: a `Map` becomes an object, a `Set` and a typed array of numbers become
 * arrays, `toJSON` is called (not on dates), class instances give their own enumerable members, functions and symbols
 * are left out (null in arrays). Never changes the value that it is given.
 * @throws TypeError when the value contains itself, or a `Map` has a key that is no text or number
 */
export function toPlain(value: unknown, forms: ValueForms): unknown {
  return convert(value, "", forms, new Set());
}

function convert(value: unknown, key: string, forms: ValueForms, path: Set<object>): unknown {
  switch (typeof value) {
    case "number":
      return forms.number(value);
    case "bigint":
      return forms.bigint(value);
    case "function":
    case "symbol":
      return undefined;
    case "object":
      return value === null ? null : convertObject(value, key, forms, path);
    default:
      return value;
  }
}

function convertObject(value: object, key: string, forms: ValueForms, path: Set<object>): unknown {
  if (forms.keeps(value)) return value;
  // Before toJSON: a subclass of Date is a moment in both encodings, whatever text it would make of itself.
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? null : forms.date(value);
  const bytes = toBytes(value);
  if (bytes !== undefined) return forms.bytes(bytes);
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (path.has(value)) throw new TypeError("A value that contains itself cannot be sent.");
  path.add(value);
  const converted =
    typeof toJSON === "function"
      ? convertReplaced(toJSON.call(value, key), key, forms, path)
      : convertMembers(value, forms, path);
  path.delete(value);
  return converted;
}

/** What toJSON returned: its own toJSON is not asked again, as in JSON.stringify. */
function convertReplaced(value: unknown, key: string, forms: ValueForms, path: Set<object>): unknown {
  if (typeof value !== "object" || value === null) return convert(value, key, forms, path);
  if (types.isDate(value) || toBytes(value) !== undefined) return convertObject(value, key, forms, path);
  return convertMembers(value, forms, path);
}

function convertMembers(value: object, forms: ValueForms, path: Set<object>): unknown {
  if (Array.isArray(value)) return convertItems(value, forms, path);
  if (types.isSet(value)) return convertItems([...value], forms, path);
  if (ArrayBuffer.isView(value))
    return convertItems(Array.from(value as unknown as Iterable<number | bigint>), forms, path);
  if (types.isBoxedPrimitive(value)) return convert(value.valueOf(), "", forms, path);
  // Without a prototype a member named __proto__ is a member like any other.
  const members: Record<string, unknown> = Object.create(null);
  if (types.isMap(value)) {
    for (const [key, item] of value) addMember(members, mapKey(key), item, forms, path);
  } else {
    for (const key of Object.keys(value)) {
      addMember(members, key, (value as Record<string, unknown>)[key], forms, path);
    }
  }
  return members;
}

function convertItems(items: readonly unknown[], forms: ValueForms, path: Set<object>): unknown[] {
  // Not items.map: it would keep the holes of a sparse array.
  return Array.from(items, (item, index) => convert(item, String(index), forms, path) ?? null);
}

function addMember(
  members: Record<string, unknown>,
  key: string,
  item: unknown,
  forms: ValueForms,
  path: Set<object>,
): void {
  if (typeof item === "function" || typeof item === "symbol") return;
  members[key] = convert(item, key, forms, path);
}

function mapKey(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "bigint" || typeof key === "boolean") return String(key);
  throw new TypeError("The keys of a Map must be text or numbers to be sent.");
}

/** The bytes of a value that stands for bytes: Uint8Array, Buffer, Uint8ClampedArray, DataView, ArrayBuffer. */
function toBytes(value: object): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value;
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  if (types.isUint8ClampedArray(value) || types.isDataView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return undefined;
}
