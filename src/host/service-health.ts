import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { Probe } from "../base/probe.js";
import { type HealthReport, reportHealth, type ServiceCondition } from "./health.js";
import { HealthWatch } from "./health-watch.js";
import type { HubMap } from "./hub-map.js";
import type { OpenService } from "./service.js";

/** How `probe` asks. */
export interface ProbeOptions {
  /** Milliseconds that an endpoint may take to answer. @default 2_000 */
  readonly timeout?: number;
}

export interface ServiceHealthInput {
  /** Of the service. */
  readonly name: string;
  readonly map: Pick<HubMap<never>, "hubs" | "conflict">;
  readonly clock: Clock;
  readonly probe: Probe;
}

const PROBE_TIMEOUT_MS = 2000;

/** How a named service is: what its hubs know, and what only the service itself does. */
export class ServiceHealth {
  readonly #input: ServiceHealthInput;
  readonly #watch: HealthWatch;
  #down: ServiceCondition["down"];

  constructor(input: ServiceHealthInput) {
    this.#input = input;
    this.#watch = new HealthWatch({ ...input, report: () => this.#known() });
  }

  /** What is known at this moment. */
  report(): HealthReport {
    const { status, ...known } = this.#known();
    return { status, since: new Date(this.#watch.observe(status)).toISOString(), ...known };
  }

  /**
   * {@link report} after each endpoint was asked, all at the same time.
   * @throws SignalRError (as rejection) ARGUMENT_INVALID for a timeout that is none
   */
  async probe(
    open: () => Promise<OpenService>,
    { timeout = PROBE_TIMEOUT_MS }: ProbeOptions = {},
  ): Promise<HealthReport> {
    if (!Number.isFinite(timeout) || timeout <= 0) {
      throw new SignalRError("ARGUMENT_INVALID", `timeout of probe is in milliseconds, above 0; got ${timeout}.`);
    }
    if (this.#down !== undefined) return this.report();
    try {
      const { settings, network } = await open();
      // Loaded only here: a process with access keys that nobody probes never reads the code for REST calls.
      const { probeHealth } = await import("./probe-health.js");
      const { clock } = this.#input;
      return await probeHealth({ report: () => this.report(), endpoints: settings.endpoints, network, timeout, clock });
    } catch {
      // The settings cannot be used, as the report says.
      return this.report();
    }
  }

  /** Connections may be in another state now. */
  changed(): void {
    this.#watch.changed();
  }

  /** Nothing will work any more, and this is why. The first reason stays. */
  ended(error: Error): void {
    const told = error instanceof SignalRError ? error : new SignalRError("CONFIG_INVALID", error.message);
    this.#down ??= { error: told, at: this.#input.clock.unixTime() };
    this.#watch.stop();
  }

  #known(): Omit<HealthReport, "since"> {
    const { map } = this.#input;
    return reportHealth(map.hubs, { down: this.#down, isPartial: map.conflict !== undefined });
  }
}
