import { reconnectDelayMs } from "../base/backoff.js";
import type { Clock, Timer } from "../base/clock.js";
import type { ReconnectAttempt, ReconnectGate } from "./reconnect-gate.js";
import type { ServerConnection } from "./server-connection.js";

export interface PoolSlotOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly stableAfterMs: number;
  readonly gate: ReconnectGate;
  /** Makes a connection, without starting it. */
  readonly open: () => ServerConnection;
}

const FORGIVEN_QUICK_LOSSES = 2;

/** The place of one fixed connection in its pool. When the connection ends, the slot asks for another one. */
export class PoolSlot implements ReconnectAttempt {
  readonly #options: PoolSlotOptions;
  #connection: ServerConnection | undefined;
  #openedAt: number | undefined;
  /** Connections in a row that opened and did not live long. */
  #quickLosses = 0;
  #pause: Timer | undefined;
  #isStopped = false;

  constructor(options: PoolSlotOptions) {
    this.#options = options;
  }

  /** Undefined between two connections. */
  get connection(): ServerConnection | undefined {
    return this.#connection;
  }

  /** Opens a connection now. */
  begin(): void {
    if (this.#isStopped) return;
    this.#openedAt = undefined;
    this.#connection = this.#options.open();
    this.#connection.start();
  }

  /** This slot's connection is open. */
  opened(): void {
    this.#openedAt = this.#options.clock.now();
  }

  /** This slot's connection has ended: asks for the next one. */
  closed(): void {
    const { clock, random, gate, stableAfterMs } = this.#options;
    this.#connection = undefined;
    if (this.#isStopped) return;
    if (this.#openedAt === undefined) {
      gate.failed(this);
      gate.request(this);
      return;
    }
    this.#quickLosses = clock.now() - this.#openedAt < stableAfterMs ? this.#quickLosses + 1 : 0;
    if (this.#quickLosses <= FORGIVEN_QUICK_LOSSES) {
      gate.request(this);
      return;
    }
    // Connections that open and break again at once would otherwise come back without any pause, because each success
    // ends the back-off.
    const pauseMs = reconnectDelayMs(this.#quickLosses - FORGIVEN_QUICK_LOSSES - 1, random);
    this.#pause = clock.after(pauseMs, () => gate.request(this));
  }

  /** No more connections; the present one is not touched. */
  stop(): void {
    this.#isStopped = true;
    this.#pause?.cancel();
    this.#pause = undefined;
  }
}
