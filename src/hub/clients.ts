import { SignalRError } from "../base/errors.js";
import type { ClientMethod, ClientMethodArguments, ClientMethodResult, UntypedClient } from "./client-types.js";
import { namedError } from "./errors.js";
import type { Address, ClientWire, HubOutlet } from "./outlet.js";

/** Calls a method on every client that it stands for. */
export interface ClientProxy<TClient extends object = UntypedClient> {
  /**
   * Calls `method` on the clients and does not wait for them. Resolves when the message was handed to the service;
   * waits while too much is unsent. Clients that do not exist are no error.
   * @throws SignalRError NOT_CONNECTED when no server connection came back in time
   */
  send<M extends ClientMethod<TClient>>(method: M, ...args: ClientMethodArguments<TClient, M>): Promise<void>;
}

/** One client, that can also be asked for a result. */
export interface SingleClientProxy<TClient extends object = UntypedClient> extends ClientProxy<TClient> {
  /**
   * Calls `method` on the client and waits for what its handler returns. An AbortSignal as last argument is not sent:
   * when it aborts, the call fails.
   * @throws HubException with the client's own text when its handler failed or gave no result, and with
   * `Invocation canceled by the server.` when the signal aborted
   */
  invoke<M extends ClientMethod<TClient>>(
    method: M,
    ...args: [...args: ClientMethodArguments<TClient, M>, signal?: AbortSignal]
  ): Promise<ClientMethodResult<TClient, M>>;
}

/** All the ways to address clients from anywhere. */
export interface HubClients<TClient extends object = UntypedClient> {
  readonly all: ClientProxy<TClient>;
  allExcept(connectionIds: readonly string[]): ClientProxy<TClient>;
  client(connectionId: string): SingleClientProxy<TClient>;
  clients(connectionIds: readonly string[]): ClientProxy<TClient>;
  /** Group names are case-sensitive. */
  group(name: string): ClientProxy<TClient>;
  /** A member of several of the groups gets the message once for each. */
  groups(names: readonly string[]): ClientProxy<TClient>;
  groupExcept(name: string, connectionIds: readonly string[]): ClientProxy<TClient>;
  /** All connections of the user. */
  user(userId: string): ClientProxy<TClient>;
  users(userIds: readonly string[]): ClientProxy<TClient>;
}

/** Addresses inside a hub call, where there is a caller. */
export interface HubCallerClients<TClient extends object = UntypedClient> extends HubClients<TClient> {
  readonly caller: SingleClientProxy<TClient>;
  readonly others: ClientProxy<TClient>;
  othersInGroup(name: string): ClientProxy<TClient>;
}

const NOBODY: readonly string[] = Object.freeze([]);
const EVERYBODY: Address = Object.freeze({ to: "all", except: NOBODY });
const SENT: Promise<void> = Promise.resolve();

class OutletProxy implements ClientProxy {
  protected readonly outlet: HubOutlet;
  protected readonly address: Address;
  protected readonly origin: ClientWire | undefined;

  constructor(outlet: HubOutlet, address: Address, origin: ClientWire | undefined) {
    this.outlet = outlet;
    this.address = address;
    this.origin = origin;
  }

  send(method: string, ...args: unknown[]): Promise<void> {
    try {
      requireText("method", method);
      return this.outlet.send(this.address, method, args, this.origin) ?? SENT;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

class SingleOutletProxy extends OutletProxy implements SingleClientProxy {
  readonly #connectionId: string;
  readonly #onInvoke: (() => void) | undefined;

  constructor(
    outlet: HubOutlet,
    connectionId: string,
    origin: ClientWire | undefined,
    onInvoke: (() => void) | undefined,
  ) {
    super(outlet, { to: "connections", connectionIds: [connectionId] }, origin);
    this.#connectionId = connectionId;
    this.#onInvoke = onInvoke;
  }

  async invoke(method: string, ...args: unknown[]): Promise<never> {
    requireText("method", method);
    const last = args.at(-1);
    const signal = last instanceof AbortSignal ? last : undefined;
    this.#onInvoke?.();
    return (await this.outlet.invoke(
      this.#connectionId,
      method,
      signal === undefined ? args : args.slice(0, -1),
      signal,
      this.origin,
    )) as never;
  }
}

/** {@link HubClients} over an outlet. `onInvoke` runs before a client is asked for a result, and may refuse by throwing. */
export class OutletClients implements HubClients {
  protected readonly outlet: HubOutlet;
  protected readonly origin: ClientWire | undefined;
  protected readonly onInvoke: (() => void) | undefined;

  constructor(outlet: HubOutlet, origin?: ClientWire, onInvoke?: () => void) {
    this.outlet = outlet;
    this.origin = origin;
    this.onInvoke = onInvoke;
  }

  get all(): ClientProxy {
    return this.#to(EVERYBODY);
  }

  allExcept(connectionIds: readonly string[]): ClientProxy {
    return this.#to({ to: "all", except: requireList("connectionIds", connectionIds) });
  }

  client(connectionId: string): SingleClientProxy {
    requireText("connectionId", connectionId);
    return new SingleOutletProxy(this.outlet, connectionId, this.origin, this.onInvoke);
  }

  clients(connectionIds: readonly string[]): ClientProxy {
    return this.#to({ to: "connections", connectionIds: requireList("connectionIds", connectionIds) });
  }

  group(name: string): ClientProxy {
    return this.groupExcept(name, NOBODY);
  }

  groups(names: readonly string[]): ClientProxy {
    const groups = requireList("names", names);
    if (groups.includes("")) throw namedError("InvalidOperationException", "Cannot send to an empty group name.");
    return this.#to({ to: "groups", groups });
  }

  groupExcept(name: string, connectionIds: readonly string[]): ClientProxy {
    requireText("name", name);
    return this.#to({ to: "group", group: name, except: requireList("connectionIds", connectionIds) });
  }

  user(userId: string): ClientProxy {
    if (typeof userId !== "string") throw notText("userId", userId);
    return this.#to({ to: "user", userId });
  }

  users(userIds: readonly string[]): ClientProxy {
    return this.#to({ to: "users", userIds: requireList("userIds", userIds) });
  }

  #to(address: Address): ClientProxy {
    return new OutletProxy(this.outlet, address, this.origin);
  }
}

/** {@link HubCallerClients} for one call of one client. */
export class OutletCallerClients extends OutletClients implements HubCallerClients {
  readonly #callerId: string;

  constructor(outlet: HubOutlet, callerId: string, origin: ClientWire, onInvoke: () => void) {
    super(outlet, origin, onInvoke);
    this.#callerId = callerId;
  }

  get caller(): SingleClientProxy {
    return this.client(this.#callerId);
  }

  get others(): ClientProxy {
    return this.allExcept([this.#callerId]);
  }

  othersInGroup(name: string): ClientProxy {
    return this.groupExcept(name, [this.#callerId]);
  }
}

/** Refuses what is no text, or empty, with a sentence that names the argument. */
export function requireText(name: string, value: unknown): void {
  if (typeof value !== "string" || value === "") throw notText(name, value);
}

function requireList(name: string, values: readonly string[]): readonly string[] {
  if (!Array.isArray(values) || values.some((value) => typeof value !== "string")) {
    throw new SignalRError("ARGUMENT_INVALID", `${name} must be an array of strings`);
  }
  return values;
}

function notText(name: string, value: unknown): SignalRError {
  const found = value === "" ? "an empty string" : value === null ? "null" : typeof value;
  return new SignalRError("ARGUMENT_INVALID", `${name} must be a text that is not empty, got ${found}`);
}
