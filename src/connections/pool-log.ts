import type { Timer } from "../base/clock.js";
import type { SignalRError } from "../base/errors.js";
import type { LogCategory, LogEvent } from "../base/log-events.js";
import type { LogLevel } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { endpointLabel } from "../config/service-endpoint.js";
import type { ConnectionEnvironment } from "./connection-options.js";
import { FailureLog } from "./failure-log.js";
import { Category, report } from "./report.js";

export interface PoolLogOptions {
  readonly environment: Pick<ConnectionEnvironment, "clock" | "hub" | "probe" | "tuning">;
  /** As it is called now. */
  readonly endpoint: () => ServiceEndpoint;
  readonly isWeak: boolean;
}

/** The end of one connection, or of an attempt to make one. */
export interface ConnectionEnd {
  readonly id: string;
  /** Undefined: a normal close by the service. */
  readonly reason: SignalRError | undefined;
  readonly wasOpen: boolean;
  /** There will be another one in its place. */
  readonly isReplaced: boolean;
}

/**
 * What a pool tells the log. An outage is one story: each thing that goes wrong in it is told loudly once, until nothing
 * has gone wrong for a while.
 */
export class PoolLog {
  readonly #options: PoolLogOptions;
  readonly #failures = new FailureLog();
  /** As loud as the `EndpointOffline` before it. */
  #onlineLevel: LogLevel = "info";
  /** Runs while nothing is lost; at its end all is well. */
  #calm: Timer | undefined;

  constructor(options: PoolLogOptions) {
    this.#options = options;
  }

  /** How loud to tell a failure, by what makes it the same one. */
  levelOf(signature: string, level: LogLevel): LogLevel {
    return this.#failures.levelOf(signature, level);
  }

  opened(): void {
    const { clock, tuning } = this.#options.environment;
    this.#calm?.cancel();
    this.#calm = clock.after(tuning.stableAfterMs, () => this.#failures.succeeded());
  }

  online(): void {
    this.report(this.#onlineLevel, "EndpointOnline", `Hub ${this.#hub} is now connected to ${this.#label}.`);
  }

  offline(): void {
    const level = this.#failures.levelOf("offline");
    this.#onlineLevel = level === "warn" ? "info" : level;
    this.report(level, "EndpointOffline", `Hub ${this.#hub} is now disconnected from ${this.#label}.`);
  }

  onTrial(): void {
    const seconds = this.#options.environment.tuning.stableAfterMs / 1000;
    const text = `Connections of hub ${this.#hub} to ${this.#label} open and break at once. They are tried one at a time now, up to a minute apart, until one lasts for ${seconds} s.`;
    this.report(this.#failures.levelOf("on trial"), "ConnectionsDoNotLast", text);
  }

  proven(): void {
    this.#onlineLevel = "info";
    this.report("info", "ConnectionsLast", `Hub ${this.#hub} has a connection to ${this.#label} that lasts.`);
  }

  ended({ id, reason, wasOpen, isReplaced }: ConnectionEnd): void {
    // The opening of the next one lets it run again; without a next one it is no less calm than before.
    if (isReplaced) this.#calm?.cancel();
    const next = isReplaced ? (wasOpen ? " It is replaced." : " It is tried again.") : "";
    if (reason === undefined) {
      const level = this.#failures.levelOf("closed by the service", "info");
      const text = `The service closed server connection ${id}.${next}`;
      this.report(level, "ServiceConnectionClose", text, undefined, Category.connection);
      return;
    }
    const level = this.#failures.levelOf(`${reason.code} ${reason.message}`);
    if (wasOpen) {
      const text = `Server connection ${id} was lost: ${reason.message}${next}`;
      // It heals itself. That the endpoint is offline, if it comes to that, is told as a warning.
      const quiet = level === "debug" ? level : "info";
      this.report(quiet, "ConnectionDropped", text, reason, Category.connection);
      return;
    }
    const event = reason.code === "CONNECTION_HANDSHAKE_REJECTED" ? "HandshakeError" : "FailedToConnect";
    const text = `Could not connect to ${this.#label}: ${reason.message}${next}`;
    this.report(level, event, text, reason, Category.connection);
  }

  /** Leaves no timer behind. */
  stop(): void {
    this.#calm?.cancel();
  }

  report(
    level: LogLevel,
    event: LogEvent,
    message: string,
    error?: unknown,
    category: LogCategory = this.#options.isWeak ? Category.weakPool : Category.strongPool,
  ): void {
    report(this.#options.environment.probe, {
      level,
      category,
      event,
      message,
      ...(error === undefined ? {} : { error }),
      attributes: { hub: this.#hub, endpoint: this.#options.endpoint().endpoint },
    });
  }

  get #hub(): string {
    return this.#options.environment.hub;
  }

  get #label(): string {
    return endpointLabel(this.#options.endpoint());
  }
}
