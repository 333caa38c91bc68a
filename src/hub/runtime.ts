import type { Clock } from "../base/clock.js";
import type { Probe } from "../base/probe.js";
import { createJsonHubProtocol } from "../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../protocol/hub/messagepack.js";
import type { HubProtocol } from "../protocol/hub/protocol.js";
import type { HubCallerContext } from "./context.js";
import { composeFilters, type FilterChain } from "./filters.js";
import { type AnyHub, attachHub, type HubCall, type HubClass } from "./hub.js";
import { createHubCounts, type HubCounts } from "./hub-counts.js";
import { collectMethods, type HubMethodTable, hubNameOf } from "./methods.js";
import type { ResolvedHubOptions } from "./options.js";
import type { HubOutlet } from "./outlet.js";

export interface HubRuntimeParts {
  readonly hubClass: HubClass;
  readonly options: ResolvedHubOptions;
  readonly protocols: ReadonlyMap<string, HubProtocol>;
  readonly outlet: HubOutlet;
  readonly probe: Probe;
  readonly clock: Clock;
}

/** All that the sessions of one hub share: its methods, options, filters and protocols. Made once at start. */
export class HubRuntime {
  readonly hubClass: HubClass;
  readonly hubName: string;
  readonly options: ResolvedHubOptions;
  readonly methods: HubMethodTable;
  readonly filters: FilterChain;
  /** By lower-case name, in the order that payloads are written. */
  readonly protocols: ReadonlyMap<string, HubProtocol>;
  readonly outlet: HubOutlet;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly counts: HubCounts = createHubCounts();
  /** Hub objects come from the class itself and no filter stands before a method: calls may run without a promise. */
  readonly isDirect: boolean;
  readonly #construct: new () => AnyHub;

  /** @throws SignalRError HUB_INVALID when the class cannot be a hub */
  constructor(parts: HubRuntimeParts) {
    this.hubClass = parts.hubClass;
    this.hubName = hubNameOf(parts.hubClass);
    this.options = parts.options;
    this.methods = collectMethods(parts.hubClass);
    this.filters = composeFilters(parts.options.filters);
    this.protocols = parts.protocols;
    this.outlet = parts.outlet;
    this.probe = parts.probe;
    this.clock = parts.clock;
    this.isDirect = parts.options.createHub === undefined && this.filters.invoke === undefined;
    // Abstract classes and constructors with required parameters need createHub; without it they fail when called.
    this.#construct = parts.hubClass as unknown as new () => AnyHub;
  }

  /** A hub object for one call; only for runtimes without `createHub`. */
  constructHub(call: HubCall): AnyHub {
    const hub = new this.#construct();
    attachHub(hub, call);
    return hub;
  }

  /** A hub object for one call, from `createHub` where there is one. */
  async createHub(context: HubCallerContext, call: HubCall): Promise<AnyHub> {
    const create = this.options.createHub;
    if (create === undefined) return this.constructHub(call);
    const hub: unknown = await create(this.hubClass, context);
    if (!(hub instanceof this.hubClass) || !attachHub(hub, call)) {
      throw new Error(`createHub must give an object of ${this.hubClass.name}`);
    }
    return hub;
  }
}

/** The protocols that a hub speaks, by name, in the order that payloads are written. */
export function createHubProtocols(options: ResolvedHubOptions): ReadonlyMap<string, HubProtocol> {
  const { jsonBigIntegers, jsonReplacer, jsonReviver } = options;
  const choices = { jsonBigIntegers, jsonReplacer, jsonReviver };
  const makers = { json: createJsonHubProtocol, messagepack: createMessagePackHubProtocol };
  const inOrder = (["json", "messagepack"] as const).filter((name) => options.supportedProtocols.includes(name));
  return new Map(inOrder.map((name) => [name, makers[name](choices)]));
}

/** Runs the hub object's disposer, if it has one; a promise only when there is something to wait for. */
export function disposeHub(hub: object): Promise<void> | undefined {
  const disposable = hub as Partial<AsyncDisposable & Disposable>;
  if (typeof disposable[Symbol.asyncDispose] === "function") {
    return Promise.resolve(disposable[Symbol.asyncDispose]?.());
  }
  disposable[Symbol.dispose]?.();
  return undefined;
}
