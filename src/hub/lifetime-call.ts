import type { Recording, RecordingLink } from "../base/instruments.js";
import { type HubCallerClients, OutletCallerClients } from "./clients.js";
import type { HubCallerContext } from "./context.js";
import { namedError } from "./errors.js";
import { type GroupManager, OutletGroups } from "./groups.js";
import type { HubCall } from "./hub.js";
import type { ClientWire } from "./outlet.js";
import { disposeHub, type HubRuntime } from "./runtime.js";

const NO_RESULTS_YET = "Client results inside OnConnectedAsync Hub methods are not allowed.";

/** The part of a client session that its lifetime calls need. */
interface LifetimeOwner {
  readonly runtime: HubRuntime;
  readonly context: HubCallerContext;
  readonly wire: ClientWire;
  /** The recording of the client's onConnected; set when somebody made one. */
  link: RecordingLink | undefined;
}

/** Runs onConnected on a hub object of its own, inside the hub's filters. */
export async function runConnected(owner: LifetimeOwner): Promise<void> {
  // The client's answer would wait behind onConnected, which waits for the answer.
  const refuse = (): void => {
    throw namedError("InvalidOperationException", NO_RESULTS_YET);
  };
  const { runtime, context } = owner;
  const recording = runtime.probe.instruments?.begin({ kind: "connected", hub: runtime.hubName });
  owner.link = recording?.link;
  await recorded(recording, async () => {
    const hub = await runtime.createHub(context, new LifetimeCall(owner, refuse));
    try {
      const method = (): unknown => hub.onConnected();
      await (runtime.filters.connected?.({ context, hub }, method) ?? method());
    } finally {
      await disposeHub(hub);
    }
  });
}

/** Runs onDisconnected on a hub object of its own, inside the hub's filters. */
export async function runDisconnected(owner: LifetimeOwner, error: Error | undefined): Promise<void> {
  const { runtime, context, link } = owner;
  const recording = runtime.probe.instruments?.begin({ kind: "disconnected", hub: runtime.hubName, link });
  await recorded(recording, async () => {
    const hub = await runtime.createHub(context, new LifetimeCall(owner, () => {}));
    try {
      const method = (): unknown => hub.onDisconnected(error);
      await (runtime.filters.disconnected?.({ context, hub }, error, method) ?? method());
    } finally {
      await disposeHub(hub);
    }
  });
}

async function recorded(recording: Recording | undefined, run: () => Promise<void>): Promise<void> {
  if (recording === undefined) return run();
  try {
    await recording.run(run);
    recording.end();
  } catch (error) {
    recording.end(error);
    throw error;
  }
}

/** What a hub object finds in its lifecycle methods. */
class LifetimeCall implements HubCall {
  readonly clients: HubCallerClients;
  readonly groups: GroupManager;
  readonly context: HubCallerContext;

  constructor(owner: LifetimeOwner, onInvoke: () => void) {
    this.context = owner.context;
    this.clients = new OutletCallerClients(owner.runtime.outlet, owner.context.connectionId, owner.wire, onInvoke);
    this.groups = new OutletGroups(owner.runtime.outlet, owner.wire);
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }
}
