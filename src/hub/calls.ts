import { HubException } from "../base/errors.js";
import { Fifo } from "../base/fifo.js";
import type {
  CompletionMessage,
  InvocationMessage,
  StreamInvocationMessage,
  StreamItemMessage,
} from "../protocol/hub/messages.js";
import { CONNECTION_CLOSED, callError, namedError } from "./errors.js";
import type { HubCounts } from "./hub-counts.js";
import { Invocation, type InvocationOwner } from "./invocation.js";
import { type HeldBytes, Upload } from "./uploads.js";
import { weightOf } from "./weight.js";

/** What a call costs in memory besides its message. */
const CALL_OVERHEAD_BYTES = 250;
const TOO_MANY = "The client has too many calls and uploads running.";
const NO_UPLOADS: readonly Upload[] = Object.freeze([]);

/**
 * The calls of one client: they start in the order they came, plain ones take turns (one at a time by default), streams
 * and uploads run beside them. Cancels, items and completions are never held up by a call that waits.
 */
export class Calls {
  readonly #owner: InvocationOwner;
  readonly #held: HeldBytes;
  readonly #counts: HubCounts;
  readonly #waiting = new Fifo<Invocation>();
  readonly #running = new Set<Invocation>();
  readonly #byId = new Map<string, Invocation>();
  readonly #uploads = new Map<string, Upload>();
  #freePermits: number;
  #isStarting = false;
  #onSettled: (() => void) | undefined;

  constructor(owner: InvocationOwner, held: HeldBytes) {
    this.#owner = owner;
    this.#held = held;
    this.#counts = owner.runtime.counts;
    this.#freePermits = owner.runtime.options.maximumParallelInvocationsPerClient;
  }

  /** Calls and uploads that run or wait. */
  get size(): number {
    return this.#running.size + this.#waiting.size + this.#uploads.size;
  }

  accept(message: InvocationMessage | StreamInvocationMessage): void {
    if (message.type === 4 && this.#byId.get(message.invocationId)?.isStream) {
      this.#owner.reply({
        type: 3,
        invocationId: message.invocationId,
        hasResult: false,
        error: callError.idInUse(message.invocationId),
      });
      return;
    }
    if (this.#wouldBeTooMany(message.streamIds?.length ?? 0)) {
      new Invocation(this.#owner, message, NO_UPLOADS).refuse(new HubException(TOO_MANY));
      return;
    }
    const invocation = new Invocation(this.#owner, message, this.#openUploads(message.streamIds));
    if (this.#waiting.size === 0 && this.#mayStart(invocation)) {
      this.#start(invocation);
      return;
    }
    this.#remember(invocation);
    this.#waiting.push(invocation);
    this.#counts.waitingCalls += 1;
    this.#hold(invocation);
  }

  cancel(invocationId: string): void {
    this.#byId.get(invocationId)?.cancel();
  }

  /** An item of an upload; ignored when nobody knows the stream (any more). */
  item(message: StreamItemMessage): void {
    this.#uploads.get(message.invocationId)?.push(message.item);
  }

  /** True when the completion ended an upload. */
  completeUpload(message: CompletionMessage): boolean {
    const upload = this.#uploads.get(message.invocationId);
    if (upload === undefined) return false;
    this.#uploads.delete(message.invocationId);
    upload.end(message.error === undefined ? undefined : new HubException(message.error));
    return true;
  }

  /** The call waits for its own client, which must be able to answer and to call again. For good, not just meanwhile. */
  releasePermit(invocation: Invocation): void {
    if (!invocation.holdsPermit) return;
    invocation.holdsPermit = false;
    this.#freePermits += 1;
    if (!invocation.isFinished) this.#hold(invocation);
    this.#startNext();
    this.#checkSettled();
  }

  finished(invocation: Invocation): void {
    if (this.#running.delete(invocation)) this.#counts.runningCalls -= 1;
    const id = invocation.message.invocationId;
    if (id !== undefined && this.#byId.get(id) === invocation) this.#byId.delete(id);
    this.#forgetUploads(invocation);
    this.#letGo(invocation);
    this.releasePermit(invocation);
    this.#startNext();
    this.#checkSettled();
  }

  /**
   * Resolves when no call waits or runs that can end without another word of the client. Who asks again takes the place
   * of who asked before.
   */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      this.#checkSettled();
    });
  }

  /** Answers everything with an error, what waits too; uploads end. */
  interruptAll(error: Error): void {
    const waiting: Invocation[] = [];
    // All are taken before the first is refused: the end of one lets the next one start.
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) waiting.push(next.value);
    this.#counts.waitingCalls -= waiting.length;
    for (const invocation of waiting) invocation.refuse(error);
    for (const invocation of [...this.#running]) invocation.interrupt(error);
    this.failUploads();
  }

  /** The client is gone: what runs is cancelled, what waits never starts. */
  cancelAll(): void {
    this.#counts.waitingCalls -= this.#waiting.size;
    this.#waiting.clear();
    this.#byId.clear();
    for (const invocation of [...this.#running]) invocation.cancel();
  }

  /** Uploads still being read fail; for after the hub was told that the client is gone. */
  failUploads(): void {
    const error = namedError("OperationCanceledException", CONNECTION_CLOSED);
    for (const upload of this.#uploads.values()) upload.end(error);
    this.#uploads.clear();
  }

  #checkSettled(): void {
    if (this.#onSettled === undefined || this.#waiting.size > 0) return;
    for (const invocation of this.#running) if (invocation.endsByItself) return;
    this.#onSettled();
    this.#onSettled = undefined;
  }

  #wouldBeTooMany(uploads: number): boolean {
    return this.#running.size + this.#uploads.size + uploads >= this.#owner.runtime.options.maximumActiveCallsPerClient;
  }

  #mayStart(invocation: Invocation): boolean {
    if (!this.#owner.isOpen || (invocation.takesTurn && this.#freePermits === 0)) return false;
    // Calls that wait for their client give their turns away, so turns alone do not bound their number.
    return this.#running.size < this.#owner.runtime.options.maximumActiveCallsPerClient;
  }

  /** Counts what a call keeps in memory while it waits or runs without a turn; the turns bound the others. */
  #hold(invocation: Invocation): void {
    if (invocation.heldBytes > 0) return;
    invocation.heldBytes = weightOf(invocation.message) + CALL_OVERHEAD_BYTES;
    this.#held.add(invocation.heldBytes);
  }

  #letGo(invocation: Invocation): void {
    if (invocation.heldBytes === 0) return;
    this.#held.remove(invocation.heldBytes);
    invocation.heldBytes = 0;
  }

  /** A client that uses an id twice can still cancel its stream: a plain call never takes the place of another one. */
  #remember(invocation: Invocation): void {
    const id = invocation.message.invocationId;
    if (id !== undefined && (invocation.isStream || !this.#byId.has(id))) this.#byId.set(id, invocation);
  }

  /** Only its own: the client may have used a stream id again. */
  #forgetUploads(invocation: Invocation): void {
    for (const [index, upload] of invocation.uploads.entries()) {
      const id = invocation.message.streamIds?.[index];
      if (id !== undefined && this.#uploads.get(id) === upload) this.#uploads.delete(id);
    }
  }

  #openUploads(streamIds: readonly string[] | undefined): readonly Upload[] {
    if (streamIds === undefined || streamIds.length === 0) return NO_UPLOADS;
    return streamIds.map((id) => {
      this.#uploads.get(id)?.end(namedError("OperationCanceledException", `Stream ID '${id}' was used again.`));
      const upload = new Upload(this.#owner.runtime.options.streamBufferCapacity, this.#held);
      this.#uploads.set(id, upload);
      return upload;
    });
  }

  /** A loop, not a recursion: thousands of waiting calls may each end at once. */
  #startNext(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
        if (!this.#mayStart(next)) return;
        this.#waiting.take();
        this.#counts.waitingCalls -= 1;
        this.#letGo(next);
        this.#start(next);
      }
    } finally {
      this.#isStarting = false;
    }
  }

  #start(invocation: Invocation): void {
    if (invocation.takesTurn) {
      invocation.holdsPermit = true;
      this.#freePermits -= 1;
    }
    invocation.start();
    if (invocation.isFinished) return;
    this.#running.add(invocation);
    this.#counts.runningCalls += 1;
    this.#remember(invocation);
    if (!invocation.holdsPermit) this.#hold(invocation);
    // The call may have ended its own connection before it was on the list of those to cancel.
    if (!this.#owner.isOpen) invocation.cancel();
  }
}
