import type { Clock, Timer } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import { foreignText } from "../base/foreign-text.js";
import { type Ack, AckStatus } from "../protocol/service/messages.js";

export interface AckRegistryOptions {
  readonly clock: Clock;
  /** How long an answer is waited for, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** How often the waiting ones are looked at, in milliseconds. @default 1_000 */
  readonly tickMs?: number;
}

/** A question that waits for its answer. */
export interface PendingAck {
  /** To be written into the message. */
  readonly ackId: number;
  /** Resolves for Ok and NotFound; rejects with ACK_TIMEOUT, ACK_FAILED or STOPPED. Nobody has to await it. */
  readonly answer: Promise<Ack>;
}

interface Entry {
  carrier: object | undefined;
  readonly deadline: number;
  resolve(ack: Ack): void;
  reject(error: Error): void;
}

const LARGEST_ID = 2 ** 31 - 1;

/**
 * Matches answers of the service with what was asked. One for the process: ids count up from 1 over all hubs and
 * endpoints. All wait equally long, so the order of asking is the order of timing out, and one coarse tick serves all.
 */
export class AckRegistry {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #tickMs: number;
  readonly #pending = new Map<number, Entry>();
  #lastId = 0;
  #timeouts = 0;
  /** Runs only while someone waits. */
  #tick: Timer | undefined;

  constructor(options: AckRegistryOptions) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#tickMs = options.tickMs ?? 1_000;
  }

  /** How many answers are waited for. */
  get size(): number {
    return this.#pending.size;
  }

  /** How many answers did not come in time, here or at the service. */
  get timeouts(): number {
    return this.#timeouts;
  }

  /** Begins to wait for an answer. */
  create(): PendingAck {
    const ackId = this.#nextId();
    const deadline = this.#clock.now() + this.#timeoutMs;
    const answer = new Promise<Ack>((resolve, reject) => {
      this.#pending.set(ackId, { carrier: undefined, deadline, resolve, reject });
    });
    // Whoever asked awaits it; one who went away in between must not turn a timeout into an unhandled rejection.
    answer.catch(() => {});
    this.#tick ??= this.#clock.every(this.#tickMs, () => this.#expire());
    return { ackId, answer };
  }

  /** Tells what the question travels on: the service answers there, so when it is lost, so is the answer. */
  setCarrier(ackId: number, carrier: object): void {
    const entry = this.#pending.get(ackId);
    if (entry !== undefined) entry.carrier = carrier;
  }

  /** An answer arrived. False: nobody waits for it (any more). */
  complete(ack: Ack): boolean {
    const entry = this.#take(ack.ackId);
    if (entry === undefined) return false;
    if (ack.status === AckStatus.Ok || ack.status === AckStatus.NotFound) entry.resolve(owned(ack));
    else entry.reject(refusal(ack));
    if (ack.status === AckStatus.Timeout) this.#timeouts += 1;
    return true;
  }

  /** The question could not be sent, or nobody wants the answer any more. */
  fail(ackId: number, error: Error): void {
    this.#take(ackId)?.reject(error);
  }

  /** The carrier is gone: fails what still waits for an answer on it. */
  failCarrier(carrier: object, error: Error): void {
    for (const [ackId, entry] of this.#pending) {
      if (entry.carrier === carrier) this.fail(ackId, error);
    }
  }

  /** All that still wait are rejected with STOPPED. */
  stop(): void {
    const error = new SignalRError("STOPPED", "The connection to the service was stopped before the answer came.");
    for (const ackId of [...this.#pending.keys()]) this.fail(ackId, error);
  }

  #take(ackId: number): Entry | undefined {
    const entry = this.#pending.get(ackId);
    if (entry === undefined) return undefined;
    this.#pending.delete(ackId);
    if (this.#pending.size === 0) {
      this.#tick?.cancel();
      this.#tick = undefined;
    }
    return entry;
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === LARGEST_ID ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [ackId, entry] of this.#pending) {
      if (entry.deadline > now) return;
      this.#timeouts += 1;
      this.fail(
        ackId,
        new SignalRError(
          "ACK_TIMEOUT",
          `The service did not answer within ${this.#timeoutMs / 1000} s; the change may or may not have happened.`,
        ),
      );
    }
  }
}

/** The payload is a view into a frame that lives no longer than this call. */
function owned(ack: Ack): Ack {
  return ack.payload === null ? ack : { ...ack, payload: Buffer.from(ack.payload) };
}

function refusal(ack: Ack): SignalRError {
  const detail = ack.message === "" ? "" : `: ${foreignText(ack.message)}`;
  if (ack.status === AckStatus.Timeout)
    return new SignalRError("ACK_TIMEOUT", `The service reports a timeout${detail}`);
  if (ack.status === AckStatus.InternalServerError) {
    return new SignalRError("ACK_FAILED", `The service reports an internal error${detail}`);
  }
  if (ack.status === AckStatus.Forbidden) return new SignalRError("ACK_FAILED", `The service forbids it${detail}`);
  return new SignalRError("ACK_FAILED", `The service answered with the unknown status ${ack.status}${detail}`);
}
