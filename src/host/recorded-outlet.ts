import type { Recording } from "../base/instruments.js";
import type { Probe } from "../base/probe.js";
import type { Address, ClientWire, HubOutlet } from "../hub/outlet.js";
import type { CompletionMessage } from "../protocol/hub/messages.js";

/** An outlet whose sends and questions to clients are recorded while somebody wants that. */
export class RecordedOutlet implements HubOutlet {
  readonly #outlet: HubOutlet;
  readonly #probe: Probe;
  readonly #hub: string;

  /** `hub` is the name of the hub class. */
  constructor(outlet: HubOutlet, probe: Probe, hub: string) {
    this.#outlet = outlet;
    this.#probe = probe;
    this.#hub = hub;
  }

  send(
    address: Address,
    method: string,
    args: readonly unknown[],
    origin: ClientWire | undefined,
  ): Promise<void> | undefined {
    const { instruments } = this.#probe;
    if (instruments?.recordsSends !== true) return this.#outlet.send(address, method, args, origin);
    const recording = instruments.begin({ kind: "send", hub: this.#hub, method, to: address.to });
    return recorded(recording, () => this.#outlet.send(address, method, args, origin));
  }

  addToGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void> {
    return this.#outlet.addToGroup(connectionId, group, origin);
  }

  removeFromGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void> {
    return this.#outlet.removeFromGroup(connectionId, group, origin);
  }

  async invoke(
    connectionId: string,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    origin: ClientWire | undefined,
  ): Promise<unknown> {
    const recording = this.#probe.instruments?.begin({ kind: "clientResult", hub: this.#hub, method });
    return recorded(recording, () => this.#outlet.invoke(connectionId, method, args, signal, origin));
  }

  invocationCompleted(connectionId: string, completion: CompletionMessage): void {
    this.#outlet.invocationCompleted(connectionId, completion);
  }
}

/** What `run` gives, and the recording ends with it. */
function recorded<T>(recording: Recording | undefined, run: () => Promise<T> | undefined): Promise<T> | undefined {
  if (recording === undefined) return run();
  let outcome: Promise<T> | undefined;
  try {
    outcome = recording.run(run);
  } catch (error) {
    recording.end(error);
    throw error;
  }
  if (outcome === undefined) {
    recording.end();
    return undefined;
  }
  return outcome.then(
    (value) => {
      recording.end();
      return value;
    },
    (error: unknown) => {
      recording.end(error);
      throw error;
    },
  );
}
