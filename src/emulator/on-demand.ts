import type { Clock } from "../base/clock.js";
import { targetPing } from "../protocol/service/pings.js";
import type { Instance } from "./instances.js";
import type { ServerLink } from "./server-link.js";

// A server that could not connect, or was not allowed one more connection, is asked again after this time.
const PATIENCE_MS = 10_000;

/** Asks servers for connections to the instances on which their clients are: until then instances pass on to each other. */
export class OnDemandConnections {
  readonly #clock: Clock;
  /** Server -> instance -> when it was asked last. */
  readonly #asked = new Map<string, Map<Instance, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(link: ServerLink, instance: Instance): void {
    const now = this.#clock.now();
    const ofServer = this.#asked.get(link.serverId) ?? new Map<Instance, number>();
    const askedAt = ofServer.get(instance);
    if (askedAt !== undefined && now - askedAt < PATIENCE_MS) return;
    ofServer.set(instance, now);
    this.#asked.set(link.serverId, ofServer);
    link.send(targetPing(instance.id));
  }

  serverGone(serverId: string): void {
    this.#asked.delete(serverId);
  }
}
