import type { ErrorCode } from "../base/errors.js";
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

/** Why a connection or an attempt has ended. */
export interface ConnectionFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** Unix time in milliseconds. */
  readonly at: number;
}

/** One endpoint of a hub as it is now. */
export interface EndpointConnectionStatus {
  readonly name: string;
  readonly type: EndpointType;
  readonly endpoint: string;
  readonly isOnline: boolean;
  /** Unix time in milliseconds of the last change of {@link isOnline}. */
  readonly since: number;
  /** Open connections, those included that the service has asked for. */
  readonly connected: number;
  /** Connections that are held open when all is well. */
  readonly wanted: number;
  /** False when the service said for a while that no client of the hub is there. */
  readonly isActive: boolean;
  readonly metrics: EndpointMetrics;
  /** Why the last connection or attempt ended; undefined while all is well. */
  readonly failure: ConnectionFailure | undefined;
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
  const { endpoint, lastFailure, lastFailureAt, status } = pool;
  const connections = pool.connections();
  return {
    name: endpoint.name,
    type: endpoint.type,
    endpoint: endpoint.endpoint,
    isOnline: pool.isOnline,
    since: pool.since,
    connected: connections.filter((connection) => connection.isOpen).length,
    wanted: pool.wanted,
    isActive: status.isActive,
    metrics: status.metrics,
    failure: lastFailure && { code: lastFailure.code, message: lastFailure.message, at: lastFailureAt },
    connections: connections.map(({ id, state, connectionType, clientCount }) => ({
      id,
      state,
      connectionType,
      clientCount,
    })),
  };
}
