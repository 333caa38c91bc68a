import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.js";

/** What a client was promised in its negotiate answer. */
export interface Negotiation {
  /** Public: servers and other clients may know it. */
  readonly connectionId: string;
  /** Secret: who has it may open the connection. */
  readonly connectionToken: string;
  readonly hub: string;
  /** Whether its websocket may break and be replaced. */
  readonly isStateful: boolean;
}

interface Pending extends Negotiation {
  readonly endsAt: number;
}

// As long as ASP.NET Core keeps a connection that has no transport.
const LIFE_MS = 15_000;

/** Connections that were negotiated and not opened yet. Bounded: they expire, and the oldest give way. */
export class Negotiations {
  readonly #clock: Clock;
  readonly #capacity: number;
  // In the order of creation, so the oldest come first.
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Clients of version 0 know a single id, which then is the secret too. */
  create(hub: string, version: number, isStateful = false): Negotiation {
    const connectionId = newConnectionId();
    const connectionToken = version === 0 ? connectionId : newConnectionId();
    this.#expire(this.#capacity - 1);
    const negotiation: Negotiation = { connectionId, connectionToken, hub, isStateful };
    this.#pending.set(connectionToken, { ...negotiation, endsAt: this.#clock.now() + LIFE_MS });
    return negotiation;
  }

  /** Whether {@link take} would find something. */
  has(connectionToken: string, hub: string): boolean {
    this.#expire(this.#capacity);
    return this.#pending.get(connectionToken)?.hub === hub;
  }

  /** The promise to a client that comes for it; it can be had once. */
  take(connectionToken: string, hub: string): Negotiation | undefined {
    this.#expire(this.#capacity);
    const pending = this.#pending.get(connectionToken);
    if (pending === undefined || pending.hub !== hub) return undefined;
    this.#pending.delete(connectionToken);
    return pending;
  }

  /** Leaves `most` at most. */
  #expire(most: number): void {
    const now = this.#clock.now();
    for (const [connectionToken, { endsAt }] of this.#pending) {
      if (endsAt > now && this.#pending.size <= most) return;
      this.#pending.delete(connectionToken);
    }
  }
}

/** 128 random bits in 22 characters. */
export function newConnectionId(): string {
  return randomBytes(16).toString("base64url");
}
