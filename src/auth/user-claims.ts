import { SignalRError } from "../base/errors.js";
import type { WireClaim } from "../protocol/service/messages.js";

/** One claim in the list form. */
export interface ClaimItem {
  readonly type: string;
  readonly value: unknown;
}

/**
 * What `claimsProvider` may return: a record, whose arrays repeat the claim, or a list of `{ type, value }` in order.
 * Numbers and booleans become text, dates ISO text, objects JSON text; `undefined` and `null` values are left out.
 */
export type ClaimsInput = Readonly<Record<string, unknown>> | readonly ClaimItem[];

/**
 * Claims in the form that travels; `undefined` and `null` are nobody's: an empty list.
 *
 * @throws SignalRError CLAIMS_INVALID that names the claim and what is wrong with it, never its value
 */
export function normalizeClaims(given: ClaimsInput | null | undefined): WireClaim[] {
  if (given === undefined || given === null) return [];
  const claims: WireClaim[] = [];
  if (Array.isArray(given)) {
    for (const [index, item] of (given as readonly unknown[]).entries()) {
      const { type, value } = claimItem(item, index);
      addClaim(claims, type, value);
    }
  } else {
    for (const [type, value] of Object.entries(plainRecord(given))) addClaim(claims, type, value);
  }
  return claims;
}

function plainRecord(given: unknown): Readonly<Record<string, unknown>> {
  // The entries of these are not properties: taken as records they would silently be anonymous users.
  const isRecord =
    typeof given === "object" &&
    given !== null &&
    !(given instanceof Map || given instanceof Set || given instanceof Date || given instanceof Promise) &&
    !ArrayBuffer.isView(given);
  if (isRecord) return given as Readonly<Record<string, unknown>>;
  throw invalid(`claims must be an object or a list of { type, value }, found ${kindOf(given)}`);
}

function claimItem(item: unknown, index: number): ClaimItem {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw invalid(`item ${index} of the list of claims must be { type, value }, found ${kindOf(item)}`);
  }
  const { type, value } = item as Partial<ClaimItem>;
  if (typeof type !== "string") {
    throw invalid(`item ${index} of the list of claims must have a text as type, found ${kindOf(type)}`);
  }
  return { type, value };
}

function addClaim(claims: WireClaim[], type: string, value: unknown): void {
  if (type === "") throw invalid("a claim's type must not be empty");
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const item of values) {
    if (item === undefined || item === null) continue;
    claims.push([type, claimText(type, item)]);
  }
}

function claimText(type: string, value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      if (Number.isFinite(value)) return String(value);
      throw invalid(`claim ${JSON.stringify(type)} must be a finite number, found ${value}`);
    case "object":
      return objectText(type, value as object);
    default:
      throw invalid(`claim ${JSON.stringify(type)} must be a text, number, boolean or object, found ${kindOf(value)}`);
  }
}

function objectText(type: string, value: object): string {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(`claim ${JSON.stringify(type)} is an invalid Date`);
    return value.toISOString();
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw invalid(`claim ${JSON.stringify(type)} cannot be written as JSON`, error);
  }
  if (text === undefined) throw invalid(`claim ${JSON.stringify(type)} has no JSON form`);
  return text;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return value === undefined ? "nothing" : `a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
}

function invalid(reason: string, cause?: unknown): SignalRError {
  const options = cause === undefined ? undefined : { cause };
  return new SignalRError("CLAIMS_INVALID", `The claims of a user cannot be used: ${reason}.`, options);
}
