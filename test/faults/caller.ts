import { setTimeout as delay } from "node:timers/promises";
import { type HubConnection, HubConnectionState } from "@microsoft/signalr";

/** What became of the calls of all clients. */
export interface CallCounts {
  sent: number;
  answered: number;
  /** Ended with an error that the caller got. */
  failed: number;
  /** Answered with something else. */
  wrong: number;
  /** Times that a client lost its connection. */
  lostConnections: number;
  longestMs: number;
}

export function newCounts(): CallCounts {
  return { sent: 0, answered: 0, failed: 0, wrong: 0, lostConnections: 0, longestMs: 0 };
}

/** An official client that calls its hub again and again while it is connected, and comes back when it is not. */
export class Caller {
  readonly #connection: HubConnection;
  readonly #name: string;
  readonly #pending = new Set<Promise<void>>();
  #counts = newCounts();
  #isCalling = false;
  #running: Promise<void> = Promise.resolve();
  #number = 0;
  #isStopped = false;

  constructor(connection: HubConnection, name: string) {
    this.#connection = connection;
    this.#name = name;
    let isTold = false;
    const lost = (): void => {
      if (!isTold) this.#counts.lostConnections += 1;
      isTold = true;
    };
    connection.onreconnecting(lost);
    connection.onreconnected(() => {
      isTold = false;
    });
    connection.onclose(() => {
      if (this.#isStopped) return;
      // The client library has given up; that is no second loss.
      lost();
      isTold = false;
      this.connect().catch(() => {}); // it is tried until it is stopped
    });
  }

  get isConnected(): boolean {
    return this.#connection.state === HubConnectionState.Connected;
  }

  /** Calls that have no outcome yet. */
  get pending(): number {
    return this.#pending.size;
  }

  async connect(): Promise<void> {
    while (!this.#isStopped && !this.isConnected) {
      try {
        await this.#connection.start();
      } catch {
        await delay(200);
      }
    }
  }

  /** Calls from now on, one call at a time, and counts there. */
  begin(counts: CallCounts, restMs: number): void {
    this.#counts = counts;
    this.#isCalling = true;
    this.#running = this.#run(restMs);
  }

  async end(): Promise<void> {
    this.#isCalling = false;
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.end();
    await this.#connection.stop();
  }

  async #run(restMs: number): Promise<void> {
    while (this.#isCalling) {
      // A call without a connection never leaves the client: that is no fault of anybody.
      if (this.isConnected) {
        const call = this.#call();
        this.#pending.add(call);
        // It is not awaited for ever: a call that is lost must not keep the others from being made.
        void call.finally(() => this.#pending.delete(call));
        await Promise.race([call, delay(5000, undefined, { ref: false })]);
      }
      await delay(restMs * (0.5 + Math.random()));
    }
  }

  async #call(): Promise<void> {
    const counts = this.#counts;
    this.#number += 1;
    const text = `${this.#name}/${this.#number}`;
    counts.sent += 1;
    const began = performance.now();
    try {
      if ((await this.#connection.invoke("record", text)) === text) counts.answered += 1;
      else counts.wrong += 1;
    } catch {
      counts.failed += 1;
    }
    counts.longestMs = Math.max(counts.longestMs, Math.round(performance.now() - began));
  }
}
