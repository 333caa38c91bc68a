import { randomBytes } from "node:crypto";

/** One instance of the service: it carries clients and server connections, and may be down. */
export class Instance {
  /** What servers read in a client's header and in pings. */
  readonly id: string;
  isUp = true;
  /** Clients on it; kept by the service. */
  clientCount = 0;

  constructor(id: string) {
    this.id = id;
  }
}

/** A server connection that ends at an instance. */
export interface PlacedLink {
  readonly hub: string;
  readonly serverId: string;
  readonly instance: Instance;
}

// Outweighs any number of connections that other servers may have.
const OWN_LINK = 1_000_000;

/**
 * The instances that the service consists of: who comes is put on one that is up. Nobody should be put anywhere while
 * none is; whoever is put nevertheless gets the first one.
 */
export class Instances {
  readonly all: readonly Instance[];
  readonly #first: Instance;

  constructor(count: number) {
    const name = `emulator-${randomBytes(6).toString("hex")}`;
    this.#first = new Instance(`${name}-1`);
    const others = Array.from({ length: count - 1 }, (_item, index) => new Instance(`${name}-${index + 2}`));
    this.all = [this.#first, ...others];
  }

  get isAnyUp(): boolean {
    return this.all.some(({ isUp }) => isUp);
  }

  find(id: string): Instance | undefined {
    return this.all.find((instance) => instance.id === id);
  }

  /** The one with the fewest clients. */
  forClient(): Instance {
    return this.#leastLoaded(({ clientCount }) => clientCount);
  }

  /**
   * The one that the server asks for, else the one with the fewest connections of this server, and of those the one
   * with the fewest of the hub.
   */
  forLink(serverId: string, hub: string, links: Iterable<PlacedLink>, target: string | null = null): Instance {
    const asked = target === null ? undefined : this.find(target);
    if (asked?.isUp) return asked;
    const loads = new Map<Instance, number>();
    for (const link of links) {
      if (link.hub !== hub) continue;
      const weight = link.serverId === serverId ? OWN_LINK : 1;
      loads.set(link.instance, (loads.get(link.instance) ?? 0) + weight);
    }
    return this.#leastLoaded((instance) => loads.get(instance) ?? 0);
  }

  #leastLoaded(loadOf: (instance: Instance) => number): Instance {
    let chosen: Instance | undefined;
    for (const instance of this.all) {
      if (instance.isUp && (chosen === undefined || loadOf(instance) < loadOf(chosen))) chosen = instance;
    }
    return chosen ?? this.#first;
  }
}
