import type { ServerStickyMode } from "../config/options.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { DEFAULT_NAME_TYPE, DEFAULT_ROLE_TYPE, shortClaimType } from "./claim-types.js";

export { longClaimType, shortClaimType } from "./claim-types.js";

const SYSTEM_PREFIX = "asrs.s.";
const USER_PREFIX = "asrs.u.";
const DEFAULT_AUTHENTICATION_TYPE = "Bearer";
const SERVICE_HANDSHAKE_SECONDS = 15;
const LONGEST_HANDSHAKE_SECONDS = 30;

/** Names that mean something in the token itself; a user's claim of that name travels behind the user prefix. */
const RESERVED = new Set(["aud", "exp", "iat", "nbf", "iss", "actort", "acr", "azp", "c_hash", "jti", "nonce"]);

/** What a client's token tells the service, and through it the hub server that gets the client. Absent: not told. */
export interface TokenClaimsInput {
  /** The user's own claims in order, types long or short. */
  readonly claims?: readonly WireClaim[] | undefined;
  /** An empty text is a user id too. */
  readonly userId?: string | null | undefined;
  readonly serverName?: string | undefined;
  /** Other than `Disabled`, the token names `serverName`. */
  readonly stickyMode?: ServerStickyMode | undefined;
  readonly isDiagnosticClient?: boolean | undefined;
  /** Whole seconds; told when it is from 1 to 30 and not the service's own 15. */
  readonly handshakeTimeoutSeconds?: number | undefined;
  /** `null` and `Bearer` are what the hub server assumes anyway. */
  readonly authenticationType?: string | null | undefined;
  /** Told when there are several. */
  readonly endpointsCount?: number | undefined;
  readonly enableDetailedErrors?: boolean | undefined;
  /** Told when it is neither empty nor the default of .NET. */
  readonly nameType?: string | undefined;
  /** Told when it is neither empty nor the default of .NET. */
  readonly roleType?: string | undefined;
  readonly maxPollIntervalInSeconds?: number | undefined;
  /** Allowed transports as a bit mask: 1 WebSockets, 2 Server-Sent Events, 4 Long Polling. */
  readonly httpTransportType?: number | undefined;
  /** Whether the service ends the connection at `authenticationExpiresOn`. */
  readonly closeOnAuthenticationExpiration?: boolean | undefined;
  /** Unix seconds. */
  readonly authenticationExpiresOn?: number | undefined;
}

/** The user of a client as its hub server sees it. */
export interface RestoredUser {
  /** In order, repeats kept, types as they arrived. */
  readonly claims: readonly WireClaim[];
  /** `null`: anonymous. */
  readonly authenticationType: string | null;
  readonly nameType: string;
  readonly roleType: string;
  /** `null`: negotiate named none. */
  readonly userIdentifier: string | null;
}

/** Claims of a client's token: the service's own in their fixed order, then the user's under their short names. */
export function buildTokenClaims(input: TokenClaimsInput): WireClaim[] {
  const claims = systemClaims(input);
  let hasSubject = false;
  for (const [longOrShort, value] of input.claims ?? []) {
    const type = shortClaimType(longOrShort);
    // A user's claim with a system name could make him another user; no hub would ever see it anyway.
    if (type.startsWith(SYSTEM_PREFIX)) continue;
    // A token has one subject; `sub` as an array is refused by the service.
    const isHidden = RESERVED.has(type) || (type === "sub" && hasSubject);
    if (type === "sub") hasSubject = true;
    claims.push([isHidden ? USER_PREFIX + type : type, value]);
  }
  return claims;
}

/** The user behind the claims that a new client connection brings; undoes {@link buildTokenClaims}. */
export function restoreUser(claims: readonly WireClaim[]): RestoredUser {
  const system = new Map<string, string>();
  const userClaims: WireClaim[] = [];
  for (const claim of claims) {
    const [type, value] = claim;
    if (type.startsWith(SYSTEM_PREFIX)) {
      // First one wins, as a look-up in the official SDK finds the first.
      if (!system.has(type)) system.set(type, value);
    } else if (type.startsWith(USER_PREFIX)) {
      userClaims.push([type.slice(USER_PREFIX.length), value]);
    } else if (!RESERVED.has(type)) {
      userClaims.push(claim);
    }
  }
  const isAnonymous = userClaims.length === 0;
  return {
    claims: userClaims,
    authenticationType: isAnonymous ? null : (system.get("asrs.s.aut") ?? DEFAULT_AUTHENTICATION_TYPE),
    nameType: system.get("asrs.s.nt") ?? DEFAULT_NAME_TYPE,
    roleType: system.get("asrs.s.rt") ?? DEFAULT_ROLE_TYPE,
    userIdentifier: system.get("asrs.s.uid") ?? null,
  };
}

function systemClaims(input: TokenClaimsInput): WireClaim[] {
  const claims: WireClaim[] = [];
  const add = (name: string, value: string | number): void => {
    claims.push([SYSTEM_PREFIX + name, String(value)]);
  };
  if (typeof input.userId === "string") add("uid", input.userId);
  const { stickyMode = "Disabled", serverName } = input;
  if (stickyMode !== "Disabled" && serverName !== undefined) {
    add("sn", serverName);
    add("ssticky", stickyMode);
  }
  if (input.isDiagnosticClient) add("dc", "true");
  const handshakeSeconds = toldHandshakeSeconds(input.handshakeTimeoutSeconds);
  if (handshakeSeconds !== undefined) add("cht", handshakeSeconds);
  if (typeof input.authenticationType === "string" && input.authenticationType !== DEFAULT_AUTHENTICATION_TYPE) {
    add("aut", input.authenticationType);
  }
  if (input.endpointsCount !== undefined && input.endpointsCount > 1) add("secn", input.endpointsCount);
  // The capital letter is what the official SDK writes here, and only here.
  if (input.enableDetailedErrors) add("derror", "True");
  if (input.nameType && input.nameType !== DEFAULT_NAME_TYPE) add("nt", input.nameType);
  if (input.roleType && input.roleType !== DEFAULT_ROLE_TYPE) add("rt", input.roleType);
  if (input.maxPollIntervalInSeconds !== undefined) add("ttl", input.maxPollIntervalInSeconds);
  if (input.httpTransportType !== undefined) add("htt", input.httpTransportType);
  if (input.closeOnAuthenticationExpiration && input.authenticationExpiresOn !== undefined) {
    add("coae", "true");
    add("aeo", input.authenticationExpiresOn);
  }
  return claims;
}

function toldHandshakeSeconds(given: number | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = Math.trunc(given);
  const isTold = seconds >= 1 && seconds <= LONGEST_HANDSHAKE_SECONDS && seconds !== SERVICE_HANDSHAKE_SECONDS;
  return isTold ? seconds : undefined;
}
