import type { StandardSchemaV1 } from "@standard-schema/spec";
import { HubException } from "../base/errors.js";
import { AsyncQueue } from "../base/queue.js";
import { weightOf } from "./weight.js";

/** What an item costs in memory besides its value, so that many tiny items cannot pass under the bound. */
const ITEM_OVERHEAD_BYTES = 100;
const BAD_ITEM = "Failed to bind Stream message.";

interface HeldItem {
  readonly value: unknown;
  /** Bytes counted against the client. */
  readonly bytes: number;
}

/**
 * One client-to-server stream, read by the hub method as an async iterable. The service cannot be asked to slow one
 * client down, so what is not read yet is held and counted, and the client's other messages go on.
 */
export class Upload implements AsyncIterable<unknown>, AsyncIterator<unknown, undefined> {
  readonly #queue = new AsyncQueue<HeldItem>(Number.POSITIVE_INFINITY);
  readonly #capacity: number;
  readonly #account: HeldBytes;
  #schema: StandardSchemaV1 | undefined;
  #held = 0;

  constructor(capacity: number, account: HeldBytes) {
    this.#capacity = capacity;
    this.#account = account;
  }

  /** Checks each item by the schema when the method reads it. */
  checkItems(schema: StandardSchemaV1 | undefined): void {
    this.#schema = schema;
  }

  push(value: unknown): void {
    if (this.#queue.isEnded) return;
    const bytes = weightOf(value) + (this.#queue.size < this.#capacity ? 0 : ITEM_OVERHEAD_BYTES);
    this.#held += bytes;
    this.#queue.push({ value, bytes });
    this.#account.add(bytes);
  }

  /** The client has finished it, or it failed; the items that came before are still read. */
  end(error?: Error): void {
    this.#queue.end(error);
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const result = await this.#queue.next();
    if (result.done) return result;
    this.#release(result.value.bytes);
    return this.#schema === undefined
      ? { done: false, value: result.value.value }
      : { done: false, value: await this.#checked(this.#schema, result.value.value) };
  }

  /** The method reads no further: what is held and what still comes is dropped. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.drop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Forgets everything; the reader, if there is one, sees the end. */
  drop(): void {
    this.#release(this.#held);
    // The queue has no error of its own to report here, so its promise cannot reject.
    void this.#queue.return();
  }

  async #checked(schema: StandardSchemaV1, value: unknown): Promise<unknown> {
    const outcome = await schema["~standard"].validate(value);
    if (outcome.issues === undefined) return outcome.value;
    this.drop();
    throw new HubException(BAD_ITEM);
  }

  /** Never more than is held: an item may be on its way to the method when all is dropped. */
  #release(bytes: number): void {
    const released = Math.min(bytes, this.#held);
    this.#held -= released;
    this.#account.remove(released);
  }
}

/**
 * Counts the bytes that are held for one client's hub, against the bound that protects everybody else. What is held alone
 * is never too much: the largest message has a limit of its own.
 */
export class HeldBytes {
  readonly #limit: number;
  readonly #onExceeded: () => void;
  #bytes = 0;

  constructor(limit: number, onExceeded: () => void) {
    this.#limit = limit;
    this.#onExceeded = onExceeded;
  }

  get size(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    const isAlone = this.#bytes === 0;
    this.#bytes += bytes;
    if (this.#bytes > this.#limit && !isAlone) this.#onExceeded();
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}
