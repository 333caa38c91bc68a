import type { LogCategory, LogEvent } from "../base/log-events.js";
import type { LogLevel, LogRecord, Probe } from "../base/probe.js";

/** Log categories of the official SDK, so that filters written for it keep working. */
export const Category = Object.freeze({
  connection: "Microsoft.Azure.SignalR.ServiceConnection",
  strongPool: "Microsoft.Azure.SignalR.StrongServiceConnectionContainer",
  weakPool: "Microsoft.Azure.SignalR.WeakServiceConnectionContainer",
  endpoints: "Microsoft.Azure.SignalR.MultiEndpointServiceConnectionContainer",
  events: "Microsoft.Azure.SignalR.DefaultServiceEventHandler",
});

/** Tells the probe something of one hub's endpoints. */
export type Report = (
  level: LogLevel,
  event: LogEvent,
  message: string,
  error?: unknown,
  category?: LogCategory,
) => void;

/** Tells the probe. A probe that throws is someone else's bug and must not cost a connection. */
export function report(probe: Probe, record: LogRecord): void {
  try {
    if (probe.isEnabled(record.level)) probe.log(record);
  } catch {
    // There is nobody left to tell.
  }
}
