import type { Clock, Timer } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";

export interface WaitingSendsOptions {
  readonly clock: Clock;
  readonly waitMs: number;
  readonly maxBytes: number;
  /** The error of those that waited in vain. */
  readonly notConnected: () => SignalRError;
}

interface Job {
  readonly bytes: number;
  readonly deadline: number;
  run(): void;
  reject(error: SignalRError): void;
}

/** What is sent while no connection is open: waits a moment for one, in order. */
export class WaitingSends {
  readonly #options: WaitingSendsOptions;
  #jobs: Job[] = [];
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(options: WaitingSendsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  /**
   * Waits for a connection, then runs; settles as `run` does.
   * @param bytes what is held meanwhile
   * @throws SignalRError SEND_BUFFER_FULL when too much waits already; as rejection NOT_CONNECTED when no connection came in time
   */
  add<T>(bytes: number, run: () => Promise<T> | T): Promise<T> {
    const { clock, waitMs, maxBytes } = this.#options;
    if (this.#bytes >= maxBytes) {
      const text = `${this.#bytes} bytes wait for a connection to the service, allowed are ${maxBytes}.`;
      throw new SignalRError("SEND_BUFFER_FULL", text);
    }
    const settled = new Promise<T>((resolve, reject) => {
      const deadline = clock.now() + waitMs;
      this.#jobs.push({ bytes, deadline, run: () => resolve(new Promise<T>((settle) => settle(run()))), reject });
      this.#bytes += bytes;
      this.#timer ??= clock.after(waitMs, () => this.#expire());
    });
    // A sender who does not wait for the outcome does not want to hear of it.
    settled.catch(() => {});
    return settled;
  }

  /** A connection is open: all run now, in the order they came. */
  run(): void {
    for (const job of this.#takeAll()) job.run();
  }

  /** All are rejected with this error. */
  fail(error: SignalRError): void {
    for (const job of this.#takeAll()) job.reject(error);
  }

  #takeAll(): readonly Job[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#bytes = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    return jobs;
  }

  /** All wait equally long, so those in front are due first. */
  #expire(): void {
    const now = this.#options.clock.now();
    const later = this.#jobs.findIndex((job) => job.deadline > now);
    const due = later < 0 ? this.#takeAll() : this.#jobs.splice(0, later);
    if (later >= 0) {
      for (const job of due) this.#bytes -= job.bytes;
      const waitMs = (this.#jobs[0]?.deadline ?? now) - now;
      this.#timer = this.#options.clock.after(waitMs, () => this.#expire());
    }
    for (const job of due) job.reject(this.#options.notConnected());
  }
}
