import { createTokenCredential } from "../auth/entra.js";
import { EntraToken } from "../auth/entra-token.js";
import { createEntraTokens, type EntraTokens } from "../auth/entra-tokens.js";
import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { Probe } from "../base/probe.js";
import type { EntraCredential, ServiceEndpoint } from "../config/endpoint.js";
import type { ServiceSettings } from "../config/options.js";
import { defaultUserAgent } from "../connections/user-agent.js";
import type { Network } from "../network/network.js";
import { leaseAccessKey } from "../rest/access-key.js";
import { RestClient } from "../rest/rest-client.js";

export interface EntraEndpointsInput {
  /** Those of the service that have an identity in place of an access key. */
  readonly endpoints: readonly ServiceEndpoint[];
  readonly settings: Pick<ServiceSettings, "accessTokenAlgorithm" | "accessTokenLifetime">;
  readonly network: Network;
  readonly clock: Clock;
  readonly probe: Probe;
}

export interface EntraEndpoints {
  /** Each can be stopped alone, when its endpoint is left. */
  readonly tokens: ReadonlyMap<ServiceEndpoint, EntraTokens>;
  /** Ends all timers and what is under way. */
  stop(): void;
}

/**
 * Makes the identities of all endpoints and begins to lease their keys; does not wait for a key.
 * @throws SignalRError (as rejection) CONFIG_INVALID
 */
export async function openEntraEndpoints(input: EntraEndpointsInput): Promise<EntraEndpoints> {
  const { endpoints, settings, network, clock, probe } = input;
  const client = new RestClient({ userAgent: defaultUserAgent(), clock, network });
  const identities = new Map<unknown, EntraToken>();
  const tokens = new Map<ServiceEndpoint, EntraTokens>();
  for (const endpoint of endpoints) {
    if (endpoint.credential.kind !== "entra") continue;
    requireSafeTransport(endpoint);
    // One after the other: two endpoints may share an identity.
    const identity = await identityOf(endpoint.credential, identities, clock);
    const source = createEntraTokens({
      endpoint,
      identity,
      fetchLease: (token, signal) => leaseAccessKey(client, { endpoint, token, signal, clock }),
      algorithm: settings.accessTokenAlgorithm,
      lifetimeMs: settings.accessTokenLifetime,
      clock,
      probe,
    });
    tokens.set(endpoint, source);
  }
  for (const source of tokens.values()) source.start();
  return {
    tokens,
    stop() {
      for (const source of tokens.values()) source.stop();
      for (const identity of identities.values()) identity.stop();
    },
  };
}

/** Endpoints of the same identity share its tokens. */
async function identityOf(
  credential: EntraCredential,
  known: Map<unknown, EntraToken>,
  clock: Clock,
): Promise<EntraToken> {
  const key = keyOf(credential);
  const found = known.get(key);
  if (found !== undefined) return found;
  const identity = new EntraToken(await createTokenCredential(credential), clock);
  known.set(key, identity);
  return identity;
}

function keyOf(credential: EntraCredential): unknown {
  if (credential.credential === "given") return credential.tokenCredential();
  // Identities that are described in full are told apart by endpoint: their secrets are no keys of a map.
  return credential.credential === "default" ? "default" : credential;
}

/** An identity's token opens more than an access key's token does, so it never travels in the clear. */
function requireSafeTransport(endpoint: ServiceEndpoint): void {
  for (const address of [endpoint.endpoint, endpoint.serverEndpoint]) {
    const { protocol, hostname } = new URL(address);
    if (protocol === "https:" || isThisMachine(hostname)) continue;
    throw new SignalRError(
      "CONFIG_INVALID",
      `${address} is not encrypted; tokens of Microsoft Entra ID are sent over https only, or to this machine. Use https, or an access key.`,
    );
  }
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
