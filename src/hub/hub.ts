import type { UntypedClient } from "./client-types.js";
import type { HubCallerClients } from "./clients.js";
import type { HubCallerContext } from "./context.js";
import type { GroupManager } from "./groups.js";
import type { HubMethodMap } from "./method-options.js";

/** What the runtime gives a hub object for one call. */
export interface HubCall {
  readonly clients: HubCallerClients;
  readonly groups: GroupManager;
  readonly context: HubCallerContext;
  readonly signal: AbortSignal;
}

let attach: (hub: Hub<never>, call: HubCall) => void;
let isHub: (value: object) => value is Hub<never>;

/**
 * Base class of all hubs. Methods that a class adds to its prototype can be called by clients; a new object is made for
 * every call, so fields do not survive it: keep what belongs to the connection in `context.items`.
 *
 * @typeParam TClient what the server may call on a client; leave it out to call anything
 * @example
 * class ChatHub extends Hub<{ messageReceived(user: string, text: string): void }> {
 *   async sendMessage(user: string, text: string) {
 *     await this.clients.all.send("messageReceived", user, text);
 *   }
 * }
 */
export abstract class Hub<TClient extends object = UntypedClient> {
  /** Name of the hub at the service; the class name by default. Set it where a bundler renames classes. */
  static readonly hubName: string | undefined = undefined;
  /** What types cannot say at run time, made by `hubMethods`. */
  static readonly methods: HubMethodMap | undefined = undefined;

  #call: HubCall | undefined;

  static {
    attach = (hub, call) => {
      // One object for two calls would show one client the other one's connection.
      if (hub.#call !== undefined) throw new Error(`createHub must give a new ${hub.constructor.name} for every call`);
      hub.#call = call;
    };
    isHub = (value): value is Hub<never> => #call in value;
  }

  /** The clients that can be called from here. */
  get clients(): HubCallerClients<TClient> {
    return this.#current().clients as HubCallerClients<TClient>;
  }

  /** Puts connections into groups and takes them out. */
  get groups(): GroupManager {
    return this.#current().groups;
  }

  /** The calling client's connection. */
  get context(): HubCallerContext {
    return this.#current().context;
  }

  /** Aborts when the client cancels this call, or its connection ends. */
  get signal(): AbortSignal {
    return this.#current().signal;
  }

  /** A client has connected; no call of it starts before this ends. An error refuses the client. */
  onConnected(): void | Promise<void> {}

  /** The client is gone; `error` is undefined after a clean end. Runs once for each client that connected. */
  onDisconnected(_error?: Error): void | Promise<void> {}

  #current(): HubCall {
    if (this.#call === undefined) {
      throw new Error("clients, groups, context and signal of a hub exist in its methods, not yet in its constructor");
    }
    return this.#call;
  }
}

/** The part of a hub object that the runtime itself calls; any `Hub<T>` is one. */
export type AnyHub = Pick<Hub, "onConnected" | "onDisconnected">;

/** A hub class, whatever its constructor takes. */
export type HubClass<THub extends AnyHub = AnyHub> = abstract new (...args: never[]) => THub;

/**
 * Gives a hub object its call; false when the object is not a hub.
 * @throws Error when it has a call already
 */
export function attachHub(hub: object, call: HubCall): boolean {
  if (!isHub(hub)) return false;
  attach(hub, call);
  return true;
}
