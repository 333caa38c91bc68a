/** Something that collects output and writes it when asked. */
export interface Flushable {
  flush(): void;
}

/**
 * Flushes everything that was written to during one turn of the event loop, once, at its end: many small messages
 * become one system call. `setImmediate` runs after all sockets that were readable in this turn, and right away when
 * nothing else is ready, so a lone message is not delayed.
 */
export class TurnEnd {
  #waiting: Flushable[] = [];

  /** The caller adds itself once per turn, not once per message. */
  add(item: Flushable): void {
    if (this.#waiting.push(item) === 1) setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const item of waiting) item.flush();
  };
}
