import { SignalRError } from "../base/errors.js";
import { jsonAnswer } from "./answers.js";
import type { HealthReport } from "./health.js";
import type { HttpAnswer } from "./request.js";

/** What a monitor wants to know. */
export interface HealthHandlerOptions {
  /**
   * `readiness`: may clients come here? 503 when the service is unhealthy, or is being shut down.
   * `liveness`: does the process still answer? Always 200, because a new process would not mend the network.
   * @default "readiness"
   */
  readonly kind?: "readiness" | "liveness";
  /** Whether hubs, endpoints and errors are told too; false where strangers can read it. @default true */
  readonly details?: boolean;
  /** Whether a service of which only a part is up is good enough for 200. @default true */
  readonly acceptDegraded?: boolean;
}

const KINDS: readonly unknown[] = [undefined, "readiness", "liveness"];
const ALIVE: HttpAnswer = Object.freeze(jsonAnswer(200, { status: "alive" }));

/**
 * Makes what answers monitors.
 * @throws SignalRError ARGUMENT_INVALID for another kind
 */
export function healthAnswerer(health: () => HealthReport, options: HealthHandlerOptions = {}): () => HttpAnswer {
  const { kind, details = true, acceptDegraded = true } = options;
  if (!KINDS.includes(kind)) {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `The kind of a health handler is "readiness" or "liveness", got ${JSON.stringify(kind) ?? typeof kind}.`,
    );
  }
  if (kind === "liveness") return () => ALIVE;
  return () => {
    const report = health();
    const isGood = report.status === "healthy" || (acceptDegraded && report.status === "degraded");
    return jsonAnswer(isGood ? 200 : 503, details ? report : { status: report.status });
  };
}
