import { SignalRError, toError } from "../base/errors.js";
import type { ServiceContainer } from "../connections/endpoints.js";
import type { HubClass } from "../hub/hub.js";
import type { HubOptions } from "../hub/options.js";
import type { HubOutlet } from "../hub/outlet.js";
import type { HubFigures } from "./figures.js";
import type { NegotiableHub } from "./negotiate.js";
import type { ShutdownHook } from "./shutdown.js";

/** What the named host uses of a hub's host. */
export interface HostedHub {
  readonly hubName: string;
  readonly container: Pick<ServiceContainer, "routeClient" | "opened" | "status" | "update">;
  readonly outlet: HubOutlet;
  readonly clientCount: number;
  figures(): HubFigures;
  start(): void;
  /** Sees the clients off in the way of its settings; what is sent still goes out. */
  drain(hooks: readonly ShutdownHook[]): Promise<void>;
  /** {@link drain}, and then the end of the connections. */
  stop(hooks: readonly ShutdownHook[]): Promise<void>;
}

/** A hub that runs, with what negotiate must know of it. */
export interface RunningHub extends NegotiableHub {
  readonly host: HostedHub;
}

type State =
  | { readonly at: "mapped" }
  | { readonly at: "starting" }
  | { readonly at: "running"; readonly hub: RunningHub }
  /** Still there for its clients and for who sends to them, but on its way down. */
  | { readonly at: "stopping"; readonly hub: RunningHub }
  | { readonly at: "failed" }
  | { readonly at: "stopped" };

/** One hub class of a named service, on however many paths: started once, stopped once, never again after that. */
export class MappedHub {
  readonly hubClass: HubClass;
  /** As given when the class was mapped first. */
  readonly options: HubOptions;
  /** As given to `mapHub`. */
  readonly paths: string[] = [];
  /** Asked for by at least one path before the hub started. */
  allowStatefulReconnects = false;
  /** Resolves when the hub has its host (not yet a connection); rejects when it cannot start or was stopped before. */
  readonly running: Promise<RunningHub>;
  readonly #hooks: ShutdownHook[] = [];
  #state: State = { at: "mapped" };
  #resolve: (hub: RunningHub) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(hubClass: HubClass, options: HubOptions) {
    this.hubClass = hubClass;
    this.options = options;
    this.running = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for a hub; whoever does, or negotiates, gets the reason.
    this.running.catch(() => {});
  }

  /** The hub until its shutdown is over; undefined before its start, and when it could not start. */
  get hub(): RunningHub | undefined {
    return this.#state.at === "running" || this.#state.at === "stopping" ? this.#state.hub : undefined;
  }

  /** Whether nobody has started or stopped it yet. */
  get isNew(): boolean {
    return this.#state.at === "mapped";
  }

  /** Makes the hub once its service is known; does nothing when that was asked for before. */
  start<TService>(service: Promise<TService>, create: (service: TService) => RunningHub): void {
    if (this.#state.at !== "mapped") return;
    this.#state = { at: "starting" };
    service.then((opened) => this.#run(() => create(opened))).catch((error) => this.#fail(toError(error)));
  }

  /** Runs when the hub is shut down, after the hooks that were added before. */
  addHook(hook: ShutdownHook): void {
    this.#hooks.push(hook);
  }

  /** Ends the clients of the hub, or keeps it from starting; its connections stay. */
  async drain(): Promise<void> {
    await this.#leave()?.drain(this.#hooks);
  }

  /** Ends the hub; never rejects because of a hub that could not start. */
  async stop(): Promise<void> {
    try {
      await this.#leave()?.stop(this.#hooks);
    } finally {
      this.#state = { at: "stopped" };
    }
  }

  /** On the way down from now on; undefined when there is nothing to take down. */
  #leave(): HostedHub | undefined {
    const state = this.#state;
    this.#reject(new SignalRError("STOPPED", "The hubs of this service were shut down."));
    if (state.at !== "running" && state.at !== "stopping") {
      this.#state = { at: "stopped" };
      return undefined;
    }
    this.#state = { at: "stopping", hub: state.hub };
    return state.hub.host;
  }

  #run(create: () => RunningHub): void {
    if (this.#state.at !== "starting") return;
    const hub = create();
    hub.host.start();
    this.#state = { at: "running", hub };
    this.#resolve(hub);
  }

  #fail(error: Error): void {
    if (this.#state.at !== "starting") return;
    this.#state = { at: "failed" };
    this.#reject(error);
  }
}
