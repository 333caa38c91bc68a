import type { EndpointType } from "../config/endpoint.js";
import type { EndpointMetrics } from "./endpoint-status.js";
import type { ConnectionPool } from "./pool.js";
import type { ConnectionStateName } from "./state.js";

/** One server connection as it is now. */
export interface ServerConnectionStatus {
  readonly id: string;
  readonly state: ConnectionStateName;
  /** One of ConnectionType. */
  readonly connectionType: number;
  readonly clientCount: number;
}

/** One endpoint of a hub as it is now. */
export interface EndpointConnectionStatus {
  readonly name: string;
  readonly type: EndpointType;
  readonly endpoint: string;
  readonly isOnline: boolean;
  /** False when the service said for a while that no client of the hub is there. */
  readonly isActive: boolean;
  readonly metrics: EndpointMetrics;
  /** Why the last connection or attempt ended; undefined while all is well. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  readonly connections: readonly ServerConnectionStatus[];
}

/** All that one hub's connections know, at one moment. */
export interface ContainerStatus {
  readonly hub: string;
  readonly isConnected: boolean;
  readonly endpoints: readonly EndpointConnectionStatus[];
}

export function statusOf(hub: string, isConnected: boolean, pools: readonly ConnectionPool[]): ContainerStatus {
  return { hub, isConnected, endpoints: pools.map(endpointStatusOf) };
}

function endpointStatusOf(pool: ConnectionPool): EndpointConnectionStatus {
  const { endpoint, lastFailure, status } = pool;
  return {
    name: endpoint.name,
    type: endpoint.type,
    endpoint: endpoint.endpoint,
    isOnline: pool.isOnline,
    isActive: status.isActive,
    metrics: status.metrics,
    failure: lastFailure && { code: lastFailure.code, message: lastFailure.message },
    connections: pool.connections().map(({ id, state, connectionType, clientCount }) => ({
      id,
      state,
      connectionType,
      clientCount,
    })),
  };
}
