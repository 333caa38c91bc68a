import { toError } from "../base/errors.js";
import { AsyncQueue } from "../base/queue.js";

/** A running stream as the runtime reads it: `cancel` ends it at once, also while a `next` is pending. */
export interface StreamReader {
  next(): Promise<IteratorResult<unknown>>;
  cancel(): Promise<unknown>;
}

/** The part of an observable, of RxJS for instance, that is needed to read it. */
interface ObservableLike {
  subscribe(observer: { next(item: unknown): void; error(error: unknown): void; complete(): void }): {
    unsubscribe(): void;
  };
}

/**
 * Opens the result of a stream method: an AsyncIterable, a ReadableStream or an observable; undefined when it is none.
 * @param observableCapacity items of an observable that may wait, since an observable cannot be asked to wait
 */
export function openStream(result: unknown, observableCapacity: number): StreamReader | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  if (result instanceof ReadableStream) return openReadable(result);
  const iterable = result as Partial<AsyncIterable<unknown>>;
  if (typeof iterable[Symbol.asyncIterator] !== "function") {
    const { subscribe } = result as Partial<ObservableLike>;
    return typeof subscribe === "function" ? openObservable(result as ObservableLike, observableCapacity) : undefined;
  }
  const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: async () => iterator.return?.(),
  };
}

/** Read by a reader rather than its iterator, whose `return` would wait for a pending read. */
function openReadable(stream: ReadableStream<unknown>): StreamReader {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    cancel: () => reader.cancel(),
  };
}

function openObservable(observable: ObservableLike, capacity: number): StreamReader {
  const queue = new AsyncQueue<unknown>(capacity);
  let subscription: { unsubscribe(): void } | undefined;
  const stop = (error?: Error): void => {
    queue.end(error);
    subscription?.unsubscribe();
  };
  subscription = observable.subscribe({
    next(item) {
      if (queue.push(item)) return;
      stop(new Error(`The observable gave more than ${capacity} items that the client did not take in time.`));
    },
    error: (error) => queue.end(toError(error)),
    complete: () => queue.end(),
  });
  // It may have given too much already while it was subscribed to.
  if (queue.isEnded) subscription.unsubscribe();
  return {
    next: () => queue.next(),
    async cancel() {
      stop();
      await queue.return();
    },
  };
}
