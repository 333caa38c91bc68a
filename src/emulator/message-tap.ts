import { SignalRError } from "../base/errors.js";
import { AsyncQueue } from "../base/queue.js";
import { FrameReader } from "../protocol/frames.js";
import { decodeMessage, encodeMessage } from "../protocol/service/codec.js";
import type { ServiceMessage } from "../protocol/service/messages.js";

/** A service message that passed between the emulator and a hub server. */
export interface PassedMessage {
  readonly direction: "fromServer" | "toServer";
  /** Name at the service, lower case. */
  readonly hub: string;
  readonly serverId: string;
  /** Id of the server connection. */
  readonly connectionId: string;
  /** A copy, to keep. */
  readonly message: ServiceMessage;
}

/** What passes, from the moment of asking on: read it with `for await`. Ends with the emulator, or with `close()`. */
export interface PassedMessages extends AsyncIterable<PassedMessage> {
  /** Messages that were left out because the reader was too slow. */
  readonly dropped: number;
  /** Ends it; what was not read is lost. A `break` out of `for await` does the same. */
  close(): void;
}

export interface TapOptions {
  /** Only this hub. @default all */
  readonly hub?: string;
  /** Messages kept for a slow reader; beyond that they are dropped and counted. @default 1000 */
  readonly capacity?: number;
}

/** The server connection that a message passes on. */
export interface Passage {
  readonly id: string;
  readonly serverId: string;
  readonly hub: string;
}

/** Sees each message as it passes; its bytes are valid during the call only. Must be quick, and must not throw. */
export type MessageObserver = (
  direction: PassedMessage["direction"],
  passage: Passage,
  message: ServiceMessage,
) => void;

const DEFAULT_CAPACITY = 1000;

/** All readers of what passes. Nothing is copied while there are none. */
export class MessageTaps {
  readonly #taps = new Set<Tap>();
  readonly #observers = new Set<MessageObserver>();

  get isWatched(): boolean {
    return this.#taps.size > 0 || this.#observers.size > 0;
  }

  /** Lets somebody count or look without copies; the returned function ends it. */
  observe(observer: MessageObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Whether {@link show} has anybody to show something to. */
  get isObserved(): boolean {
    return this.#observers.size > 0;
  }

  /**
   * For what passes on no server connection, because there are none in Serverless mode and the REST API needs none:
   * observers see it, but not the readers of what hub servers say and hear.
   */
  show(direction: PassedMessage["direction"], passage: Passage, message: ServiceMessage): void {
    for (const observer of this.#observers) observer(direction, passage, message);
  }

  open({ hub, capacity = DEFAULT_CAPACITY }: TapOptions = {}): PassedMessages {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new SignalRError("ARGUMENT_INVALID", `capacity must be a whole number of at least 1, got ${capacity}`);
    }
    const tap: Tap = new Tap(hub?.toLowerCase(), capacity, () => this.#taps.delete(tap));
    this.#taps.add(tap);
    return tap;
  }

  offer(direction: PassedMessage["direction"], passage: Passage, message: ServiceMessage): void {
    this.show(direction, passage, message);
    if (this.#taps.size > 0) this.#keep(direction, passage, message);
  }

  /** What was not read yet can still be read. */
  end(): void {
    for (const tap of this.#taps) tap.end();
    this.#taps.clear();
  }

  #keep(direction: PassedMessage["direction"], { id, serverId, hub }: Passage, message: ServiceMessage): void {
    const readers = [...this.#taps].filter((tap) => tap.wants(hub));
    if (readers.length === 0) return;
    const copy = copyOf(message);
    const passed = copy && { direction, hub, serverId, connectionId: id, message: copy };
    for (const tap of readers) tap.push(passed);
  }
}

class Tap implements PassedMessages {
  readonly #hub: string | undefined;
  readonly #queue: AsyncQueue<PassedMessage>;
  readonly #onClosed: () => void;
  #dropped = 0;

  constructor(hub: string | undefined, capacity: number, onClosed: () => void) {
    this.#hub = hub;
    this.#onClosed = onClosed;
    this.#queue = new AsyncQueue(capacity);
  }

  get dropped(): number {
    return this.#dropped;
  }

  wants(hub: string): boolean {
    return this.#hub === undefined || this.#hub === hub;
  }

  /** Undefined: something that could not be kept. */
  push(passed: PassedMessage | undefined): void {
    if (passed === undefined || !this.#queue.push(passed)) this.#dropped += 1;
  }

  end(): void {
    this.#queue.end();
  }

  close(): void {
    this.#onClosed();
    // Never rejects: it only empties the queue.
    void this.#queue.return();
  }

  [Symbol.asyncIterator](): AsyncIterator<PassedMessage, undefined> {
    return {
      next: () => this.#queue.next(),
      return: () => {
        this.#onClosed();
        return this.#queue.return();
      },
    };
  }
}

/** Messages hold views of buffers that are used again. Undefined when there is no copying it. */
function copyOf(message: ServiceMessage): ServiceMessage | undefined {
  let copy: ServiceMessage | undefined;
  try {
    new FrameReader().push(encodeMessage(message), (frame) => {
      copy = decodeMessage(frame);
    });
  } catch {
    // Whatever is odd about it, watching must not change what happens to it.
  }
  return copy;
}
