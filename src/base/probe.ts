export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** One thing worth telling an operator. Never holds a key or a token. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Where it happened, e.g. `Microsoft.Azure.SignalR.ServiceConnection`. */
  readonly category: string;
  /** Stable name of the event, e.g. `EndpointOffline` (names of the official SDK where it has the event). */
  readonly event: string;
  /** A whole sentence. */
  readonly message: string;
  readonly error?: unknown;
  /** Values beside the sentence: ids, counts, endpoints. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** What lower floors report upwards; telemetry or the host's logger listens. */
export interface Probe {
  /** False lets callers skip building a record nobody reads. */
  isEnabled(level: LogLevel): boolean;
  log(record: LogRecord): void;
}

/** Nobody listens. */
export const silentProbe: Probe = Object.freeze({ isEnabled: () => false, log: () => {} });
