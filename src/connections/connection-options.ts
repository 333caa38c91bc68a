import type { TokenSource } from "../auth/token-source.js";
import type { Clock } from "../base/clock.js";
import type { SignalRError } from "../base/errors.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { AccessKeyResponse, Ack, Ping, ServiceMessage } from "../protocol/service/messages.js";
import type { PoolCounts } from "./counts.js";
import type { ServerConnection } from "./server-connection.js";
import type { Dial } from "./socket.js";
import type { ResolvedConnectionTuning } from "./tuning.js";

/** What all server connections of one hub share. */
export interface ConnectionEnvironment {
  /** Name at the service. */
  readonly hub: string;
  readonly serverName: string;
  readonly userAgent: string;
  readonly migrationLevel: number;
  readonly allowStatefulReconnects: boolean;
  readonly tuning: ResolvedConnectionTuning;
  readonly clock: Clock;
  readonly random: () => number;
  readonly probe: Probe;
  readonly dial: Dial;
  readonly newId: () => string;
  readonly clientsInHub: () => number;
}

/** What a connection tells its pool. Handlers do not throw, except `onMessage`: what it throws is reported. */
export interface ConnectionHandlers {
  onOpen(connection: ServerConnection): void;
  /** It cannot be written to any more, or should not get new work; it may still be read. Called on each such change. */
  onChange(connection: ServerConnection): void;
  /** All messages but handshakes, pings, acks, keys, service errors and service events. Bytes in them are views, valid during the call. */
  onMessage(message: ServiceMessage, connection: ServerConnection): void;
  /** Pings that carry something for the pool. */
  onPing(messages: Ping["messages"], connection: ServerConnection): void;
  onAck(ack: Ack): void;
  /** How loud to tell a failure that may repeat itself, by what makes it the same one. */
  levelOf(signature: string, level: LogLevel): LogLevel;
  /** The answer to an `accessKeyRequest`. */
  onAccessKey(response: AccessKeyResponse): void;
  /** Once, at the end. */
  onClosed(connection: ServerConnection, reason: SignalRError | undefined, wasOpen: boolean): void;
}

export interface ServerConnectionOptions {
  readonly environment: ConnectionEnvironment;
  readonly endpoint: ServiceEndpoint;
  readonly tokens: TokenSource;
  /** One of ConnectionType. */
  readonly connectionType: number;
  /** The service instance that asked for this connection. */
  readonly target?: string | undefined;
  readonly handlers: ConnectionHandlers;
  /** Counted up by the connection. */
  readonly counts: PoolCounts;
}
