import { Fifo } from "./fifo.js";

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/**
 * A queue with one reader, read as an async iterable: what was pushed before the end or the failure is still delivered.
 * `push` says whether there was room; the writer decides what to do when there was none.
 */
export class AsyncQueue<T> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  readonly capacity: number;
  readonly #items = new Fifo<T>();
  #waiters: Waiter<T>[] = [];
  #end: { readonly error: Error | undefined } | undefined;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.size;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** False: full, the item was not taken. After the end items are accepted and dropped. */
  push(item: T): boolean {
    if (this.#end !== undefined) return true;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: item });
      return true;
    }
    if (this.#items.size >= this.capacity) return false;
    this.#items.push(item);
    return true;
  }

  /** No more items. With an error, the reader gets it after the items that came before. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#settleEnd(waiter);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const taken = this.#items.take();
    if (taken !== undefined) return Promise.resolve({ done: false, value: taken.value });
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#end === undefined) this.#waiters.push(waiter);
      else this.#settleEnd(waiter);
    });
  }

  /** The reader leaves (a `break` in `for await`): what is queued is dropped, later items too. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#items.clear();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settleEnd(waiter: Waiter<T>): void {
    const error = this.#end?.error;
    if (error === undefined) {
      waiter.resolve({ done: true, value: undefined });
      return;
    }
    // An error is thrown once; whoever asks again sees a finished iterator, as with generators.
    this.#end = { error: undefined };
    waiter.reject(error);
  }
}
