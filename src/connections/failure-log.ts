import type { LogLevel } from "../base/probe.js";

/** An outage has few faces; with more the rest is told quietly, so that a changing text cannot fill the log. */
const MOST_FACES = 16;

/** Lets a repeated failure be reported loudly once, and quietly until all is well again. */
export class FailureLog {
  readonly #told = new Set<string>();

  /**
   * The level for this failure: `level` the first time, `debug` when it was told before.
   * @param signature what makes it the same failure
   */
  levelOf(signature: string, level: LogLevel = "warn"): LogLevel {
    if (this.#told.has(signature) || this.#told.size >= MOST_FACES) return "debug";
    this.#told.add(signature);
    return level;
  }

  /** All is well: the next failure is news. */
  succeeded(): void {
    this.#told.clear();
  }
}
