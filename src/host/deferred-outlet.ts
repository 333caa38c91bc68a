import type { Address, ClientWire, HubOutlet } from "../hub/outlet.js";
import type { CompletionMessage } from "../protocol/hub/messages.js";

/**
 * An outlet that can be sent to before there is one: calls wait, in order, and go out when it is there. So that
 * `context(hub)` works right after `mapHub`, also while settings are read or an emulator starts.
 */
export class DeferredOutlet implements HubOutlet {
  readonly #pending: Promise<HubOutlet>;
  #outlet: HubOutlet | undefined;

  constructor(pending: Promise<HubOutlet>) {
    this.#pending = pending;
    // Registered before any waiting call, so a later call cannot overtake one that waits. Failures reach the callers.
    pending.then(
      (outlet) => {
        this.#outlet = outlet;
      },
      () => {},
    );
  }

  send(
    address: Address,
    method: string,
    args: readonly unknown[],
    origin: ClientWire | undefined,
  ): Promise<void> | undefined {
    if (this.#outlet !== undefined) return this.#outlet.send(address, method, args, origin);
    return this.#pending.then((outlet) => outlet.send(address, method, args, origin));
  }

  async addToGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void> {
    await (this.#outlet ?? (await this.#pending)).addToGroup(connectionId, group, origin);
  }

  async removeFromGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void> {
    await (this.#outlet ?? (await this.#pending)).removeFromGroup(connectionId, group, origin);
  }

  async invoke(
    connectionId: string,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    origin: ClientWire | undefined,
  ): Promise<unknown> {
    return (this.#outlet ?? (await this.#pending)).invoke(connectionId, method, args, signal, origin);
  }

  /** Clients exist only behind a real outlet, so there is nothing to complete before it is there. */
  invocationCompleted(connectionId: string, completion: CompletionMessage): void {
    this.#outlet?.invocationCompleted(connectionId, completion);
  }
}
