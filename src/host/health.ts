import type { ErrorCode, SignalRError } from "../base/errors.js";
import type { EndpointType } from "../config/endpoint.js";
import type { ConnectionFailure, EndpointConnectionStatus } from "../connections/container-status.js";
import { hubNameOf } from "../hub/methods.js";
import { hintFor } from "./health-hints.js";
import type { MappedHub } from "./mapped-hub.js";

/** Healthy: all of it is up; unhealthy: nothing is; degraded: all between. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** Why something is not well. */
export interface HealthFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to look at, or to do. */
  readonly hint: string;
  /** When it happened, as ISO 8601 text. */
  readonly at: string;
}

/** How one hub is connected to one endpoint. */
export interface HubEndpointHealth {
  /** Empty for the nameless one. */
  readonly name: string;
  readonly url: string;
  /** Unhealthy: not connected; degraded: with fewer connections than wanted, after one has failed. */
  readonly status: HealthStatus;
  /** Server connections that are open, those included that the service has asked for on top. */
  readonly connected: number;
  /** Server connections that are held open when all is well. */
  readonly wanted: number;
  /** Since when it is connected, or is not, as ISO 8601 text. */
  readonly since: string;
  /** Why the last connection or attempt ended; absent when one has opened after it. */
  readonly lastError?: HealthFailure;
}

/** One hub of a named service. */
export interface HubHealth {
  /** Name at the service; the name of the class while the hub does not run. */
  readonly hub: string;
  readonly paths: readonly string[];
  readonly status: HealthStatus;
  /** Clients of the hub in this process. */
  readonly clients: number;
  /** Empty while the hub does not run. */
  readonly endpoints: readonly HubEndpointHealth[];
}

/** What an endpoint answered when it was asked. */
export interface EndpointAnswer {
  readonly isWell: boolean;
  /** HTTP status; absent when there was no answer. */
  readonly status?: number;
  /** How long it took. */
  readonly milliseconds: number;
  /** Why there was no answer. */
  readonly message?: string;
}

/** One endpoint of a named service, over all hubs. */
export interface EndpointHealth {
  /** Empty for the nameless one. */
  readonly name: string;
  readonly type: EndpointType;
  readonly url: string;
  readonly status: HealthStatus;
  readonly connected: number;
  readonly wanted: number;
  /** The latest one. */
  readonly lastError?: HealthFailure;
  /** Only in what `probe()` gives. */
  readonly answer?: EndpointAnswer;
}

/** How a named service is. Holds no secrets. */
export interface HealthReport {
  readonly status: HealthStatus;
  /** Since when it is so by what is known without asking, as ISO 8601 text. */
  readonly since: string;
  readonly hubs: readonly HubHealth[];
  readonly endpoints: readonly EndpointHealth[];
  /** Why nothing can work: settings that cannot be used, or a shutdown. */
  readonly lastError?: HealthFailure;
}

/** What the hubs themselves cannot know of their service. */
export interface ServiceCondition {
  /** Why nothing can work: settings that cannot be used, or a shutdown. */
  readonly down: { readonly error: SignalRError; readonly at: number } | undefined;
  /** Some path has no hub that could be started. */
  readonly isPartial: boolean;
}

/** What is known at this moment, without asking anybody. */
export function reportHealth(mapped: Iterable<MappedHub>, condition: ServiceCondition): Omit<HealthReport, "since"> {
  const hubs: HubHealth[] = [];
  const connections: EndpointConnectionStatus[] = [];
  for (const { hub, hubClass, paths } of mapped) {
    const found = hub?.host.container.status().endpoints ?? [];
    connections.push(...found);
    const endpoints = found.map(hubEndpointHealth);
    hubs.push({
      hub: hub?.name ?? hubNameOf(hubClass).toLowerCase(),
      paths: [...paths],
      status: overall(endpoints),
      clients: hub?.host.clientCount ?? 0,
      endpoints,
    });
  }
  const { down } = condition;
  return {
    status: serviceStatus(hubs, condition),
    hubs,
    endpoints: endpointsOf(connections),
    ...(down && lastErrorOf({ code: down.error.code, message: down.error.message, at: down.at })),
  };
}

/** All, none, or something between. Nothing at all is not well. */
export function overall(parts: ReadonlyArray<{ readonly status: HealthStatus }>): HealthStatus {
  if (parts.every(({ status }) => status === "unhealthy")) return "unhealthy";
  return parts.every(({ status }) => status === "healthy") ? "healthy" : "degraded";
}

function serviceStatus(hubs: readonly HubHealth[], { down, isPartial }: ServiceCondition): HealthStatus {
  if (down !== undefined) return "unhealthy";
  // A service without hubs has nothing that could be ill.
  const status = hubs.length === 0 ? "healthy" : overall(hubs);
  return isPartial && status === "healthy" ? "degraded" : status;
}

function hubEndpointHealth(connection: EndpointConnectionStatus): HubEndpointHealth {
  const { name, endpoint: url, connected, wanted, since, failure } = connection;
  return {
    name,
    url,
    status: connectionStatus(connection),
    connected,
    wanted,
    since: textOf(since),
    ...(failure && lastErrorOf(failure)),
  };
}

/** Connections that are only just being opened, at the start or after the loss of one, are no reason to worry. */
function connectionStatus({ isOnline, connected, wanted, failure }: EndpointConnectionStatus): HealthStatus {
  if (!isOnline) return "unhealthy";
  return connected < wanted && failure !== undefined ? "degraded" : "healthy";
}

function endpointsOf(connections: readonly EndpointConnectionStatus[]): EndpointHealth[] {
  const byEndpoint = new Map<string, EndpointConnectionStatus[]>();
  for (const connection of connections) {
    const key = `${connection.name} ${connection.endpoint}`;
    const known = byEndpoint.get(key);
    if (known === undefined) byEndpoint.set(key, [connection]);
    else known.push(connection);
  }
  return Array.from(byEndpoint.values(), endpointHealth);
}

/** @param parts of all hubs, at least one */
function endpointHealth(parts: readonly EndpointConnectionStatus[]): EndpointHealth {
  const [{ name = "", type = "primary", endpoint: url = "" } = {}] = parts;
  const failures = parts.flatMap(({ failure }) => failure ?? []).sort((one, other) => other.at - one.at);
  const [latest] = failures;
  return {
    name,
    type,
    url,
    status: overall(parts.map((part) => ({ status: connectionStatus(part) }))),
    connected: parts.reduce((sum, { connected }) => sum + connected, 0),
    wanted: parts.reduce((sum, { wanted }) => sum + wanted, 0),
    ...(latest && lastErrorOf(latest)),
  };
}

function lastErrorOf({ code, message, at }: ConnectionFailure): { readonly lastError: HealthFailure } {
  return { lastError: { code, message, hint: hintFor(code), at: textOf(at) } };
}

function textOf(unixTimeMs: number): string {
  return new Date(unixTimeMs).toISOString();
}
