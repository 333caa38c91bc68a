import type { Clock, Timer } from "../base/clock.js";

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly silenceLimitMs: number;
  readonly silenceCheckMs: number;
  readonly pingIntervalMs: number;
  /** Time for the next ping with the client counts. */
  readonly ping: () => void;
  /** Nothing arrived for longer than the limit. Called at most once. */
  readonly onSilence: (silentMs: number) => void;
}

/**
 * Knows when bytes arrived last. The service pings every 5 s and we give up after 30 s without any byte, so a few lost
 * pings are no alarm. Our own pings have no timer: they answer arriving bytes, so a dead connection is not fed.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #watch: Timer;
  #lastReceived: number;
  #lastPing: number;
  #canPing = true;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#lastReceived = options.clock.now();
    this.#lastPing = this.#lastReceived;
    this.#watch = options.clock.every(options.silenceCheckMs, () => this.#look());
  }

  /** Bytes arrived. */
  received(): void {
    const now = this.#options.clock.now();
    this.#lastReceived = now;
    if (now - this.#lastPing <= this.#options.pingIntervalMs || !this.#canPing) return;
    this.#lastPing = now;
    this.#options.ping();
  }

  /** Goes on watching, but sends no more pings. */
  mute(): void {
    this.#canPing = false;
  }

  stop(): void {
    this.#watch.cancel();
  }

  #look(): void {
    const silentMs = this.#options.clock.now() - this.#lastReceived;
    if (silentMs <= this.#options.silenceLimitMs) return;
    this.stop();
    this.#options.onSilence(silentMs);
  }
}
