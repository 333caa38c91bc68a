import type { WireClaim } from "../protocol/service/messages.js";
import type { TransportName } from "./client-transport.js";

const SHORTEST_HANDSHAKE_SECONDS = 1;
const LONGEST_HANDSHAKE_SECONDS = 30;
const LONGEST_POLL_PAUSE_SECONDS = 300;
const DEFAULT_POLL_PAUSE_SECONDS = 5;

const TRANSPORT_BITS: ReadonlyArray<readonly [TransportName, number]> = [
  ["WebSockets", 1],
  ["ServerSentEvents", 2],
  ["LongPolling", 4],
];

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
  /** What the client may use, best first. */
  readonly transports: readonly TransportName[];
  /** Milliseconds without a poll after which a client on long polling is gone. */
  readonly pollPauseMs: number;
}

/** Reads the terms; values that make no sense count as absent, as a service has to live with old SDKs. */
export function readTerms(claims: readonly WireClaim[], defaultHandshakeTimeoutMs: number): ClientTerms {
  const first = (type: string): string | undefined => claims.find(([name]) => name === type)?.[1];
  const handshakeSeconds = Number(first("asrs.s.cht"));
  const hasOwnTimeout = handshakeSeconds >= SHORTEST_HANDSHAKE_SECONDS && handshakeSeconds <= LONGEST_HANDSHAKE_SECONDS;
  const expiry = Number(first("asrs.s.aeo"));
  const closesAtExpiry = isTrue(first("asrs.s.coae")) && Number.isFinite(expiry);
  const pollSeconds = Number(first("asrs.s.ttl"));
  const hasOwnPause = pollSeconds >= 1 && pollSeconds <= LONGEST_POLL_PAUSE_SECONDS;
  return {
    userId: findUserId(claims),
    sticky: findStickiness(first("asrs.s.sn"), first("asrs.s.ssticky")),
    isDetailed: isTrue(first("asrs.s.derror")),
    isDiagnostic: isTrue(first("asrs.s.dc")),
    handshakeTimeoutMs: hasOwnTimeout ? handshakeSeconds * 1000 : defaultHandshakeTimeoutMs,
    closesAtMs: closesAtExpiry ? expiry * 1000 : undefined,
    transports: readTransports(first("asrs.s.htt")),
    pollPauseMs: (hasOwnPause ? pollSeconds : DEFAULT_POLL_PAUSE_SECONDS) * 1000,
  };
}

function readTransports(text: string | undefined): readonly TransportName[] {
  const mask = Number(text ?? Number.NaN);
  return TRANSPORT_BITS.filter(([, bit]) => !Number.isInteger(mask) || (mask & bit) !== 0).map(([name]) => name);
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
