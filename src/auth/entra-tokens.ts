import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import { foreignText } from "../base/foreign-text.js";
import type { Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { AccessTokenAlgorithm } from "../config/options.js";
import type { AccessKeyResponse } from "../protocol/service/messages.js";
import { signClientToken } from "./client-token.js";
import type { EntraToken } from "./entra-token.js";
import { type KeyLease, readLease } from "./key-lease.js";
import { LeasedKey } from "./leased-key.js";
import type { KeyExchange, TokenSource } from "./token-source.js";

export interface EntraTokensInput {
  readonly endpoint: ServiceEndpoint;
  /** Of the identity; may serve several endpoints. */
  readonly identity: Pick<EntraToken, "get">;
  /** Asks the service for a key with this token of the identity. */
  readonly fetchLease: (token: string, signal: AbortSignal) => Promise<KeyLease>;
  /** For client tokens; the others are not signed here. */
  readonly algorithm: AccessTokenAlgorithm;
  readonly lifetimeMs: number;
  readonly clock: Clock;
  readonly probe: Probe;
}

/** The tokens of an identity of Microsoft Entra ID at one endpoint. */
export interface EntraTokens extends TokenSource {
  readonly keyExchange: KeyExchange;
  /** Begins to lease the key for client tokens. */
  start(): void;
  /** Ends all timers; client tokens are refused from now on. */
  stop(): void;
}

/**
 * Server connections and REST calls carry the identity's own token; client tokens are signed with a key that the service
 * lends to the identity.
 */
export function createEntraTokens(input: EntraTokensInput): EntraTokens {
  const { endpoint, identity, fetchLease, algorithm, lifetimeMs, clock, probe } = input;
  const key = new LeasedKey({
    endpoint: endpoint.endpoint,
    fetchLease: async (signal) => fetchLease(await identity.get(), signal),
    clock,
    probe,
  });
  return Object.freeze({
    serverToken: () => identity.get(),
    restToken: () => identity.get(),
    clientToken: async (hub, claims) => {
      const { keyId, accessKey } = await key.current();
      return signClientToken({ endpoint, hub, claims, key: accessKey, keyId, algorithm, lifetimeMs, clock });
    },
    keyExchange: Object.freeze({
      request: async () => ({ token: await identity.get(), keyId: key.keyId }),
      take: (response) => key.take(leaseOf(response)),
    } satisfies KeyExchange),
    start: () => key.start(),
    stop: () => key.stop(),
  } satisfies EntraTokens);
}

function leaseOf({ kid, accessKey, errorType, errorMessage }: AccessKeyResponse): KeyLease {
  if (errorType) {
    const refusal = foreignText(`${errorType}: ${errorMessage ?? ""}`);
    throw new SignalRError("TOKEN_NOT_AUTHORIZED", `The service lends no key for client tokens: ${refusal}`);
  }
  const lease = readLease(kid, accessKey);
  if (lease !== undefined) return lease;
  throw new SignalRError("TOKEN_NOT_AUTHORIZED", "The service's answer to the request for a key holds no usable key.");
}
