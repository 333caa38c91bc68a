import { InvalidDataException } from "./protocol.js";

/** A JSON object whose members nobody has looked at. */
export type JsonObject = { readonly [name: string]: unknown };

/**
 * The object that a text holds.
 * @param parse turns the text into a value; `JSON.parse` unless numbers need more care
 * @throws InvalidDataException when it is not JSON, or another value
 */
export function parseJsonObject(text: string, parse: (text: string) => unknown = JSON.parse): JsonObject {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    if (cause instanceof InvalidDataException) throw cause;
    throw new InvalidDataException("Error reading JSON.", { cause });
  }
  if (!isObject(value)) {
    throw new InvalidDataException(`Unexpected JSON Token Type '${tokenName(value)}'. Expected a JSON Object.`);
  }
  return value;
}

/** A member that must be text where it exists. */
export function textMember(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(name, "String");
}

/** A member that must be a whole number where it exists. */
export function integerMember(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  if (value === undefined || Number.isInteger(value)) return value as number | undefined;
  throw wrongType(name, "Number");
}

/** A member that must be a list where it exists. */
export function arrayMember(object: JsonObject, name: string): unknown[] | undefined {
  const value = object[name];
  if (value === undefined || Array.isArray(value)) return value;
  throw wrongType(name, "Array");
}

/** A member that must be true or false where it exists. */
export function booleanMember(object: JsonObject, name: string): boolean | undefined {
  const value = object[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw new InvalidDataException(`Expected '${name}' to be true or false.`);
}

/** A member that must be an object where it exists. */
export function objectMember(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name];
  if (value === undefined || isObject(value)) return value;
  throw wrongType(name, "StartObject");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(name: string, type: string): InvalidDataException {
  return new InvalidDataException(`Expected '${name}' to be of type ${type}.`);
}

/** Token names as ASP.NET Core writes them into the error. */
function tokenName(value: unknown): string {
  if (value === null) return "Null";
  if (Array.isArray(value)) return "Array";
  if (typeof value === "string") return "String";
  if (typeof value === "boolean") return value ? "True" : "False";
  return "Number";
}
