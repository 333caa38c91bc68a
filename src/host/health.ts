import { healthUrl } from "../auth/service-urls.js";
import type { EndpointType, ServiceEndpoint } from "../config/endpoint.js";
import type { EndpointConnectionStatus } from "../connections/container-status.js";
import { hubNameOf } from "../hub/methods.js";
import type { MappedHub } from "./mapped-hub.js";

export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** One hub of a named service. */
export interface HubHealth {
  /** Name at the service; the name of the class while the hub does not run. */
  readonly hub: string;
  readonly paths: readonly string[];
  /** Healthy: connected to a primary endpoint; degraded: to a secondary one only. */
  readonly status: HealthStatus;
  /** Clients of the hub in this process. */
  readonly clients: number;
}

/** One endpoint of a named service. */
export interface EndpointHealth {
  /** Empty for the nameless one. */
  readonly name: string;
  readonly type: EndpointType;
  readonly url: string;
  /** Healthy: every hub is connected there; degraded: some are. */
  readonly status: HealthStatus;
}

/** How a named service is. */
export interface HealthReport {
  /** Healthy: every hub is; unhealthy: none can serve clients; degraded: all between. */
  readonly status: HealthStatus;
  readonly hubs: readonly HubHealth[];
  readonly endpoints: readonly EndpointHealth[];
}

const ASK_TIMEOUT_MS = 2000;

/** What the hubs themselves cannot know of their service. */
export interface ServiceCondition {
  /** Settings that cannot be used, or a shutdown. */
  readonly isDown: boolean;
  /** Some path has no hub that could be started. */
  readonly isPartial: boolean;
}

/** What is known at this moment, without asking anybody. */
export function reportHealth(mapped: Iterable<MappedHub>, condition: ServiceCondition): HealthReport {
  const hubs: HubHealth[] = [];
  const connections: EndpointConnectionStatus[] = [];
  for (const { hub, hubClass, paths } of mapped) {
    const endpoints = hub?.host.container.status().endpoints ?? [];
    connections.push(...endpoints);
    hubs.push({
      hub: hub?.name ?? hubNameOf(hubClass).toLowerCase(),
      paths: [...paths],
      status: hubStatus(endpoints),
      clients: hub?.host.clientCount ?? 0,
    });
  }
  return { status: overall(hubs, condition), hubs, endpoints: endpointsOf(connections) };
}

/** The report after each endpoint was asked: one that does not answer well is unhealthy, whatever is connected to it. */
export async function probeHealth(
  report: HealthReport,
  endpoints: readonly ServiceEndpoint[],
  fetchUrl: typeof fetch,
): Promise<HealthReport> {
  const asked = await Promise.all(
    endpoints.map(async (endpoint): Promise<EndpointHealth> => {
      const { name, type, endpoint: url } = endpoint;
      const known = report.endpoints.find((found) => found.url === url && found.name === name);
      const isWell = await answersWell(endpoint, fetchUrl);
      return { name, type, url, status: isWell ? (known?.status ?? "healthy") : "unhealthy" };
    }),
  );
  const reached = asked.filter(({ status }) => status !== "unhealthy").length;
  if (reached === 0) return { ...report, status: "unhealthy", endpoints: asked };
  const isWorse = reached < asked.length && report.status === "healthy";
  return { ...report, status: isWorse ? "degraded" : report.status, endpoints: asked };
}

async function answersWell(endpoint: ServiceEndpoint, fetchUrl: typeof fetch): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    return (await fetchUrl(healthUrl(endpoint), { method: "HEAD", redirect: "manual", signal })).ok;
  } catch {
    return false;
  }
}

function hubStatus(endpoints: readonly EndpointConnectionStatus[]): HealthStatus {
  const online = endpoints.filter(({ isOnline }) => isOnline);
  if (online.some(({ type }) => type === "primary")) return "healthy";
  return online.length > 0 ? "degraded" : "unhealthy";
}

function overall(hubs: readonly HubHealth[], { isDown, isPartial }: ServiceCondition): HealthStatus {
  if (isDown) return "unhealthy";
  if (!isPartial && hubs.every(({ status }) => status === "healthy")) return "healthy";
  return hubs.length > 0 && hubs.every(({ status }) => status === "unhealthy") ? "unhealthy" : "degraded";
}

function endpointsOf(connections: readonly EndpointConnectionStatus[]): EndpointHealth[] {
  const seen = new Map<string, { readonly health: Omit<EndpointHealth, "status">; hubs: number; online: number }>();
  for (const { name, type, endpoint: url, isOnline } of connections) {
    const key = `${name} ${url}`;
    const entry = seen.get(key) ?? { health: { name, type, url }, hubs: 0, online: 0 };
    entry.hubs += 1;
    if (isOnline) entry.online += 1;
    seen.set(key, entry);
  }
  return Array.from(seen.values(), ({ health, hubs, online }) => ({
    ...health,
    status: online === 0 ? "unhealthy" : online < hubs ? "degraded" : "healthy",
  }));
}
