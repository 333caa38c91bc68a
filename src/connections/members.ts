import type { ServiceMessage } from "../protocol/service/messages.js";
import type { EndpointMember } from "./endpoint-member.js";
import type { ConnectionPool } from "./pool.js";
import type { EndpointRouter, RoutableEndpoint } from "./router.js";
import { askRouter } from "./routing.js";
import type { ServerConnection } from "./server-connection.js";

/** What a router's answer came to. */
export interface RoutedPools {
  readonly pools: readonly ConnectionPool[];
  /** Answers that are no endpoints of the hub. */
  readonly strangers: readonly unknown[];
}

const NO_STRANGERS: readonly unknown[] = Object.freeze([]);

/** The endpoints of one hub at this moment, and which of them get what. */
export class EndpointMembers {
  #all: readonly EndpointMember[] = [];
  #pools: readonly ConnectionPool[] = [];
  #views: readonly RoutableEndpoint[] = [];
  /** Two members with one address: an endpoint that is being replaced by itself, with another type or other addresses. */
  #hasTwins = false;

  constructor(all: readonly EndpointMember[]) {
    this.set(all);
  }

  get all(): readonly EndpointMember[] {
    return this.#all;
  }

  /** Of all members, those that leave included. */
  get pools(): readonly ConnectionPool[] {
    return this.#pools;
  }

  /** Those that stay. */
  get lasting(): readonly EndpointMember[] {
    return this.#all.filter(({ phase }) => phase !== "leaving");
  }

  /** Those that new clients may be sent to. */
  get serving(): readonly EndpointMember[] {
    return this.#all.filter(({ phase }) => phase === "serving");
  }

  set(all: readonly EndpointMember[]): void {
    this.#all = all;
    this.#pools = all.map(({ pool }) => pool);
    this.#views = all.map(({ view }) => view);
    this.#hasTwins = new Set(this.#pools.map(addressOf)).size < all.length;
  }

  /** The endpoints that get what is sent, without a router. A secondary one where nobody is has no need of it. */
  online(via: ServerConnection | undefined): readonly ConnectionPool[] {
    // As a rule all is well, and there is nothing to choose.
    if (!this.#hasTwins && this.#pools.every(isReady)) return this.#pools;
    const online = this.#pools.filter((pool) => pool.hasOpen);
    if (online.length <= 1) return online;
    const active = online.filter(isNeeded);
    const targets = active.length > 0 ? active : online;
    return this.#hasTwins ? withoutTwins(targets, via) : targets;
  }

  /**
   * The endpoints that a router wants a message to go to, online or not; undefined: it leaves that to the default.
   * @throws what the router throws, and ARGUMENT_INVALID when it returns no array
   */
  routed(router: EndpointRouter, message: ServiceMessage, via: ServerConnection | undefined): RoutedPools | undefined {
    const answers = askRouter(router, message, this.#views);
    if (answers === undefined) return undefined;
    const pools = new Set<ConnectionPool>();
    const strangers: unknown[] = [];
    for (const answer of answers) {
      const member = meant(this.#all, answer);
      if (member === undefined) strangers.push(answer);
      else pools.add(member.pool);
    }
    const found = [...pools];
    return {
      pools: this.#hasTwins ? withoutTwins(found, via) : found,
      strangers: strangers.length === 0 ? NO_STRANGERS : strangers,
    };
  }

  /** The endpoint for new clients that a router means. */
  servingOf(answer: unknown): EndpointMember | undefined {
    return meant(this.serving, answer);
  }

  /** The endpoint that a connection leads to. */
  poolOf(connection: ServerConnection): ConnectionPool | undefined {
    return this.#pools.find((pool) => pool.has(connection));
  }
}

/** The member that a router means: by the very object that it was given, else by its address. */
function meant(members: readonly EndpointMember[], answer: unknown): EndpointMember | undefined {
  const known = members.find(({ view }) => view === answer);
  if (known !== undefined || typeof answer !== "object" || answer === null || !("url" in answer)) return known;
  const { url } = answer;
  // Of twins the last one stays.
  return members.findLast(({ pool }) => addressOf(pool) === url);
}

/** Whether what is sent to all can have receivers there. */
export function isNeeded(pool: ConnectionPool): boolean {
  return !pool.isWeak || pool.status.isActive;
}

function isReady(pool: ConnectionPool): boolean {
  return pool.hasOpen && isNeeded(pool);
}

function addressOf(pool: ConnectionPool): string {
  return pool.endpoint.endpoint;
}

/** One pool for each address: clients there would get everything twice otherwise. */
function withoutTwins(pools: readonly ConnectionPool[], via: ServerConnection | undefined): readonly ConnectionPool[] {
  const byAddress = new Map<string, ConnectionPool>();
  for (const pool of pools) {
    const address = addressOf(pool);
    const other = byAddress.get(address);
    // The client's own way first, so that what is sent in its name keeps its order; else the newer one.
    const isBetter = other === undefined || (pool.hasOpen && !(via !== undefined && other.has(via)));
    if (isBetter) byAddress.set(address, pool);
  }
  return [...byAddress.values()];
}
