import { webcrypto } from "node:crypto";
import { CompactSign, type CompactVerifyResult, type CryptoKey, compactVerify, errors } from "jose";
import { SignalRError } from "../base/errors.js";
import type { Secret } from "../base/secret.js";
import type { AccessTokenAlgorithm } from "../config/options.js";
import type { WireClaim } from "../protocol/service/messages.js";

const HASHES: { readonly [A in AccessTokenAlgorithm]: string } = { HS256: "SHA-256", HS512: "SHA-512" };
const ALGORITHMS = Object.keys(HASHES);
const DEFAULT_TOLERANCE_MS = 5_000;
// The service takes no more than 4 KB; the room above lets the caller say so with his own words.
const MAX_TOKEN_CHARACTERS = 16_384;

/** All that goes into one token. */
export interface TokenInput {
  readonly key: Secret;
  readonly algorithm: AccessTokenAlgorithm;
  readonly keyId?: string | undefined;
  /** Written in order, before the registered ones; repeated types become an array. */
  readonly claims: readonly WireClaim[];
  readonly audience: string;
  readonly issuer?: string | undefined;
  /** Unix time in milliseconds; the token holds whole seconds. */
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

/** A token whose signature and times were found good. */
export interface VerifiedToken {
  readonly algorithm: string;
  /** Members in the order of the token; repeated claims are arrays. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The same flattened: one pair a value, all as text, registered claims included. */
  readonly claims: readonly WireClaim[];
  /** `aud`, as a list; comparing it is up to the caller. */
  readonly audiences: readonly string[];
  /** `exp`, unix time in milliseconds. */
  readonly expiresAtMs: number;
}

export interface VerifyOptions {
  /** Any of them may have signed: a service has a primary and a secondary key. */
  readonly keys: readonly Secret[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** Milliseconds by which the clocks may differ. @default 5_000 */
  readonly toleranceMs?: number;
}

/** Signs a token: header `alg, typ, kid`; payload claims, `nbf, exp, iat`, `iss` (if given), `aud`. */
export async function signToken(input: TokenInput): Promise<string> {
  const header = { alg: input.algorithm, typ: "JWT", ...(input.keyId === undefined ? {} : { kid: input.keyId }) };
  const key = await importedKey(input.key, input.algorithm);
  return new CompactSign(Buffer.from(payloadText(input), "utf8")).setProtectedHeader(header).sign(key);
}

/**
 * Checks a token's form, algorithm (HS256 or HS512, never `none`), signature and times.
 *
 * @throws SignalRError TOKEN_INVALID that says what is wrong without showing the token
 */
export async function verifyToken(token: string, options: VerifyOptions): Promise<VerifiedToken> {
  if (token.length > MAX_TOKEN_CHARACTERS) {
    throw invalid(`The token has ${token.length} characters, at most ${MAX_TOKEN_CHARACTERS} are read`);
  }
  const verified = await verifySignature(token, options.keys);
  const payload = parsePayload(verified.payload);
  const expiresAtMs = checkTimes(payload, options);
  return {
    algorithm: verified.protectedHeader.alg,
    payload,
    claims: flattenClaims(payload),
    audiences: asList(payload["aud"]).filter((item) => typeof item === "string"),
    expiresAtMs,
  };
}

// Written member by member: an object would move claim types that look like numbers to the front.
function payloadText(input: TokenInput): string {
  const members = new Map<string, string[]>();
  for (const [type, value] of input.claims) {
    const values = members.get(type);
    if (values === undefined) members.set(type, [JSON.stringify(value)]);
    else values.push(JSON.stringify(value));
  }
  const nowSeconds = Math.floor(input.nowMs / 1000);
  const lifetimeSeconds = Math.max(1, Math.floor(input.lifetimeMs / 1000));
  setLast(members, "nbf", String(nowSeconds));
  setLast(members, "exp", String(nowSeconds + lifetimeSeconds));
  setLast(members, "iat", String(nowSeconds));
  if (input.issuer !== undefined) setLast(members, "iss", JSON.stringify(input.issuer));
  // A claim `aud` stays beside ours, as an array: the official SDK does the same.
  const audiences = members.get("aud") ?? [];
  members.delete("aud");
  members.set("aud", [...audiences, JSON.stringify(input.audience)]);

  const texts: string[] = [];
  for (const [type, values] of members) {
    const value = values.length === 1 ? values[0] : `[${values.join(",")}]`;
    texts.push(`${JSON.stringify(type)}:${value}`);
  }
  return `{${texts.join(",")}}`;
}

function setLast(members: Map<string, string[]>, type: string, text: string): void {
  members.delete(type);
  members.set(type, [text]);
}

async function verifySignature(token: string, keys: readonly Secret[]): Promise<CompactVerifyResult> {
  let lastError: unknown;
  for (const key of keys) {
    try {
      return await compactVerify(token, (header) => importedKey(key, algorithmOf(header.alg)), {
        algorithms: ALGORITHMS,
      });
    } catch (error) {
      lastError = error;
      // Only a wrong signature leaves hope for the next key.
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw refusal(lastError);
}

function algorithmOf(text: string | undefined): AccessTokenAlgorithm {
  if (text === "HS256" || text === "HS512") return text;
  throw new errors.JOSEAlgNotAllowed("not an HMAC algorithm of the service");
}

function refusal(error: unknown): SignalRError {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalid("The token's signature does not fit: it was signed with another access key, or changed on the way");
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return invalid("The token's algorithm is not allowed, only HS256 and HS512 are");
  }
  return invalid("The token is not a JSON Web Token in compact form");
}

function parsePayload(bytes: Uint8Array): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message would quote a piece of the token.
    throw invalid("The token's payload is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid("The token's payload is not a JSON object");
  }
  return parsed as Record<string, unknown>;
}

function checkTimes(payload: Readonly<Record<string, unknown>>, options: VerifyOptions): number {
  const tolerance = options.toleranceMs ?? DEFAULT_TOLERANCE_MS;
  const expires = payload["exp"];
  const notBefore = payload["nbf"];
  if (typeof expires !== "number" || !Number.isFinite(expires))
    throw invalid("The token has no expiry (claim exp, unix seconds)");
  if (expires * 1000 + tolerance <= options.nowMs) throw invalid("The token has expired");
  if (notBefore !== undefined) {
    if (typeof notBefore !== "number") throw invalid("The token's claim nbf is not a number of unix seconds");
    if (notBefore * 1000 - tolerance > options.nowMs) throw invalid("The token is not valid yet (claim nbf)");
  }
  return expires * 1000;
}

function flattenClaims(payload: Readonly<Record<string, unknown>>): WireClaim[] {
  const claims: WireClaim[] = [];
  for (const [type, value] of Object.entries(payload)) {
    for (const item of asList(value)) claims.push([type, claimText(item)]);
  }
  return claims;
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function claimText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null ? "" : JSON.stringify(value);
}

// Importing a key costs more than signing with it. Weak: a key that is replaced at run time leaves with its Secret.
const importedKeys = new WeakMap<Secret, Map<AccessTokenAlgorithm, Promise<CryptoKey>>>();

function importedKey(secret: Secret, algorithm: AccessTokenAlgorithm): Promise<CryptoKey> {
  let perAlgorithm = importedKeys.get(secret);
  if (perAlgorithm === undefined) {
    perAlgorithm = new Map();
    importedKeys.set(secret, perAlgorithm);
  }
  let key = perAlgorithm.get(algorithm);
  if (key === undefined) {
    const bytes = Buffer.from(secret.reveal(), "utf8");
    key = webcrypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: HASHES[algorithm] }, false, [
      "sign",
      "verify",
    ]);
    perAlgorithm.set(algorithm, key);
  }
  return key;
}

function invalid(sentence: string): SignalRError {
  return new SignalRError("TOKEN_INVALID", `${sentence}.`);
}
