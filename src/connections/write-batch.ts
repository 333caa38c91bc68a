import { SignalRError } from "../base/errors.js";
import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import { appendMessage } from "../protocol/service/codec.js";
import type { ServiceMessage } from "../protocol/service/messages.js";
import { createDeferred, type Deferred } from "./deferred.js";

export interface WriteBatchOptions {
  /** Sends one websocket message; see FrameSocket.send. */
  readonly transmit: (bytes: Buffer, onSent: () => void) => void;
  readonly flushBytes: number;
  readonly highWaterBytes: number;
  readonly maxBufferedBytes: number;
}

/**
 * Joins the messages of one turn of the event loop into one websocket message, which is several times cheaper than one
 * each. A turn ends with `setImmediate`: it comes right after the sockets were read, so a lone message waits for no
 * timer. A microtask would come too early: answers of asynchronous methods that end a few steps apart would each get
 * their own websocket message, at twice the cost (measured).
 */
export class WriteBatch {
  readonly #options: WriteBatchOptions;
  readonly #writer = new MsgpackWriter();
  #flushing: NodeJS.Immediate | undefined;
  /** Bytes that the socket has and the operating system has not. */
  #inSocket = 0;
  /** Bytes handed to the socket since the last turn that was seen to end. */
  #inTurn = 0;
  #turnEnding: NodeJS.Immediate | undefined;
  #drained: Deferred<void> | undefined;
  #isClosed = false;

  constructor(options: WriteBatchOptions) {
    this.#options = options;
  }

  /** Bytes that the operating system has not taken yet. */
  get pendingBytes(): number {
    return this.#writer.length + this.#inSocket;
  }

  /**
   * Takes a message; after `close` it is dropped.
   * @returns bytes of its frame
   * @throws SignalRError SEND_BUFFER_FULL when the bound was reached already, or what the codec throws; then nothing of the message is sent
   */
  append(message: ServiceMessage): number {
    if (this.#isClosed) return 0;
    this.#checkRoom();
    const before = this.#writer.length;
    appendMessage(this.#writer, message);
    const bytes = this.#writer.length - before;
    if (this.#writer.length >= this.#options.flushBytes) this.flush();
    else this.#flushing ??= setImmediate(flushBatch, this);
    return bytes;
  }

  /**
   * Takes a frame that is encoded already, behind all that was appended before.
   * @throws SignalRError SEND_BUFFER_FULL when the bound was reached already
   */
  appendFrame(frame: Buffer): void {
    if (this.#isClosed) return;
    this.#checkRoom();
    this.flush();
    this.#transmit(frame);
  }

  /** Sends now what was appended. */
  flush(): void {
    if (this.#flushing !== undefined) {
      clearImmediate(this.#flushing);
      this.#flushing = undefined;
    }
    if (this.#writer.length > 0 && !this.#isClosed) this.#transmit(this.#writer.take());
  }

  /** {@link flush}, at the end of a turn. */
  flushTurn(): void {
    this.flush();
    this.#inTurn = 0;
  }

  /** The turn is over: others had theirs, so there may be more again. */
  endTurn(): void {
    this.#inTurn = 0;
    this.#turnEnding = undefined;
    if (this.pendingBytes <= this.#options.highWaterBytes) this.#release();
  }

  /**
   * Undefined while there is room; else resolves when half of the high-water mark is free again, or at the close. An
   * operating system that takes all at once does not make the room endless: after as many bytes it waits for the next
   * turn, or whoever sends and awaits in a loop would keep everything else of the process from running.
   */
  ready(): Promise<void> | undefined {
    const { highWaterBytes } = this.#options;
    if (this.#isClosed || (this.pendingBytes <= highWaterBytes && this.#inTurn <= highWaterBytes)) return undefined;
    if (this.#inTurn > highWaterBytes) this.#turnEnding ??= setImmediate(endTurnOf, this);
    this.#drained ??= createDeferred();
    return this.#drained.promise;
  }

  /** Drops what was not flushed, and lets go whoever waits for room. */
  close(): void {
    this.#isClosed = true;
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#turnEnding !== undefined) clearImmediate(this.#turnEnding);
    this.#turnEnding = undefined;
    this.#release();
  }

  #checkRoom(): void {
    const { maxBufferedBytes } = this.#options;
    if (this.pendingBytes < maxBufferedBytes) return;
    throw new SignalRError(
      "SEND_BUFFER_FULL",
      `${this.pendingBytes} bytes wait to be sent to the service, allowed are ${maxBufferedBytes}; await earlier sends before the next, or use more server connections.`,
    );
  }

  #transmit(bytes: Buffer): void {
    const length = bytes.length;
    this.#inSocket += length;
    this.#inTurn += length;
    this.#options.transmit(bytes, () => this.#sent(length));
  }

  #sent(length: number): void {
    this.#inSocket -= length;
    if (this.#drained === undefined || this.#turnEnding !== undefined) return;
    if (this.pendingBytes <= this.#options.highWaterBytes / 2) this.#release();
  }

  #release(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }
}

/** One function for all batches: no closure for each turn. */
function flushBatch(batch: WriteBatch): void {
  batch.flushTurn();
}

function endTurnOf(batch: WriteBatch): void {
  batch.endTurn();
}
