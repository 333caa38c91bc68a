/** What a stream method may return. */
export type StreamResult<T = unknown> = AsyncIterable<T> | ReadableStream<T>;

/** A running stream as the runtime reads it: `cancel` ends it at once, also while a `next` is pending. */
export interface StreamReader {
  next(): Promise<IteratorResult<unknown>>;
  cancel(): Promise<unknown>;
}

/** Opens the result of a stream method; undefined when it is no stream. */
export function openStream(result: unknown): StreamReader | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  if (result instanceof ReadableStream) return openReadable(result);
  const iterable = result as Partial<AsyncIterable<unknown>>;
  if (typeof iterable[Symbol.asyncIterator] !== "function") return undefined;
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
