import type { Clock, Timer } from "../base/clock.js";

/** A moment after which nobody waits any longer. */
export class Deadline {
  /** Resolves when the time is over; never after {@link cancel}. */
  readonly over: Promise<void>;
  readonly #timer: Timer | undefined;
  #isOver = false;

  /** 0 or less: it is over at once. */
  constructor(clock: Clock, afterMs: number) {
    let end: () => void = () => {};
    this.over = new Promise((resolve) => {
      end = resolve;
    });
    const expire = (): void => {
      this.#isOver = true;
      end();
    };
    if (afterMs > 0) this.#timer = clock.after(afterMs, expire);
    else expire();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits for `work`, but not longer than the deadline: false when that came first. Rejects when `work` does in time. */
  async wait(work: Promise<unknown>): Promise<boolean> {
    // When nobody waits any more, nobody is there to be told either.
    work.catch(() => {});
    return Promise.race([work.then(() => true), this.over.then(() => false)]);
  }

  /** It is not needed any more. */
  cancel(): void {
    this.#timer?.cancel();
  }
}
