import type { ConnectionLike, StreamLike, Subscriber } from "./types.js";

/** How many items are handed over in one turn of the event loop. */
const ITEMS_PER_TURN = 64;

/** Arguments for the official client, and the way to stop their uploads. */
export interface PreparedArguments {
  readonly args: readonly unknown[];
  /** The call is over: sources that were not read to their end are told. */
  stop(): void;
}

/** The uploads of one connection. They end with it: another connection, even of the same client, is another call. */
export class Uploads {
  readonly #connection: ConnectionLike;
  readonly #running = new Set<Upload>();
  #isWatching = false;

  constructor(connection: ConnectionLike) {
    this.#connection = connection;
  }

  /**
   * Turns AsyncIterables and ReadableStreams among the arguments into what the official client takes for an upload.
   * @throws Error when there are more uploads than it can carry in one call, or no connection to upload over
   */
  prepare(given: readonly unknown[]): PreparedArguments {
    const sources = given.filter(isSource);
    if (sources.length === 0) return { args: given, stop() {} };
    const plain = given.filter((value) => !isSource(value));
    // Both are checked before any source is opened.
    if (sources.length > plain.length + 1) {
      throw new Error(
        `The call has ${sources.length} uploads and ${plain.length} plain arguments, and the SignalR client would lose uploads; give the method at least ${sources.length - 1} plain parameters.`,
      );
    }
    if (!this.#isConnected()) throw new Error("Nothing can be uploaded while the connection is not open.");
    this.#watch();
    const uploads: Upload[] = [];
    const stop = (): void => {
      for (const upload of uploads) upload.stop();
    };
    try {
      for (const source of sources) uploads.push(this.#open(source));
    } catch (error) {
      // A stream that somebody else reads already; the ones before it must not stay locked.
      stop();
      throw error;
    }
    return { args: alternate(uploads, plain), stop };
  }

  #open(source: Source): Upload {
    const upload = new Upload(
      iteratorOf(source),
      () => this.#isConnected(),
      () => this.#running.delete(upload),
    );
    this.#running.add(upload);
    return upload;
  }

  #isConnected(): boolean {
    return this.#connection.state === "Connected";
  }

  /** Handlers of a connection's end cannot be taken away, so there is one pair for all uploads. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const stopAll = (): void => {
      for (const upload of this.#running) upload.stop();
    };
    this.#connection.onclose(stopAll);
    this.#connection.onreconnecting(stopAll);
  }
}

/**
 * The official client takes uploads out of the list while it walks through it, and so steps over what follows each one: a
 * plain argument is no loss there. On the wire uploads and arguments are two lists, so only the order within each counts.
 */
function alternate(uploads: readonly Upload[], plain: readonly unknown[]): unknown[] {
  const mixed = uploads.flatMap((upload, position) => (position < plain.length ? [upload, plain[position]] : [upload]));
  return [...mixed, ...plain.slice(uploads.length)];
}

/** One upload as the official client wants it: something to subscribe to. */
class Upload implements StreamLike {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #isConnected: () => boolean;
  readonly #onOver: () => void;
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>, isConnected: () => boolean, onOver: () => void) {
    this.#iterator = iterator;
    this.#isConnected = isConnected;
    this.#onOver = onOver;
  }

  subscribe(subscriber: Subscriber): { dispose(): void } {
    // Failures of the source end the upload with an error at the server.
    void this.#pump(subscriber).catch((error: unknown) => {
      if (this.#leave() && this.#isConnected()) subscriber.error(withText(error));
    });
    return { dispose: () => this.stop() };
  }

  stop(): void {
    // Nobody reads the source any more, so nobody needs to hear that its clean-up failed.
    if (this.#leave()) void closeSource(this.#iterator).catch(() => {});
  }

  async #pump(subscriber: Subscriber): Promise<void> {
    for (let count = 1; ; count += 1) {
      const result = await this.#iterator.next();
      if (this.#isOver) return;
      // The official client cannot report an item that it could not send.
      if (!this.#isConnected()) {
        this.stop();
        return;
      }
      if (result.done) break;
      subscriber.next(result.value);
      // The official client queues items without limit; a pause lets it send and lets the server's answer in.
      if (count % ITEMS_PER_TURN === 0) await nextTurn();
      if (this.#isOver) return;
    }
    this.#leave();
    subscriber.complete();
  }

  /** False when the upload was over already. */
  #leave(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#onOver();
    return true;
  }
}

type Source = AsyncIterable<unknown> | ReadableStream<unknown>;

function isSource(value: unknown): value is Source {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || "getReader" in value);
}

function iteratorOf(source: Source): AsyncIterator<unknown> {
  if (!("getReader" in source)) return source[Symbol.asyncIterator]();
  // Not every browser lets one iterate a ReadableStream; and only a reader can cancel one that waits for its next item.
  const reader = source.getReader();
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

/** An iterator of somebody else's making may throw at once, or give no promise. */
async function closeSource(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}

/** The official client takes an error without a text for a clean end, and the server would trust in half of the items. */
function withText(error: unknown): unknown {
  return error instanceof Error && !error.message ? new Error(error.name || "Error", { cause: error }) : error;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
