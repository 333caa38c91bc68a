import { format } from "node:util";
import { AzureLogger, createClientLogger, getLogLevel } from "@azure/logger";
import type { LogCategory } from "../base/log-events.js";
import type { LogLevel, LogRecord } from "../base/probe.js";

export { getLogLevel };

type AzureLevel = "verbose" | "info" | "warning" | "error";

const AZURE_LEVELS: { readonly [L in LogLevel]: AzureLevel } = {
  trace: "verbose",
  debug: "verbose",
  info: "info",
  warn: "warning",
  error: "error",
};

const LEVELS: { readonly [L in AzureLevel]: LogLevel } = {
  verbose: "debug",
  info: "info",
  warning: "warn",
  error: "error",
};

/** `azure:core-rest-pipeline:retryPolicy:info text`, as @azure/logger writes it. */
const FOREIGN_LINE = /^azure:(core-|identity)[^\s]*:(verbose|info|warning|error) (.*)$/s;

// Categories are a fixed set of this package, so the map does not grow without end.
const loggers = new Map<LogCategory, ReturnType<typeof createClientLogger>>();

/** What `@azure/logger` has for a level of a category: a function with a flag that says whether it writes. */
export function azureLogMethod(
  category: LogCategory,
  level: LogLevel,
): ReturnType<typeof createClientLogger>[AzureLevel] {
  let found = loggers.get(category);
  if (found === undefined) {
    found = createClientLogger(category);
    loggers.set(category, found);
  }
  return found[AZURE_LEVELS[level]];
}

interface Tap {
  uses: number;
  readonly write: (record: LogRecord) => void;
}

type Write = (...line: unknown[]) => void;

const taps = new Map<object, Tap>();
/** What stands in `AzureLogger.log` now, if it is ours, and what stood there before. */
let installed: { readonly hook: Write; readonly before: Write } | undefined;
/** A line is on its way through a hook of ours. */
let isInside = false;

/**
 * Hands the records of Azure's own libraries on: `@azure/core-*` as category `Azure.Core`, `@azure/identity` as
 * `Azure.Identity`. Their level stays a matter of `AZURE_LOG_LEVEL`, and they go on where they went before.
 *
 * @param target where they end; the same target gets each record once, however often it is named
 * @returns ends it
 */
export function tapAzureLogs(target: object, write: (record: LogRecord) => void): () => void {
  const tap = taps.get(target) ?? { uses: 0, write };
  tap.uses += 1;
  taps.set(target, tap);
  install();
  let isEnded = false;
  return () => {
    if (isEnded) return;
    isEnded = true;
    tap.uses -= 1;
    if (tap.uses === 0) taps.delete(target);
    if (taps.size === 0) uninstall();
  };
}

/** Over whatever stands there: somebody else may have put something over our last hook, and handed on to it or not. */
function install(): void {
  if (installed !== undefined && AzureLogger.log === installed.hook) return;
  const before: Write = AzureLogger.log;
  const hook: Write = (...line) => {
    const isOutermost = !isInside;
    isInside = true;
    try {
      before(...line);
    } finally {
      if (isOutermost) isInside = false;
    }
    if (isOutermost) deliver(line);
  };
  installed = { hook, before };
  AzureLogger.log = hook;
}

function uninstall(): void {
  if (installed !== undefined && AzureLogger.log === installed.hook) AzureLogger.log = installed.before;
  installed = undefined;
}

function deliver([text, ...values]: readonly unknown[]): void {
  const match = typeof text === "string" ? FOREIGN_LINE.exec(text) : null;
  if (match === null) return;
  const [, source, level, message] = match;
  const record: LogRecord = {
    level: LEVELS[level as AzureLevel],
    category: source === "identity" ? "Azure.Identity" : "Azure.Core",
    event: "AzureLog",
    message: format(message, ...values),
  };
  for (const { write } of taps.values()) {
    try {
      write(record);
    } catch {
      // A target that fails must not break the library that logs.
    }
  }
}
