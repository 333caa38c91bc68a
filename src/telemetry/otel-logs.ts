import { type Logger, logs, SeverityNumber } from "@opentelemetry/api-logs";
import { type LogCategory, logEventRow } from "../base/log-events.js";
import { PACKAGE_VERSION } from "../base/package-version.js";
import type { LogLevel, LogRecord } from "../base/probe.js";
import { isSuppressed } from "./opentelemetry.js";

const SEVERITIES: { readonly [L in LogLevel]: SeverityNumber } = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

const EVENT_ID = "azure.signalr.event.id";

/** Writes log records to the application's logger provider, if it has registered one. */
export class OpenTelemetryLogs {
  #provider: unknown;
  readonly #loggers = new Map<LogCategory, Logger>();

  /** Whether a record of this level would be written. */
  isEnabled(level: LogLevel, category: LogCategory): boolean {
    const severityNumber = SEVERITIES[level];
    const logger = this.#loggerOf(category);
    // Providers older than the question take all.
    return typeof logger.enabled === "function" ? logger.enabled({ severityNumber }) : true;
  }

  write(record: LogRecord): void {
    // The exporters of Azure Monitor use Azure's libraries, whose records would lead to the next export.
    if (!this.isEnabled(record.level, record.category) || isSuppressed()) return;
    const row = logEventRow(record.category, record.event);
    this.#loggerOf(record.category).emit({
      severityNumber: SEVERITIES[record.level],
      severityText: record.level.toUpperCase(),
      eventName: record.event,
      body: record.message,
      attributes: {
        ...record.attributes,
        ...(row !== undefined && { [EVENT_ID]: row.id }),
        ...exceptionOf(record.error),
      },
    });
  }

  #loggerOf(category: LogCategory): Logger {
    const provider = logs.getLoggerProvider();
    if (provider !== this.#provider) {
      this.#provider = provider;
      this.#loggers.clear();
    }
    let logger = this.#loggers.get(category);
    if (logger === undefined) {
      logger = provider.getLogger(category, PACKAGE_VERSION);
      this.#loggers.set(category, logger);
    }
    return logger;
  }
}

function exceptionOf(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return {};
  const stack = error.stack === undefined ? {} : { "exception.stacktrace": error.stack };
  return { "exception.type": error.name, "exception.message": error.message, ...stack };
}
