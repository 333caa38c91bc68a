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
 * @param isConnected asked before each item: the official client cannot report an item that it could not send
 * @throws Error when two uploads stand side by side, because the official client sends the second one as a plain value,
 * and when there is no connection to upload over
 */
export function prepareArguments(given: readonly unknown[], isConnected: () => boolean): PreparedArguments {
  const positions = given.flatMap((value, position) => (isUpload(value) ? [position] : []));
  // Checked before any source is opened.
  const second = positions.find((position) => positions.includes(position - 1));
  if (second !== undefined) {
    throw new Error(
      `The uploads at positions ${second - 1} and ${second} stand side by side, and the SignalR client would lose the second one; put a plain parameter between them.`,
    );
  }
  if (positions.length > 0 && !isConnected())
    throw new Error("Nothing can be uploaded while the connection is not open.");
  const uploads: Upload[] = [];
  const args = given.map((value) => {
    if (!isUpload(value)) return value;
    const upload = new Upload(iteratorOf(value), isConnected);
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
  readonly #isConnected: () => boolean;
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>, isConnected: () => boolean) {
    this.#iterator = iterator;
    this.#isConnected = isConnected;
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
      if (!this.#isConnected()) {
        this.stop();
        return;
      }
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

function iteratorOf(value: AsyncIterable<unknown> | ReadableStream<unknown>): AsyncIterator<unknown> {
  const { [Symbol.asyncIterator]: iterate } = value as Partial<AsyncIterable<unknown>>;
  if (iterate !== undefined) return iterate.call(value);
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
