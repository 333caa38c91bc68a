/** Items that one client's streams may send in a row: a fraction of a millisecond of work. */
const ITEMS_IN_A_ROW = 128;

/**
 * What one client's streams, all together, may send before others get their turn. A generator that never waits would
 * otherwise go on within one turn of the event loop for as long as the operating system takes the bytes at once: nothing
 * else would run, not even the news that the client has left.
 */
export class StreamShare {
  #left = ITEMS_IN_A_ROW;
  #nextTurn: Promise<void> | undefined;

  /** An item was sent. Undefined while there may be more at once, else resolves in the next turn of the event loop. */
  take(): Promise<void> | undefined {
    this.#left -= 1;
    if (this.#left > 0) return undefined;
    this.#nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#left = ITEMS_IN_A_ROW;
        this.#nextTurn = undefined;
        resolve();
      });
    });
    return this.#nextTurn;
  }
}
