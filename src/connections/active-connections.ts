import { PARTITION_SLOTS, partitionSlot } from "./partition.js";
import type { ServerConnection } from "./server-connection.js";

/** The connections of one pool that can be written to, and which of them carries what. */
export class ActiveConnections {
  readonly #random: () => number;
  readonly #open = new Set<ServerConnection>();
  /** What new work is spread over: those offered for it, or all when none is. */
  #choice: readonly ServerConnection[] = [];
  readonly #slots: Array<ServerConnection | undefined> = new Array(PARTITION_SLOTS).fill(undefined);
  /** For clients that live at another endpoint: what is sent in their name keeps its order here too. */
  readonly #companions = new WeakMap<ServerConnection, ServerConnection>();

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#open.size;
  }

  has(connection: ServerConnection): boolean {
    return this.#open.has(connection);
  }

  /** Tells that a connection was opened, closed, or changed in what it may be used for. */
  update(connection: ServerConnection): void {
    if (connection.isOpen) this.#open.add(connection);
    else this.#open.delete(connection);
    const offered = [...this.#open].filter((candidate) => candidate.isOffered);
    this.#choice = offered.length > 0 ? offered : [...this.#open];
  }

  /**
   * The client's own connection while it is open; else the one that the key went over before, if it is still good; else
   * any. Undefined: none is open.
   */
  pick(via: ServerConnection | undefined, partitionKey: string | undefined): ServerConnection | undefined {
    if (via?.isOpen) return this.#open.has(via) ? via : this.#companionOf(via);
    if (partitionKey === undefined) return this.any();
    const slot = partitionSlot(partitionKey);
    const before = this.#slots[slot];
    if (before !== undefined && this.#choice.includes(before)) return before;
    const next = this.any();
    this.#slots[slot] = next;
    return next;
  }

  /** One at random, so that load spreads. */
  any(): ServerConnection | undefined {
    return this.#choice[Math.floor(this.#random() * this.#choice.length)];
  }

  #companionOf(via: ServerConnection): ServerConnection | undefined {
    const before = this.#companions.get(via);
    if (before?.isOpen) return before;
    const next = this.any();
    if (next !== undefined) this.#companions.set(via, next);
    return next;
  }
}
