import type { EndpointType } from "../config/endpoint.js";
import type { ConnectionPool } from "./pool.js";
import type { RoutableEndpoint, RoutableEndpointMetrics } from "./router.js";

/**
 * `joining`: it gets messages, but no new clients before all servers are connected to it. `serving`: both. `leaving`: it
 * gets messages for as long as clients are left there, and no new ones.
 */
export type MemberPhase = "joining" | "serving" | "leaving";

/** One endpoint of a hub: its connections, and where it stands between its coming and its going. */
export class EndpointMember {
  readonly pool: ConnectionPool;
  /** What routers get to see; the same object for as long as the endpoint is there. */
  readonly view: RoutableEndpoint;
  phase: MemberPhase;

  constructor(pool: ConnectionPool, phase: MemberPhase) {
    this.pool = pool;
    this.view = new PoolView(pool);
    this.phase = phase;
  }
}

class PoolView implements RoutableEndpoint {
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  get name(): string {
    return this.#pool.endpoint.name;
  }

  get type(): EndpointType {
    return this.#pool.endpoint.type;
  }

  get url(): string {
    return this.#pool.endpoint.endpoint;
  }

  get isOnline(): boolean {
    return this.#pool.isOnline;
  }

  get isActive(): boolean {
    return this.#pool.status.isActive;
  }

  get metrics(): RoutableEndpointMetrics {
    const { clientCount, serverCount, capacity } = this.#pool.status.metrics;
    return {
      clientConnectionCount: clientCount,
      serverConnectionCount: serverCount,
      connectionCapacity: capacity,
    };
  }
}
