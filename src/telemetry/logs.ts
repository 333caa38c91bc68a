import { type AzureLogger, createClientLogger, getLogLevel } from "@azure/logger";
import type { LogLevel, LogRecord, Probe } from "../base/probe.js";

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

const AZURE_METHODS: { readonly [L in LogLevel]: keyof AzureLogger } = {
  trace: "verbose",
  debug: "verbose",
  info: "info",
  warn: "warning",
  error: "error",
};

const ROOT_CATEGORY = "Microsoft.Azure.SignalR";

/**
 * A probe that writes log records to `@azure/logger` (on standard error; `AZURE_LOG_LEVEL` decides, nothing by default)
 * and to the application's logger, if it gave one.
 *
 * A logger with levels of its own (pino, winston) decides what it shows; one without, such as `console`, gets `info` and
 * above, and `debug` too while `AZURE_LOG_LEVEL` is `verbose`.
 */
export function createLogProbe(logger?: Logger): Probe {
  const azureRoot = azureLogger(ROOT_CATEGORY);
  return {
    isEnabled: (level) => azureRoot[AZURE_METHODS[level]].enabled || (logger !== undefined && wants(logger, level)),
    log(record) {
      writeToAzure(record);
      if (logger !== undefined && wants(logger, record.level)) writeTo(logger, record);
    },
  };
}

// Categories are a fixed set of this package, so the map does not grow without end.
const azureLoggers = new Map<string, AzureLogger>();

function azureLogger(category: string): AzureLogger {
  let found = azureLoggers.get(category);
  if (found === undefined) {
    found = createClientLogger(category);
    azureLoggers.set(category, found);
  }
  return found;
}

function writeToAzure(record: LogRecord): void {
  const write = azureLogger(record.category)[AZURE_METHODS[record.level]];
  if (write.enabled) write(`${record.event}:`, record.message, ...extras(record));
}

function writeTo(logger: Logger, record: LogRecord): void {
  const method = METHODS[record.level];
  try {
    if (takesObjectFirst(logger)) {
      const fields = { category: record.category, event: record.event, ...record.attributes };
      outlive(logger[method](record.error === undefined ? fields : { ...fields, err: record.error }, record.message));
    } else {
      outlive(logger[method](`[${record.category}] ${record.message}`, ...extras(record)));
    }
  } catch {
    // A logger that fails must not end a connection; there is nowhere left to report it.
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
