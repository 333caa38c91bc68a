import type { ServiceEndpoint } from "../config/endpoint.js";
import type { EndpointMetrics } from "./endpoint-status.js";

/** An endpoint as the router sees it. */
export interface RoutableEndpoint {
  readonly endpoint: ServiceEndpoint;
  readonly isOnline: boolean;
  readonly metrics: EndpointMetrics;
}

/**
 * Where the next client is sent: to one of the primary endpoints that are online, else to a secondary one. When all of
 * them told their capacity, the ones with more room get more clients. Undefined: none is online.
 */
export function chooseNegotiateEndpoint<T extends RoutableEndpoint>(
  all: readonly T[],
  random: () => number,
): T | undefined {
  const online = all.filter((candidate) => candidate.isOnline);
  const primaries = online.filter((candidate) => candidate.endpoint.type === "primary");
  const candidates = primaries.length > 0 ? primaries : online;
  if (candidates.length <= 1) return candidates[0];
  if (candidates.some((candidate) => candidate.metrics.capacity === 0)) {
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
function weightOf({ capacity, clientCount, serverCount }: EndpointMetrics): number {
  return Math.max(1, Math.floor(((capacity - (clientCount + serverCount)) / capacity) * 1000));
}
