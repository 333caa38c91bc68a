import type { Clock, Timer } from "../base/clock.js";

/** Someone who wants to connect again. */
export interface ReconnectAttempt {
  /** Starts connecting. Its outcome is reported with `succeeded` or `failed`. */
  begin(): void;
}

/**
 * Lets one lost connection probe the service while the others wait for its outcome, so that an outage is not met with a
 * storm. A probe starts at once; its delay is the least time until the next one may begin, and a probe that is
 * unfinished by then counts as failed for the others. The first success lets everybody through.
 */
export class ReconnectGate {
  readonly #clock: Clock;
  readonly #delayMs: (failedAttempts: number) => number;
  readonly #waiting = new Set<ReconnectAttempt>();
  #failures = 0;
  /** The current probe, until its outcome is known. */
  #probe: ReconnectAttempt | undefined;
  /** Set from the start of a probe until its delay is over. */
  #delay: Timer | undefined;
  #isStopped = false;

  constructor(clock: Clock, delayMs: (failedAttempts: number) => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** Asks to connect; `attempt.begin()` is called now or later, or never after `stop`. */
  request(attempt: ReconnectAttempt): void {
    if (this.#isStopped) return;
    if (this.#delay === undefined) this.#startProbe(attempt);
    else this.#waiting.add(attempt);
  }

  /** A connection was opened, whoever asked for it. */
  succeeded(): void {
    this.#failures = 0;
    this.#probe = undefined;
    this.#delay?.cancel();
    this.#delay = undefined;
    const released = [...this.#waiting];
    this.#waiting.clear();
    for (const attempt of released) attempt.begin();
  }

  /** An attempt ended without a connection. Only the probe's own failure makes the next wait longer. */
  failed(attempt: ReconnectAttempt): void {
    if (attempt !== this.#probe) return;
    this.#probe = undefined;
    this.#failures += 1;
  }

  /** Nobody begins any more. */
  stop(): void {
    this.#isStopped = true;
    this.#delay?.cancel();
    this.#delay = undefined;
    this.#waiting.clear();
  }

  #startProbe(attempt: ReconnectAttempt): void {
    this.#probe = attempt;
    this.#delay = this.#clock.after(this.#delayMs(this.#failures), () => this.#delayOver());
    attempt.begin();
  }

  #delayOver(): void {
    this.#delay = undefined;
    if (this.#probe !== undefined) this.failed(this.#probe);
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#startProbe(next);
  }
}
