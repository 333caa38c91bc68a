import type { Clock, Timer } from "../../src/base/clock.js";

interface Entry {
  at: number;
  readonly intervalMs: number | undefined;
  readonly run: () => void;
}

/** Time that moves only when told to. Timers fire in order, in the turn that moves the time. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Entry>();
  #now = 0;
  readonly #unixStart: number;

  constructor(unixStart = Date.UTC(2030, 0, 1)) {
    this.#unixStart = unixStart;
  }

  /** Timers that were set and neither fired nor were cancelled: 0 when nothing leaks. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  unixTime(): number {
    return this.#unixStart + this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ at: this.#now + Math.max(0, delayMs), intervalMs: undefined, run });
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#add({ at: this.#now + intervalMs, intervalMs, run });
  }

  /** Moves the time; timers on the way fire, also those that they set themselves. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#now = next.at;
      if (next.intervalMs === undefined) this.#timers.delete(next);
      else next.at += next.intervalMs;
      next.run();
    }
    this.#now = end;
  }

  #add(entry: Entry): Timer {
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  #nextUntil(end: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry;
    }
    return next;
  }
}
