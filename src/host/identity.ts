import { shortClaimType } from "../auth/claims.js";
import { type ClaimsInput, normalizeClaims } from "../auth/user-claims.js";
import { SignalRError } from "../base/errors.js";
import type { UserClaim } from "../hub/context.js";
import type { WireClaim } from "../protocol/service/messages.js";

/** How the application says who a user is; both may be async. */
export interface IdentityOptions<TRequest> {
  /**
   * Claims of the user who negotiates: a record (arrays repeat), or a list of `{ type, value }`; nothing: anonymous.
   * They travel in a token of at most 4,096 characters and appear in the hub as `context.user`.
   * @default what express-jwt and express-oauth2-jwt-bearer have verified (`req.auth`)
   */
  claimsProvider?(req: TRequest): ClaimsInput | null | undefined | Promise<ClaimsInput | null | undefined>;
  /**
   * Name under which `clients.user(id)` reaches the user; null: none.
   * @default the claim `nameid`, else `sub`
   */
  userIdProvider?(
    req: TRequest,
    claims: readonly UserClaim[],
  ): string | null | undefined | Promise<string | null | undefined>;
}

/**
 * Checks the callbacks at once, not with the first client.
 * @throws SignalRError ARGUMENT_INVALID
 */
export function requireCallbacks(options: IdentityOptions<never>): void {
  if (typeof options !== "object" || options === null) {
    throw new SignalRError("ARGUMENT_INVALID", `The options of a service must be an object, got ${String(options)}.`);
  }
  for (const name of ["claimsProvider", "userIdProvider"] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== "function") {
      throw new SignalRError("ARGUMENT_INVALID", `${name} must be a function, got ${typeof given}.`);
    }
  }
}

/** Claims of a request in their order; empty: anonymous. Errors of the application's callback pass through. */
export async function claimsOf<TRequest>(
  raw: TRequest,
  options: IdentityOptions<TRequest>,
  defaultClaims: (raw: TRequest) => ClaimsInput | undefined,
): Promise<readonly WireClaim[]> {
  return normalizeClaims(options.claimsProvider === undefined ? defaultClaims(raw) : await options.claimsProvider(raw));
}

/** The user id of a request; undefined: none. */
export async function userIdOf<TRequest>(
  raw: TRequest,
  claims: readonly WireClaim[],
  options: IdentityOptions<TRequest>,
): Promise<string | undefined> {
  if (options.userIdProvider === undefined) return firstClaim(claims, "nameid") ?? firstClaim(claims, "sub");
  const asked = claims.map(([type, value]) => ({ type, value }));
  const userId: unknown = await options.userIdProvider(raw, asked);
  if (userId === undefined || userId === null) return undefined;
  if (typeof userId === "string") return userId;
  throw new SignalRError(
    "CLAIMS_INVALID",
    `userIdProvider must return a string, null or undefined; got ${typeof userId}.`,
  );
}

/** When the claims end to hold (`exp`), in Unix seconds; undefined: never. */
export function expiryOf(claims: readonly WireClaim[]): number | undefined {
  const seconds = Number(firstClaim(claims, "exp") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : undefined;
}

/**
 * The claims that a JWT middleware has put on a request: `req.auth.payload`, else `req.auth` itself. Never the raw token,
 * and nothing that is no token payload: a session helper with functions, or the password of basic authentication.
 */
export function verifiedTokenClaims(auth: unknown): ClaimsInput | undefined {
  if (!isRecord(auth)) return undefined;
  const payload = "payload" in auth ? auth["payload"] : auth;
  return isRecord(payload) && isTokenPayload(payload) ? (payload as ClaimsInput) : undefined;
}

function isTokenPayload(payload: Readonly<Record<string, unknown>>): boolean {
  if ("password" in payload || "token" in payload) return false;
  return !Object.values(payload).some((value) => typeof value === "function");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstClaim(claims: readonly WireClaim[], type: string): string | undefined {
  return claims.find(([found]) => shortClaimType(found) === type)?.[1];
}
