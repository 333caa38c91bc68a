import type { SignalRError } from "../base/errors.js";
import type { LogLevel } from "../base/probe.js";

/** Lets a repeated failure be reported loudly once, and quietly until it changes or something succeeds. */
export class FailureLog {
  #last: string | undefined;

  /** The level for this failure. */
  levelOf(failure: SignalRError): LogLevel {
    const signature = `${failure.code} ${failure.message}`;
    if (signature === this.#last) return "debug";
    this.#last = signature;
    return "warn";
  }

  succeeded(): void {
    this.#last = undefined;
  }
}
