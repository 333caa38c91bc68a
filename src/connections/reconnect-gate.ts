import type { Clock, Timer } from "../base/clock.js";

/** Someone who wants to connect again. */
export interface ReconnectAttempt {
  /** Starts connecting. Its outcome is told to the gate with `opened` or `failed`, its end with `lost`. */
  begin(): void;
}

export interface ReconnectGateOptions {
  readonly clock: Clock;
  /** Least time from the start of a probe until the next one, by the number of those that failed before it. */
  readonly delayMs: (failedAttempts: number) => number;
  /** A connection that lived shorter than this did not do well. */
  readonly stableAfterMs: number;
  /** Connections open and break at once, so from now on they are tried one at a time. */
  readonly onTrial: () => void;
  /** The trial is over: a connection has lasted. */
  readonly onProven: () => void;
}

const FORGIVEN_QUICK_LOSSES = 2;

/**
 * Lets one lost connection probe the service while the others wait for its outcome, so that an outage is not met with a
 * storm. A probe starts at once; its delay is the least time until the next one may begin, and a probe that is
 * unfinished by then counts as failed for the others. The first success lets everybody through.
 *
 * A service that takes connections and ends them at once would be stormed all the same, because each of them is a
 * success. So after three rounds of such connections they are on trial: the next ones are probes with growing delays,
 * and only one that lasts is a success.
 */
export class ReconnectGate {
  readonly #options: ReconnectGateOptions;
  readonly #waiting = new Set<ReconnectAttempt>();
  #failures = 0;
  /** The current probe, until its outcome is known. */
  #probe: ReconnectAttempt | undefined;
  /** Set from the start of a probe until its delay is over. */
  #delay: Timer | undefined;
  /** Set while the probe is open and has to last. */
  #proof: Timer | undefined;
  /** Rounds in a row of connections that opened and did not last. */
  #quickLosses = 0;
  /** Those that have opened since the last of these rounds: however many of them are lost, it is one round more. */
  readonly #openedInRound = new Set<ReconnectAttempt>();
  #isStopped = false;

  constructor(options: ReconnectGateOptions) {
    this.#options = options;
  }

  get #isOnTrial(): boolean {
    return this.#quickLosses > FORGIVEN_QUICK_LOSSES;
  }

  /** Asks to connect; `attempt.begin()` is called now or later, or never after `stop`. */
  request(attempt: ReconnectAttempt): void {
    if (this.#isStopped) return;
    if (this.#delay === undefined && this.#proof === undefined) this.#startProbe(attempt);
    else this.#waiting.add(attempt);
  }

  /** The attempt has a connection. */
  opened(attempt: ReconnectAttempt): void {
    if (this.#isStopped) return;
    this.#openedInRound.add(attempt);
    if (!this.#isOnTrial) this.#succeeded();
    else if (this.#proof === undefined) this.#prove(attempt);
  }

  /** An attempt ended without a connection. Only the probe's own failure makes the next wait longer. */
  failed(attempt: ReconnectAttempt): void {
    if (attempt !== this.#probe) return;
    this.#probe = undefined;
    this.#failures += 1;
  }

  /** The connection of an attempt has ended: asks for the next one. */
  lost(attempt: ReconnectAttempt, livedMs: number): void {
    if (this.#isStopped) return;
    const isNewRound = this.#openedInRound.delete(attempt);
    const wasOnTrial = this.#isOnTrial;
    if (livedMs >= this.#options.stableAfterMs) {
      if (!wasOnTrial) this.#quickLosses = 0;
    } else if (isNewRound) {
      this.#quickLosses += 1;
      this.#openedInRound.clear();
    }
    if (!this.#isOnTrial) return this.request(attempt);
    this.#waiting.add(attempt);
    if (this.#proof !== undefined && attempt === this.#probe) {
      this.#proof.cancel();
      this.#proof = undefined;
      this.failed(attempt);
    }
    if (this.#delay === undefined && this.#proof === undefined) this.#startDelay();
    if (!wasOnTrial) this.#options.onTrial();
  }

  /** Nobody begins any more. */
  stop(): void {
    this.#isStopped = true;
    this.#delay?.cancel();
    this.#delay = undefined;
    this.#proof?.cancel();
    this.#proof = undefined;
    this.#waiting.clear();
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#probe = undefined;
    this.#delay?.cancel();
    this.#delay = undefined;
    const released = [...this.#waiting];
    this.#waiting.clear();
    for (const attempt of released) attempt.begin();
  }

  #prove(attempt: ReconnectAttempt): void {
    this.#probe = attempt;
    this.#delay?.cancel();
    this.#delay = undefined;
    this.#proof = this.#options.clock.after(this.#options.stableAfterMs, () => {
      this.#proof = undefined;
      this.#quickLosses = 0;
      this.#options.onProven();
      this.#succeeded();
    });
  }

  #startProbe(attempt: ReconnectAttempt): void {
    this.#probe = attempt;
    this.#startDelay();
    attempt.begin();
  }

  #startDelay(): void {
    this.#delay = this.#options.clock.after(this.#options.delayMs(this.#failures), () => this.#delayOver());
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
