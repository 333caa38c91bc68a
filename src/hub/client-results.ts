import { HubException } from "../base/errors.js";
import type { CompletionMessage } from "../protocol/hub/messages.js";
import { namedError } from "./errors.js";

const CANCELED = "Invocation canceled by the server.";

interface Pending {
  readonly connectionId: string;
  /** The part of the service that holds the client, once it is known. */
  instanceId: string | undefined;
  resolve(result: unknown): void;
  reject(error: Error): void;
  stopListening(): void;
}

/** One question to a client. */
export interface ClientResult {
  readonly invocationId: string;
  /** Rejects with HubException(the client's text), or by one of the `fail…` methods. */
  readonly result: Promise<unknown>;
}

/** Results that hubs of this process wait for, wherever their clients are connected. */
export class ClientResults {
  readonly #scope: string;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  /** `scope` makes invocation ids unique among all processes. */
  constructor(scope: string) {
    this.#scope = scope;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Begins to wait for a client. `onCancel` runs when the signal ends the waiting. */
  expect(
    connectionId: string,
    signal: AbortSignal | undefined,
    onCancel: (invocationId: string) => void,
  ): ClientResult {
    this.#count += 1;
    const invocationId = `${connectionId}-${this.#scope}-${this.#count}`;
    const result = new Promise<unknown>((resolve, reject) => {
      const onAbort = (): void => {
        this.fail(invocationId, new HubException(CANCELED));
        onCancel(invocationId);
      };
      const stopListening = (): void => signal?.removeEventListener("abort", onAbort);
      this.#pending.set(invocationId, { connectionId, instanceId: undefined, resolve, reject, stopListening });
      signal?.addEventListener("abort", onAbort);
    });
    // Whoever asked awaits it, but perhaps not yet: an early failure must not look like a forgotten one.
    result.catch(() => {});
    if (signal?.aborted) this.fail(invocationId, new HubException(CANCELED));
    return { invocationId, result };
  }

  isExpected(invocationId: string): boolean {
    return this.#pending.has(invocationId);
  }

  /**
   * A client has answered; false when nobody here has asked this client (any more). Ids can be guessed from earlier
   * ones, so an answer counts only when it comes from whom was asked.
   */
  complete(connectionId: string, completion: CompletionMessage): boolean {
    const pending = this.#pending.get(completion.invocationId);
    if (pending?.connectionId !== connectionId) return false;
    this.#take(completion.invocationId);
    if (completion.error !== undefined) pending.reject(new HubException(completion.error));
    else pending.resolve(completion.result ?? null);
    return true;
  }

  fail(invocationId: string, error: Error): void {
    this.#take(invocationId)?.reject(error);
  }

  /** The service tells where the client is, so that the call can fail with that part of the service. */
  locate(invocationId: string, instanceId: string): void {
    const pending = this.#pending.get(invocationId);
    if (pending !== undefined) pending.instanceId = instanceId;
  }

  failInstance(instanceId: string): void {
    this.#failWhere((pending) => pending.instanceId === instanceId);
  }

  failConnection(connectionId: string): void {
    this.#failWhere((pending) => pending.connectionId === connectionId);
  }

  failAll(error: Error): void {
    for (const invocationId of [...this.#pending.keys()]) this.fail(invocationId, error);
  }

  #failWhere(matches: (pending: Pending) => boolean): void {
    if (this.#pending.size === 0) return;
    for (const [invocationId, pending] of [...this.#pending]) {
      if (matches(pending)) {
        this.fail(invocationId, namedError("IOException", `Connection '${pending.connectionId}' disconnected.`));
      }
    }
  }

  #take(invocationId: string): Pending | undefined {
    const pending = this.#pending.get(invocationId);
    if (pending === undefined) return undefined;
    this.#pending.delete(invocationId);
    pending.stopListening();
    return pending;
  }
}
