import { createAccessKeyTokens } from "../auth/access-key.js";
import type { TokenSource } from "../auth/token-source.js";
import type { Clock } from "../base/clock.js";
import type { Probe } from "../base/probe.js";
import type { EndpointCredential, ServiceEndpoint } from "../config/endpoint.js";
import type { ServiceSettings } from "../config/options.js";
import { samePlace } from "../config/service-endpoint.js";
import type { Network } from "../network/network.js";
import type { EntraEndpoints } from "./entra-endpoints.js";

export interface EndpointTokensInput {
  readonly settings: Pick<ServiceSettings, "accessTokenAlgorithm" | "accessTokenLifetime">;
  readonly serverName: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly probe: Probe;
}

/** What this process proves itself with, endpoint by endpoint. */
export class EndpointTokens {
  readonly #input: EndpointTokensInput;
  /** Weak, because connections and requests that are under way may still ask for an endpoint that was left. */
  readonly #sources = new WeakMap<ServiceEndpoint, TokenSource>();
  /** Those of identities, which hold timers. */
  readonly #identities = new Map<ServiceEndpoint, TokenSource & { stop(): void }>();
  readonly #groups: EntraEndpoints[] = [];
  #isStopped = false;

  constructor(input: EndpointTokensInput) {
    this.#input = input;
  }

  /**
   * Makes them at once, so that an endpoint without a usable credential stops the start and not the first client.
   * @throws SignalRError (as rejection) CONFIG_INVALID; nothing was added
   */
  async add(endpoints: readonly ServiceEndpoint[]): Promise<void> {
    const { network } = this.#input;
    const added = new Map<ServiceEndpoint, TokenSource>();
    const strangers: ServiceEndpoint[] = [];
    for (const endpoint of endpoints) {
      // A proxy that cannot be used is told now, not by each attempt to connect.
      network.to(endpoint.serverEndpoint);
      if (endpoint.credential.kind === "accessKey") added.set(endpoint, this.#accessKeyTokens(endpoint));
      else if (!this.#identities.has(endpoint)) strangers.push(endpoint);
    }
    const entra = await this.#entra(strangers.filter((endpoint) => this.#identityLike(endpoint) === undefined));
    for (const endpoint of strangers) {
      const source = entra?.tokens.get(endpoint) ?? this.#identityLike(endpoint);
      if (source === undefined) throw new Error("bug: an endpoint with an identity has no tokens");
      this.#identities.set(endpoint, source);
      added.set(endpoint, source);
    }
    for (const [endpoint, source] of added) this.#sources.set(endpoint, source);
  }

  of(endpoint: ServiceEndpoint): TokenSource {
    const source = this.#sources.get(endpoint);
    if (source === undefined) throw new Error("bug: an endpoint that is not in the settings has no tokens");
    return source;
  }

  /** Stops the identities of all other endpoints. */
  keepOnly(endpoints: readonly ServiceEndpoint[]): void {
    const kept = new Set(endpoints.map((endpoint) => this.#identities.get(endpoint)));
    for (const [endpoint, source] of this.#identities) {
      if (endpoints.includes(endpoint)) continue;
      this.#identities.delete(endpoint);
      if (!kept.has(source)) source.stop();
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const group of this.#groups) group.stop();
  }

  /** The lease of a key goes on when the same identity stands for the same endpoint under another name. */
  #identityLike(endpoint: ServiceEndpoint): (TokenSource & { stop(): void }) | undefined {
    for (const [known, source] of this.#identities) {
      if (samePlace(known, endpoint) && sameIdentity(known.credential, endpoint.credential)) return source;
    }
    return undefined;
  }

  async #entra(endpoints: readonly ServiceEndpoint[]): Promise<EntraEndpoints | undefined> {
    if (endpoints.length === 0) return undefined;
    const { settings, network, clock, probe } = this.#input;
    // Loaded only here: a process with access keys never reads the code for identities and REST calls.
    const { openEntraEndpoints } = await import("./entra-endpoints.js");
    const group = await openEntraEndpoints({ endpoints, settings, network, clock, probe });
    this.#groups.push(group);
    // Stopped while it was made.
    if (this.#isStopped) group.stop();
    return group;
  }

  #accessKeyTokens(endpoint: ServiceEndpoint): TokenSource {
    const { serverName, settings, clock } = this.#input;
    return createAccessKeyTokens({
      endpoint,
      serverName,
      algorithm: settings.accessTokenAlgorithm,
      lifetimeMs: settings.accessTokenLifetime,
      clock,
    });
  }
}

function sameIdentity(one: EndpointCredential, other: EndpointCredential): boolean {
  if (one.kind !== "entra" || other.kind !== "entra") return false;
  if (one.credential === "given" || other.credential === "given") {
    const [first, second] = [one, other].map((each) =>
      each.credential === "given" ? each.tokenCredential() : undefined,
    );
    return first === second;
  }
  return (
    one.credential === other.credential &&
    one.clientId === other.clientId &&
    one.tenantId === other.tenantId &&
    one.clientCertificate === other.clientCertificate &&
    one.clientSecret?.reveal() === other.clientSecret?.reveal()
  );
}
