import type { Clock, Timer } from "../base/clock.js";
import { Fifo } from "../base/fifo.js";

interface Delayed {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

/** Bytes that arrive later than they were sent, in their order: a slow network. */
export class DelayLine {
  readonly #clock: Clock;
  readonly #arrive: (bytes: Buffer) => void;
  readonly #waiting = new Fifo<Delayed>();
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, arrive: (bytes: Buffer) => void) {
    this.#clock = clock;
    this.#arrive = arrive;
  }

  /** Bytes on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing is on its way, so what has no latency need not go through here. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** The buffer must not change afterwards. */
  push(bytes: Buffer, latencyMs: number): void {
    this.#waiting.push({ bytes, dueAt: this.#clock.now() + latencyMs });
    this.#bytes += bytes.length;
    if (this.#timer === undefined) this.#setTimer(latencyMs);
  }

  /** All that is on its way arrives now. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#deliverOne());
  }

  /** What is on its way is lost. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #setTimer(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      // What was sent with less latency has to wait for what was sent before it.
      for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
        const restMs = next.dueAt - this.#clock.now();
        if (restMs > 0) {
          if (this.#timer === undefined) this.#setTimer(restMs);
          return;
        }
        this.#deliverOne();
      }
    });
  }

  #deliverOne(): boolean {
    const next = this.#waiting.take();
    if (next === undefined) return false;
    this.#bytes -= next.value.bytes.length;
    this.#arrive(next.value.bytes);
    return true;
  }
}
