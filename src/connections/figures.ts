import type { EndpointType } from "../config/endpoint.js";
import type { PoolCounts } from "./counts.js";
import type { EndpointMetrics } from "./endpoint-status.js";
import type { ConnectionPool } from "./pool.js";
import type { ConnectionStateName } from "./state.js";

/** The numbers of one hub at one endpoint. */
export interface EndpointFigures {
  /** Its name, or its host where it has none. */
  readonly endpoint: string;
  readonly type: EndpointType;
  readonly isOnline: boolean;
  /** By the last word of the endpoint. */
  readonly metrics: EndpointMetrics;
  /** Server connections that are not closed, by state. */
  readonly connections: ReadonlyMap<ConnectionStateName, number>;
  /** Bytes that the operating system has not taken yet. */
  readonly unsentBytes: number;
  readonly counts: PoolCounts;
}

const STATES: readonly ConnectionStateName[] = ["idle", "dialing", "handshaking", "open", "draining"];

export function figuresOf(pool: ConnectionPool): EndpointFigures {
  const connections = new Map<ConnectionStateName, number>(STATES.map((state) => [state, 0]));
  let unsentBytes = 0;
  for (const connection of pool.connections()) {
    connections.set(connection.state, (connections.get(connection.state) ?? 0) + 1);
    unsentBytes += connection.unsentBytes;
  }
  const { endpoint, isOnline, metrics, counts } = pool;
  return {
    endpoint: shortEndpoint(endpoint),
    type: endpoint.type,
    isOnline,
    metrics,
    connections,
    unsentBytes,
    counts,
  };
}

/** An endpoint's name, or its host where it has none: short, and the same in all telemetry. */
export function shortEndpoint({ name, endpoint }: { readonly name: string; readonly endpoint: string }): string {
  return name === "" ? new URL(endpoint).host : name;
}
