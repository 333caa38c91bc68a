import type { ReconnectAttempt, ReconnectGate } from "./reconnect-gate.js";
import type { ServerConnection } from "./server-connection.js";

export interface PoolSlotOptions {
  readonly gate: ReconnectGate;
  /** Makes a connection, without starting it. */
  readonly open: () => ServerConnection;
}

/** The place of one fixed connection in its pool. When the connection ends, the slot asks for another one. */
export class PoolSlot implements ReconnectAttempt {
  readonly #options: PoolSlotOptions;
  #connection: ServerConnection | undefined;
  #isStopped = false;
  #hadConnection = false;

  constructor(options: PoolSlotOptions) {
    this.#options = options;
  }

  /** Undefined between two connections. */
  get connection(): ServerConnection | undefined {
    return this.#connection;
  }

  /** Whether a connection of this slot was open before the present one. */
  get hadConnection(): boolean {
    return this.#hadConnection;
  }

  /** Opens a connection now. */
  begin(): void {
    if (this.#isStopped) return;
    this.#connection = this.#options.open();
    this.#connection.start();
  }

  /** This slot's connection is open. */
  opened(): void {
    this.#options.gate.opened(this);
  }

  /** This slot's connection has ended: asks for the next one. */
  closed(): void {
    const { gate } = this.#options;
    const livedMs = this.#connection?.livedMs;
    this.#connection = undefined;
    if (this.#isStopped) return;
    if (livedMs !== undefined) {
      this.#hadConnection = true;
      gate.lost(this, livedMs);
      return;
    }
    gate.failed(this);
    gate.request(this);
  }

  /** No more connections; the present one is not touched. */
  stop(): void {
    this.#isStopped = true;
  }
}
