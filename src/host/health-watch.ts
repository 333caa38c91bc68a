import type { Clock, Timer } from "../base/clock.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { HealthReport, HealthStatus, HubHealth } from "./health.js";

export interface HealthWatchInput {
  /** Of the service. */
  readonly name: string;
  readonly clock: Clock;
  readonly probe: Probe;
  readonly report: () => Pick<HealthReport, "status" | "hubs">;
}

/** A connection that is lost and replaced at once is no change worth a line. */
const SETTLE_MS = 5000;
const MOST_REASONS = 3;

const LEVELS: { readonly [Status in HealthStatus]: LogLevel } = {
  healthy: "info",
  degraded: "warn",
  unhealthy: "error",
};

/** Knows since when a service is as it is, and tells the log of each change that lasts: once. */
export class HealthWatch {
  readonly #input: HealthWatchInput;
  #status: HealthStatus = "unhealthy";
  #since: number;
  #told: HealthStatus | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(input: HealthWatchInput) {
    this.#input = input;
    this.#since = input.clock.unixTime();
  }

  /** The status at this moment; gives the Unix time, in milliseconds, since when it is that one. */
  observe(status: HealthStatus): number {
    if (status !== this.#status) {
      this.#status = status;
      this.#since = this.#input.clock.unixTime();
    }
    return this.#since;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#isStopped) return;
    this.observe(this.#input.report().status);
    this.#timer ??= this.#input.clock.after(SETTLE_MS, () => this.#settled());
  }

  /** The service is being shut down: that it gets worse from now on is no news. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #settled(): void {
    this.#timer = undefined;
    const { name, probe, report } = this.#input;
    const { status, hubs } = report();
    this.observe(status);
    if (status === this.#told) return;
    this.#told = status;
    const level = LEVELS[status];
    if (!probe.isEnabled(level)) return;
    probe.log({
      level,
      category: "Microsoft.Azure.SignalR",
      event: "HealthChanged",
      message: `The Azure SignalR service ${name} is ${status}${reasonsOf(hubs)}.`,
      attributes: { service: name, status },
    });
  }
}

function reasonsOf(hubs: readonly HubHealth[]): string {
  const reasons = hubs.flatMap(({ hub, endpoints }) =>
    endpoints
      .filter(({ status }) => status !== "healthy")
      .map(({ url, connected, wanted, lastError }) => {
        const cause = lastError === undefined ? "" : ` (${lastError.code})`;
        return `hub ${hub} has ${connected} of ${wanted} connections to ${url}${cause}`;
      }),
  );
  if (reasons.length === 0) return "";
  const rest = reasons.length - MOST_REASONS;
  const shown = reasons.slice(0, MOST_REASONS).join(", ");
  return rest > 0 ? `: ${shown}, and ${rest} more` : `: ${shown}`;
}
