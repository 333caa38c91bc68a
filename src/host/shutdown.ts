import type { Clock } from "../base/clock.js";
import { toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { GracefulShutdownMode, ServiceSettings } from "../config/options.js";
import type { UntypedClient } from "../hub/client-types.js";
import { Deadline } from "./deadline.js";
import type { HubContext } from "./hub-context.js";

/**
 * Runs when a server shuts down, after the service was told and before clients have to leave: to say good-bye, say. Its
 * context sends as usual.
 */
export type ShutdownHook<TClient extends object = UntypedClient> = (
  context: HubContext<TClient>,
) => void | Promise<void>;

/** What a shutdown does to a hub. */
export interface ShuttingHub {
  /** Name at the service. */
  readonly hubName: string;
  /** Clients that are still here. */
  readonly clientCount: number;
  /** Tells the service, and resolves when it sends no more new clients. */
  offline(mode: GracefulShutdownMode): Promise<void>;
  context(): HubContext;
  /** Resolves when no client is left and each onDisconnected has run. */
  empty(): Promise<void>;
  /** Ends all clients, that many at a time; each batch waits for the onDisconnected of the one before. */
  dismissClients(batchSize: number): Promise<void>;
  /** Ends what is left, and the connections to the service. Resolves when these are closed. */
  close(): Promise<void>;
}

export interface ShutdownInput {
  readonly settings: ServiceSettings["gracefulShutdown"];
  /** In the order that they were added. Not run in mode Off. */
  readonly hooks: readonly ShutdownHook[];
  readonly clock: Clock;
  readonly probe: Probe;
}

const CATEGORY = "Microsoft.Azure.SignalR.ServiceHubDispatcher";
/** Off does not wait for anything of clients, so it does not wait long for the service either. */
const OFF_ANNOUNCEMENT_MS = 1000;
/** Clients that are ended at one time, so that their onDisconnected methods do not all start in the same moment. */
const BATCH = 100;
/** Given to onDisconnected and to the closing of connections when the time is over already. */
const LAST_MS = 1000;

/**
 * Takes a hub down, as a list of steps under one deadline: each step takes what time is left, and the last ones run even
 * when none is. Never rejects.
 */
export class HubShutdown {
  readonly #hub: ShuttingHub;
  readonly #input: ShutdownInput;
  readonly #deadline: Deadline;
  readonly #run: Steps;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** The time of the settings begins to run. */
  constructor(hub: ShuttingHub, input: ShutdownInput) {
    this.#hub = hub;
    this.#input = input;
    this.#deadline = new Deadline(input.clock, input.settings.timeout);
    this.#run = new Steps(hub, input, this.#deadline);
  }

  /** Resolves when no client is left. The connections stay open, for who has something to send still. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** {@link drain}, and then the end of the connections. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    const hub = this.#hub;
    const { mode } = this.#input.settings;
    await this.#run.step("the service's word that it sends no more clients", () => announce(hub, mode, this.#input));
    if (mode !== "Off") {
      await this.#run.step("the hooks", () => runHooks(hub, this.#input));
      await this.#run.step("clients to leave", () => {
        const message = `Hub ${hub.hubName} waits for its ${hub.clientCount} clients to leave.`;
        if (hub.clientCount > 0) report(this.#input.probe, "info", "WaitingClientConnectionsToClose", message);
        return hub.empty();
      });
    }
    await this.#run.lastStep("onDisconnected", (isLate) =>
      hub.dismissClients(isLate ? Number.POSITIVE_INFINITY : BATCH).then(() => hub.empty()),
    );
  }

  async #close(): Promise<void> {
    await this.drain();
    await this.#run.lastStep("the connections to close", () => {
      const message = `Hub ${this.#hub.hubName} closes its connections to the service.`;
      report(this.#input.probe, "info", "StoppingServer", message);
      return this.#hub.close();
    });
    this.#deadline.cancel();
  }
}

async function announce(hub: ShuttingHub, mode: GracefulShutdownMode, { clock, probe }: ShutdownInput): Promise<void> {
  const message = `Hub ${hub.hubName} tells the service that this server shuts down.`;
  report(probe, "info", "SettingServerOffline", message);
  const told = hub.offline(mode);
  if (mode !== "Off") return told;
  const limit = new Deadline(clock, OFF_ANNOUNCEMENT_MS);
  await limit.wait(told);
  limit.cancel();
}

/** One after the other; one that fails keeps those behind it from running, as in the official SDK. */
async function runHooks(hub: ShuttingHub, { hooks, probe }: ShutdownInput): Promise<void> {
  if (hooks.length > 0) report(probe, "info", "TriggeringShutdownHooks", `Hub ${hub.hubName} runs its shutdown hooks.`);
  try {
    for (const hook of hooks) await hook(hub.context());
  } catch (thrown) {
    const error = toError(thrown);
    const message = `A shutdown hook of hub ${hub.hubName} failed, those after it do not run: ${error.message}`;
    report(probe, "error", "ShutdownHookFailed", message, error);
  }
}

class Steps {
  readonly #hub: ShuttingHub;
  readonly #input: ShutdownInput;
  readonly #deadline: Deadline;
  #isReported = false;

  constructor(hub: ShuttingHub, input: ShutdownInput, deadline: Deadline) {
    this.#hub = hub;
    this.#input = input;
    this.#deadline = deadline;
  }

  /** Does not begin any more when a step before took all the time. */
  async step(name: string, run: () => Promise<void>): Promise<void> {
    // Not the clock but the step before is asked: the first one begins even when there never was any time.
    if (this.#isReported) return;
    await this.#wait(name, this.#deadline, run);
  }

  /** Has some time of its own when the deadline is over. `isLate`: it is. */
  async lastStep(name: string, run: (isLate: boolean) => Promise<void>): Promise<void> {
    const isLate = this.#deadline.isOver;
    const limit = isLate ? new Deadline(this.#input.clock, LAST_MS) : this.#deadline;
    await this.#wait(name, limit, () => run(isLate));
    if (isLate) limit.cancel();
  }

  async #wait(name: string, limit: Deadline, run: () => Promise<void>): Promise<void> {
    try {
      if (!(await limit.wait(run()))) this.#reportTimeout(name);
    } catch (thrown) {
      const error = toError(thrown);
      const message = `A step in the shutdown of hub ${this.#hub.hubName} failed and was passed over: ${error.message}`;
      report(this.#input.probe, "error", "ShutdownStepFailed", message, error);
    }
  }

  #reportTimeout(name: string): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const { hubName, clientCount } = this.#hub;
    const message = `The shutdown of hub ${hubName} goes on without waiting for ${name}: ${this.#input.settings.timeout} ms (gracefulShutdown.timeout) were not enough; ${clientCount} clients are cut off.`;
    report(this.#input.probe, "warn", "GracefulShutdownTimeoutExceeded", message);
  }
}

function report(probe: Probe, level: LogLevel, event: LogEvent, message: string, error?: Error): void {
  if (!probe.isEnabled(level)) return;
  probe.log({ level, category: CATEGORY, event, message, ...(error === undefined ? {} : { error }) });
}
