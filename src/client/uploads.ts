import type { StreamLike, Subscriber } from "./types.js";

/** How many items are handed over in one turn of the event loop. */
const ITEMS_PER_TURN = 64;

/** Arguments for the official client, and the way to stop their uploads. */
export interface PreparedArguments {
  readonly args: readonly unknown[];
  /** The call is over: sources that were not read to their end are told. */
  stop(): void;
}

/**
 * Turns AsyncIterables and ReadableStreams among the arguments into what the official client takes for an upload.
 * @throws Error when two uploads stand side by side, because the official client sends the second one as a plain value
 */
export function prepareArguments(given: readonly unknown[]): PreparedArguments {
  const uploads: Upload[] = [];
  const args = given.map((value, position) => {
    const source = iteratorOf(value);
    if (source === undefined) return value;
    if (position > 0 && isUpload(given[position - 1])) {
      throw new Error(
        `The uploads at positions ${position - 1} and ${position} stand side by side, and the SignalR client would lose the second one; put a plain parameter between them.`,
      );
    }
    const upload = new Upload(source);
    uploads.push(upload);
    return upload;
  });
  return {
    args,
    stop() {
      for (const upload of uploads) upload.stop();
    },
  };
}

/** One upload as the official client wants it: something to subscribe to. */
class Upload implements StreamLike {
  readonly #iterator: AsyncIterator<unknown>;
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  subscribe(subscriber: Subscriber): { dispose(): void } {
    // Failures of the source end the upload with an error at the server.
    void this.#pump(subscriber).catch((error: unknown) => {
      if (!this.#isOver) subscriber.error(error);
    });
    return { dispose: () => this.stop() };
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Nobody reads the source any more, so nobody needs to hear that its clean-up failed.
    this.#iterator.return?.().catch(() => {});
  }

  async #pump(subscriber: Subscriber): Promise<void> {
    for (let count = 1; ; count += 1) {
      const result = await this.#iterator.next();
      if (this.#isOver) return;
      if (result.done) break;
      subscriber.next(result.value);
      // The official client queues items without limit; a pause lets it send and lets the server's answer in.
      if (count % ITEMS_PER_TURN === 0) await nextTurn();
    }
    this.#isOver = true;
    subscriber.complete();
  }
}

function isUpload(value: unknown): value is AsyncIterable<unknown> | ReadableStream<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || "getReader" in value);
}

function iteratorOf(value: unknown): AsyncIterator<unknown> | undefined {
  if (!isUpload(value)) return undefined;
  if (Symbol.asyncIterator in value) return value[Symbol.asyncIterator]();
  // Not every browser lets one iterate a ReadableStream.
  const reader = (value as ReadableStream<unknown>).getReader();
  return {
    next: async () => {
      const result = await reader.read();
      return result.done ? { done: true, value: undefined } : { done: false, value: result.value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
