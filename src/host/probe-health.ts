import type { Clock } from "../base/clock.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { defaultUserAgent } from "../connections/user-agent.js";
import type { Network } from "../network/network.js";
import { askHealth } from "../rest/health.js";
import { RestClient } from "../rest/rest-client.js";
import { type EndpointHealth, type HealthReport, overall } from "./health.js";

export interface ProbeInput {
  /** What is known; asked for after the answers are here. */
  readonly report: () => HealthReport;
  readonly endpoints: readonly ServiceEndpoint[];
  readonly network: Network;
  /** Milliseconds for each endpoint; all are asked at the same time. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** The report after each endpoint was asked: one that does not answer well is unhealthy, whatever is connected to it. */
export async function probeHealth({ report, endpoints, network, timeout, clock }: ProbeInput): Promise<HealthReport> {
  const client = new RestClient({ userAgent: defaultUserAgent(), timeout, clock, network });
  const answers = await Promise.all(endpoints.map((endpoint) => askHealth(client, endpoint, clock)));
  const known = report();
  const asked = endpoints.map((endpoint, index): EndpointHealth => {
    const { name, type, endpoint: url } = endpoint;
    const found = known.endpoints.find((each) => each.url === url && each.name === name);
    // Without hubs nothing is connected, and nothing is expected to be.
    const health = found ?? { name, type, url, status: "healthy", connected: 0, wanted: 0 };
    const answer = answers[index];
    return { ...health, status: answer?.isWell ? health.status : "unhealthy", ...(answer && { answer }) };
  });
  const status = overall(asked);
  if (status === "unhealthy") return { ...known, status, endpoints: asked };
  return { ...known, status: known.status === "healthy" ? status : known.status, endpoints: asked };
}
