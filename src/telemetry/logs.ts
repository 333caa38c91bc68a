import type { LogLevel, LogRecord, Probe } from "../base/probe.js";
import { azureLogMethod, getLogLevel } from "./azure-logger.js";
import { OpenTelemetryLogs } from "./otel-logs.js";

/**
 * Where an application wants to read what happens: `console`, pino, Fastify's `app.log`, winston, or anything with these
 * four methods.
 */
export interface Logger {
  debug(...message: unknown[]): void;
  info(...message: unknown[]): void;
  warn(...message: unknown[]): void;
  error(...message: unknown[]): void;
}

/** The parts of pino that tell it apart from the console: there, the values come before the sentence. */
interface LevelledLogger extends Logger {
  isLevelEnabled(level: string): boolean;
}

interface ObjectFirstLogger extends Logger {
  bindings(): unknown;
}

type Method = keyof Logger;

const METHODS: { readonly [L in LogLevel]: Method } = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
};

const ROOT_CATEGORY = "Microsoft.Azure.SignalR";

/** One for the process, so that what comes from several services is written once. */
export const openTelemetryLogs = new OpenTelemetryLogs();

/**
 * A probe that writes log records to the OpenTelemetry SDK of the application if it runs one, to `@azure/logger` (on
 * standard error; `AZURE_LOG_LEVEL` decides, nothing by default), and to the application's logger, if it gave one.
 *
 * A logger with levels of its own (pino, winston) decides what it shows; one without, such as `console`, gets `info` and
 * above, and `debug` too while `AZURE_LOG_LEVEL` is `verbose`.
 */
export function createLogProbe(logger?: Logger): Probe {
  return {
    isEnabled: (level) =>
      azureLogMethod(ROOT_CATEGORY, level).enabled ||
      (logger !== undefined && wants(logger, level)) ||
      openTelemetryLogs.isEnabled(level, ROOT_CATEGORY),
    log(record) {
      writeToAzure(record);
      if (logger !== undefined) writeToLogger(logger, record);
      openTelemetryLogs.write(record);
    },
  };
}

/** Writes a record the way that the logger likes it, if it wants the level. Never throws. */
export function writeToLogger(logger: Logger, record: LogRecord): void {
  try {
    if (wants(logger, record.level)) write(logger, METHODS[record.level], record);
  } catch {
    // A logger that fails must not end a connection; there is nowhere left to report it.
  }
}

function writeToAzure(record: LogRecord): void {
  const method = azureLogMethod(record.category, record.level);
  if (method.enabled) method(`${record.event}:`, record.message, ...extras(record));
}

function write(logger: Logger, method: Method, record: LogRecord): void {
  if (takesObjectFirst(logger)) {
    const fields = { category: record.category, event: record.event, ...record.attributes };
    outlive(logger[method](record.error === undefined ? fields : { ...fields, err: record.error }, record.message));
  } else {
    outlive(logger[method](`[${record.category}] ${record.message}`, ...extras(record)));
  }
}

/** A logger may be async all the same, and fail later: then as little comes of it. */
function outlive(written: unknown): void {
  if (written instanceof Promise) written.catch(() => {});
}

function extras(record: LogRecord): unknown[] {
  const values: unknown[] = [];
  if (record.attributes !== undefined) values.push(record.attributes);
  if (record.error !== undefined) values.push(record.error);
  return values;
}

function wants(logger: Logger, level: LogLevel): boolean {
  const method = METHODS[level];
  if (hasLevels(logger)) return logger.isLevelEnabled(method);
  return method !== "debug" || getLogLevel() === "verbose";
}

function hasLevels(logger: Logger): logger is LevelledLogger {
  return typeof (logger as Partial<LevelledLogger>).isLevelEnabled === "function";
}

function takesObjectFirst(logger: Logger): logger is ObjectFirstLogger {
  return typeof (logger as Partial<ObjectFirstLogger>).bindings === "function";
}
