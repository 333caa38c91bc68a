import type { Instruments } from "./instruments.js";
import type { LogCategory, LogEvent } from "./log-events.js";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** One thing worth telling an operator. Never holds a key or a token. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Where it happened, e.g. `Microsoft.Azure.SignalR.ServiceConnection`. */
  readonly category: LogCategory;
  /** Stable name of the event, e.g. `EndpointOffline` (names of the official SDK where it has the event). */
  readonly event: LogEvent;
  /** A whole sentence. */
  readonly message: string;
  readonly error?: unknown;
  /** Values beside the sentence: ids, counts, endpoints. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** What lower floors report upwards; telemetry or the host's logger listens. */
export interface Probe {
  /** Undefined while nobody records spans or durations, so that callers prepare nothing. It may come and go. */
  readonly instruments?: Instruments | undefined;
  /** False lets callers skip building a record nobody reads. */
  isEnabled(level: LogLevel): boolean;
  log(record: LogRecord): void;
  /** Time to look whether somebody began or ceased to listen; called about once a second by each hub that runs. */
  refresh?(): void;
  /** Nothing more will be reported: what listens for this probe alone may stop. */
  close?(): void;
}

/** Nobody listens. */
export const silentProbe: Probe = Object.freeze({ isEnabled: () => false, log: () => {} });
