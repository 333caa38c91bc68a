import type { StreamLike } from "./types.js";

/** A stream of the official client, read item by item. Leaving it cancels it at the server, also while it waits. */
export class Download implements AsyncIterableIterator<unknown, undefined> {
  readonly #open: () => StreamLike;
  readonly #onEnd: () => void;
  readonly #items: unknown[] = [];
  readonly #waiting: Array<() => void> = [];
  #subscription: { dispose(): void } | undefined;
  #end: { readonly error?: unknown } | undefined;

  /** Nothing is sent before the first `next`. `onEnd` is called when the stream has ended, whoever ended it. */
  constructor(open: () => StreamLike, onEnd: () => void) {
    this.#open = open;
    this.#onEnd = onEnd;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    this.#start();
    for (;;) {
      // What came before an error is still delivered.
      if (this.#items.length > 0) return { done: false, value: this.#items.shift() };
      if (this.#end !== undefined) return this.#finish(this.#end);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#end === undefined) {
      this.#settle({});
      this.#subscription?.dispose();
    }
    this.#items.length = 0;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #start(): void {
    if (this.#subscription !== undefined || this.#end !== undefined) return;
    this.#subscription = this.#open().subscribe({
      next: (item) => {
        this.#items.push(item);
        this.#wake();
      },
      error: (error) => this.#settle({ error }),
      complete: () => this.#settle({}),
    });
  }

  #settle(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#onEnd();
    this.#wake();
  }

  /** An error is thrown once; whoever asks again sees a finished iterator. */
  #finish(end: { readonly error?: unknown }): IteratorResult<unknown, undefined> {
    this.#end = {};
    if ("error" in end) throw end.error;
    return { done: true, value: undefined };
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
