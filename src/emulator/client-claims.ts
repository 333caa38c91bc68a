import type { WireClaim } from "../protocol/service/messages.js";

const SHORTEST_HANDSHAKE_SECONDS = 1;
const LONGEST_HANDSHAKE_SECONDS = 30;
const WEB_SOCKETS_BIT = 1;

// Who the user is, best source first. Tokens made elsewhere may carry .NET's long names.
const USER_ID_TYPES: ReadonlyArray<readonly string[]> = [
  ["asrs.s.uid"],
  ["nameid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"],
  ["sub"],
];

/** Where a client wants to be served. */
export interface Stickiness {
  readonly serverId: string;
  /** True: nowhere else. */
  readonly isRequired: boolean;
}

/** What the system claims of a client's token ask of the service. */
export interface ClientTerms {
  readonly userId: string | undefined;
  readonly sticky: Stickiness | undefined;
  /** Whether the client may read the texts of errors. */
  readonly isDetailed: boolean;
  readonly isDiagnostic: boolean;
  /** Milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Unix time in milliseconds at which the client has to be closed. */
  readonly closesAtMs: number | undefined;
  readonly allowsWebSockets: boolean;
}

/** Reads the terms; values that make no sense count as absent, as a service has to live with old SDKs. */
export function readTerms(claims: readonly WireClaim[], defaultHandshakeTimeoutMs: number): ClientTerms {
  const first = (type: string): string | undefined => claims.find(([name]) => name === type)?.[1];
  const handshakeSeconds = Number(first("asrs.s.cht"));
  const hasOwnTimeout = handshakeSeconds >= SHORTEST_HANDSHAKE_SECONDS && handshakeSeconds <= LONGEST_HANDSHAKE_SECONDS;
  const expiry = Number(first("asrs.s.aeo"));
  const closesAtExpiry = isTrue(first("asrs.s.coae")) && Number.isFinite(expiry);
  const transports = Number(first("asrs.s.htt") ?? WEB_SOCKETS_BIT);
  return {
    userId: findUserId(claims),
    sticky: findStickiness(first("asrs.s.sn"), first("asrs.s.ssticky")),
    isDetailed: isTrue(first("asrs.s.derror")),
    isDiagnostic: isTrue(first("asrs.s.dc")),
    handshakeTimeoutMs: hasOwnTimeout ? handshakeSeconds * 1000 : defaultHandshakeTimeoutMs,
    closesAtMs: closesAtExpiry ? expiry * 1000 : undefined,
    allowsWebSockets: !Number.isInteger(transports) || (transports & WEB_SOCKETS_BIT) !== 0,
  };
}

function findUserId(claims: readonly WireClaim[]): string | undefined {
  for (const types of USER_ID_TYPES) {
    const claim = claims.find(([type]) => types.includes(type));
    if (claim !== undefined) return claim[1];
  }
  return undefined;
}

function findStickiness(serverId: string | undefined, mode: string | undefined): Stickiness | undefined {
  if (serverId === undefined || serverId === "") return undefined;
  return { serverId, isRequired: mode === "Required" };
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}
