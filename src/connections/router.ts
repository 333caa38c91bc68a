import { SignalRError } from "../base/errors.js";
import type { EndpointType } from "../config/endpoint.js";

/** How full an endpoint is, by its last word; all 0 until it is known. */
export interface RoutableEndpointMetrics {
  /** Clients that are connected to the endpoint, of all hubs and servers. */
  readonly clientConnectionCount: number;
  readonly serverConnectionCount: number;
  /** Connections that the endpoint can take. */
  readonly connectionCapacity: number;
}

/** One endpoint of a hub as a router sees it. The same object each time; its members tell what is so at the moment. */
export interface RoutableEndpoint {
  /** Empty for the nameless one. */
  readonly name: string;
  readonly type: EndpointType;
  /** `https://<name>.service.signalr.net` */
  readonly url: string;
  /** Whether a server connection of the hub is open there. */
  readonly isOnline: boolean;
  /** False when the service said for a while that no client of the hub is there. */
  readonly isActive: boolean;
  readonly metrics: RoutableEndpointMetrics;
}

/** What {@link EndpointRouter.negotiate} may return; nothing refuses the client with 500. */
export type NegotiateRoute = RoutableEndpoint | null | undefined;

/**
 * Decides which of several endpoints get clients and messages, in place of the default: clients go where there is room,
 * messages to every endpoint that is online. All methods are optional; a missing one is the default. Endpoints that are not
 * the hub's own are passed over with a log record.
 */
export interface EndpointRouter<TRequest = unknown> {
  /** Where this client goes. `request` is that of the web framework. May be async. */
  negotiate?(request: TRequest, endpoints: readonly RoutableEndpoint[]): NegotiateRoute | Promise<NegotiateRoute>;
  /** Which endpoints get what is sent to everybody. Like all below, asked for every message: keep it quick. */
  broadcast?(endpoints: readonly RoutableEndpoint[]): readonly RoutableEndpoint[];
  /** Which endpoints get what concerns a user. */
  user?(userId: string, endpoints: readonly RoutableEndpoint[]): readonly RoutableEndpoint[];
  /** Which endpoints get what concerns a group, joining and leaving included. */
  group?(groupName: string, endpoints: readonly RoutableEndpoint[]): readonly RoutableEndpoint[];
  /** Which endpoints get what concerns one client that is connected through another server. */
  connection?(connectionId: string, endpoints: readonly RoutableEndpoint[]): readonly RoutableEndpoint[];
}

const online = (endpoints: readonly RoutableEndpoint[]): readonly RoutableEndpoint[] =>
  endpoints.filter(({ isOnline }) => isOnline);

/**
 * What is done without a router, for routers that decide some cases only.
 *
 * @example
 * negotiate: (request, endpoints) =>
 *   endpoints.find(({ name }) => name === regionOf(request)) ?? defaultEndpointRouter.negotiate(request, endpoints)
 */
export const defaultEndpointRouter: Readonly<Omit<Required<EndpointRouter>, "negotiate">> & {
  /** @throws SignalRError NOT_CONNECTED when no endpoint is online; clients are answered with 503 */
  readonly negotiate: (request: unknown, endpoints: readonly RoutableEndpoint[]) => RoutableEndpoint;
} = Object.freeze({
  negotiate(_request: unknown, endpoints: readonly RoutableEndpoint[]): RoutableEndpoint {
    const chosen = chooseNegotiateEndpoint(endpoints, Math.random);
    if (chosen !== undefined) return chosen;
    throw new SignalRError("NOT_CONNECTED", "No endpoint is online, so there is nowhere to send a client.");
  },
  broadcast: online,
  user: (_userId: string, endpoints: readonly RoutableEndpoint[]) => online(endpoints),
  group: (_groupName: string, endpoints: readonly RoutableEndpoint[]) => online(endpoints),
  connection: (_connectionId: string, endpoints: readonly RoutableEndpoint[]) => online(endpoints),
});

/**
 * Where the next client is sent: to one of the primary endpoints that are online, else to a secondary one. When all of
 * them told their capacity, the ones with more room get more clients. Undefined: none is online.
 */
export function chooseNegotiateEndpoint<T extends Pick<RoutableEndpoint, "type" | "isOnline" | "metrics">>(
  all: readonly T[],
  random: () => number,
): T | undefined {
  const reachable = all.filter((candidate) => candidate.isOnline);
  const primaries = reachable.filter((candidate) => candidate.type === "primary");
  const candidates = primaries.length > 0 ? primaries : reachable;
  if (candidates.length <= 1) return candidates[0];
  if (candidates.some((candidate) => candidate.metrics.connectionCapacity === 0)) {
    return candidates[Math.floor(random() * candidates.length)];
  }
  const weights = candidates.map((candidate) => weightOf(candidate.metrics));
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, candidate] of candidates.entries()) {
    rest -= weights[index] ?? 0;
    if (rest < 0) return candidate;
  }
  // What rounding leaves over.
  return candidates.at(-1);
}

/** Free room in thousandths; a full endpoint still gets a chance, because its numbers may be old. */
function weightOf(metrics: RoutableEndpointMetrics): number {
  const { connectionCapacity, clientConnectionCount, serverConnectionCount } = metrics;
  const free = connectionCapacity - (clientConnectionCount + serverConnectionCount);
  return Math.max(1, Math.floor((free / connectionCapacity) * 1000));
}
