import { HubException, toError } from "../base/errors.js";
import type { SendRoute } from "../connections/delivery.js";
import type { ServiceContainer } from "../connections/endpoints.js";
import type { ServerConnection } from "../connections/server-connection.js";
import type { ClientResults } from "../hub/client-results.js";
import type { ClientSession } from "../hub/client-session.js";
import type { Address, ClientWire, HubOutlet } from "../hub/outlet.js";
import type { CompletionMessage, InvocationMessage } from "../protocol/hub/messages.js";
import type { HubProtocol } from "../protocol/hub/protocol.js";
import type {
  AckableMessage,
  ClientCompletion,
  ErrorCompletion,
  Payloads,
  ServiceMessage,
} from "../protocol/service/messages.js";
import type { MessageTracing, TraceableMessage } from "./message-tracing.js";
import { ServiceWire } from "./service-wire.js";

const NO_BYTES = new Uint8Array(0);

export interface ServiceOutletParts {
  readonly container: ServiceContainer;
  /** In the order that payloads are written. */
  readonly protocols: ReadonlyMap<string, HubProtocol>;
  readonly serverName: string;
  readonly results: ClientResults;
  readonly tracing: MessageTracing;
  /** The session of a client that is connected through this process. */
  readonly sessionOf: (connectionId: string) => ClientSession | undefined;
}

/** A {@link HubOutlet} that turns sends into messages to the service. */
export class ServiceOutlet implements HubOutlet {
  readonly #parts: ServiceOutletParts;
  /** Invocations by other servers for clients that are connected here, by id. */
  readonly #routed = new Map<string, string>();
  /** Our own invocations that went to several endpoints: how many of these have not failed yet. */
  readonly #asked = new Map<string, number>();

  constructor(parts: ServiceOutletParts) {
    this.#parts = parts;
  }

  send(
    address: Address,
    method: string,
    args: readonly unknown[],
    origin: ClientWire | undefined,
  ): Promise<void> | undefined {
    const message: InvocationMessage = { type: 1, target: method, arguments: args };
    if (address.to === "connections" && address.connectionIds.length === 1) {
      return this.#sendToOne(address.connectionIds, message, origin);
    }
    if (isEmpty(address)) return undefined;
    return this.#hand(addressed(address, this.#encode(message)), route(connectionOf(origin)), origin);
  }

  async addToGroup(connectionId: string, groupName: string, origin: ClientWire | undefined): Promise<void> {
    await this.#request((ackId) => ({ kind: "joinGroupWithAck", connectionId, groupName, ackId }), origin);
  }

  async removeFromGroup(connectionId: string, groupName: string, origin: ClientWire | undefined): Promise<void> {
    await this.#request((ackId) => ({ kind: "leaveGroupWithAck", connectionId, groupName, ackId }), origin);
  }

  async invoke(
    connectionId: string,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    origin: ClientWire | undefined,
  ): Promise<unknown> {
    const { results } = this.#parts;
    const home = this.#connectionOfClient(connectionId);
    const via = connectionOf(origin) ?? home;
    const { invocationId, result } = results.expect(connectionId, signal, (id) =>
      this.#cancel(id, connectionId, { via, home }),
    );
    if (!results.isExpected(invocationId)) return result;
    try {
      const payloads = this.#encode({ type: 1, invocationId, target: method, arguments: args });
      const { serverName: callerServerId } = this.#parts;
      const onTargets = (count: number): void => {
        if (count > 1) this.#asked.set(invocationId, count);
      };
      const message = { kind: "clientInvocation", invocationId, connectionId, callerServerId, payloads } as const;
      await this.#hand(message, { via, home, onTargets }, origin);
    } catch (error) {
      results.fail(invocationId, toError(error));
    }
    return result.finally(() => this.#asked.delete(invocationId));
  }

  invocationCompleted(connectionId: string, completion: CompletionMessage): void {
    const { invocationId } = completion;
    const session = this.#parts.sessionOf(connectionId);
    if (this.#parts.results.complete(connectionId, completion)) {
      // The service keeps book of invocations: an empty completion tells it that this one is over.
      this.#answer(session, { invocationId, connectionId, payload: NO_BYTES });
    } else if (this.#routed.get(invocationId) === connectionId && session?.protocol !== undefined) {
      this.#routed.delete(invocationId);
      this.#answer(session, { invocationId, connectionId, payload: session.protocol.write(completion) });
    }
  }

  /** Another server asks one of our clients; the service has delivered the question already. */
  routeInvocation(invocationId: string, connectionId: string): void {
    if (!this.#parts.results.isExpected(invocationId)) this.#routed.set(invocationId, connectionId);
  }

  /** The answer of a client that another server holds. */
  resultArrived(message: ClientCompletion): void {
    const protocol = this.#parts.protocols.get(message.protocol?.toLowerCase() ?? "");
    if (!this.#parts.results.isExpected(message.invocationId)) return;
    try {
      const completion = protocol?.read(message.payload, 0, message.payload.length);
      if (completion?.type !== 3) throw new Error("it is no completion of a known protocol");
      this.#parts.results.complete(message.connectionId, { ...completion, invocationId: message.invocationId });
    } catch (error) {
      const text = `Error trying to deserialize result: ${toError(error).message}`;
      this.#parts.results.fail(message.invocationId, new HubException(text));
    }
  }

  /** The service says that an invocation has failed: the client is unknown, gone, or the caller gave up. */
  resultFailed(message: ErrorCompletion): void {
    // Endpoints that do not have the client say so at once, while the one that has it still waits for the client.
    const asked = this.#asked.get(message.invocationId) ?? 1;
    if (asked > 1) {
      this.#asked.set(message.invocationId, asked - 1);
      return;
    }
    this.#routed.delete(message.invocationId);
    this.#parts.results.fail(message.invocationId, new HubException(message.error ?? ""));
  }

  /** A client of this process is gone: nobody will get an answer from it. */
  clientGone(connectionId: string): void {
    this.#parts.results.failConnection(connectionId);
    this.clientMoved(connectionId);
  }

  /** A client of this process lives on another server now, which gets its answers; the service forwards them. */
  clientMoved(connectionId: string): void {
    for (const [invocationId, asked] of this.#routed) {
      if (asked === connectionId) this.#routed.delete(invocationId);
    }
  }

  /** To one client: by its own protocol if it is ours, and in order with its other messages. */
  #sendToOne(
    connectionList: readonly string[],
    message: InvocationMessage,
    origin: ClientWire | undefined,
  ): Promise<void> | undefined {
    const session = this.#parts.sessionOf(connectionList[0] ?? "");
    const payloads: Payloads =
      session?.protocol === undefined
        ? this.#encode(message)
        : [[session.protocol.name, session.protocol.write(message)]];
    const home = connectionOf(session?.wire);
    const via = connectionOf(origin) ?? home;
    return this.#hand({ kind: "multiConnectionData", connectionList, payloads }, { via, home }, origin);
  }

  #encode(message: InvocationMessage): Payloads {
    return Array.from(this.#parts.protocols.values(), (protocol) => [protocol.name, protocol.write(message)] as const);
  }

  /** `origin` is the client in whose name the message is sent, if any. */
  #hand(message: TraceableMessage, way: SendRoute, origin?: ClientWire): Promise<void> | undefined {
    const { container, tracing } = this.#parts;
    return tracing.isOn(isDiagnostic(origin))
      ? this.#handTraced(tracing.start(message), way)
      : container.send(message, way);
  }

  #handTraced(message: TraceableMessage, way: SendRoute): Promise<void> | undefined {
    const { container, tracing } = this.#parts;
    const fail = (error: unknown): never => {
      tracing.failed(message, error);
      throw error;
    };
    try {
      const taken = container.send(message, way);
      if (taken !== undefined) return taken.then(() => tracing.succeeded(message), fail);
    } catch (error) {
      fail(error);
    }
    tracing.succeeded(message);
    return undefined;
  }

  async #request(build: (ackId: number) => AckableMessage, origin: ClientWire | undefined): Promise<void> {
    const { container, tracing } = this.#parts;
    const isTraced = tracing.isOn(isDiagnostic(origin));
    // Each endpoint is asked by a message of its own, so there may be several.
    const traced: AckableMessage[] = [];
    const buildTraced = (ackId: number): AckableMessage => {
      // Only looked at by a router.
      if (ackId === 0) return build(ackId);
      const message = tracing.start(build(ackId));
      traced.push(message);
      return message;
    };
    try {
      await container.request(isTraced ? buildTraced : build, route(connectionOf(origin)));
    } catch (error) {
      for (const message of traced) tracing.failed(message, error);
      throw error;
    }
    for (const message of traced) tracing.succeeded(message);
  }

  #answer(
    session: ClientSession | undefined,
    answer: Pick<ClientCompletion, "invocationId" | "connectionId" | "payload">,
  ): void {
    const { serverName: callerServerId } = this.#parts;
    const message: ClientCompletion = {
      kind: "clientCompletion",
      ...answer,
      callerServerId,
      protocol: session?.protocolName ?? null,
    };
    this.#handInBackground(message, route(connectionOf(session?.wire)));
  }

  #cancel(invocationId: string, connectionId: string, way: SendRoute): void {
    const { serverName: callerServerId } = this.#parts;
    const error = "Invocation canceled by the server.";
    this.#handInBackground({ kind: "errorCompletion", invocationId, connectionId, callerServerId, error }, way);
  }

  /** For bookkeeping at the service that nobody waits for; without a connection there is no book to keep. */
  #handInBackground(message: ServiceMessage, way: SendRoute): void {
    try {
      this.#parts.container.send(message, way)?.catch(() => {});
    } catch {
      // see above
    }
  }

  #connectionOfClient(connectionId: string): ServerConnection | undefined {
    return connectionOf(this.#parts.sessionOf(connectionId)?.wire);
  }
}

function connectionOf(wire: ClientWire | undefined): ServerConnection | undefined {
  return wire instanceof ServiceWire ? wire.connection : undefined;
}

function isDiagnostic(origin: ClientWire | undefined): boolean {
  return origin instanceof ServiceWire && origin.isDiagnostic;
}

function route(via: ServerConnection | undefined): SendRoute {
  return via === undefined ? ANY_ROUTE : { via };
}

const ANY_ROUTE = Object.freeze({});

function isEmpty(address: Address): boolean {
  if (address.to === "connections") return address.connectionIds.length === 0;
  if (address.to === "groups") return address.groups.length === 0;
  return address.to === "users" && address.userIds.length === 0;
}

function addressed(address: Address, payloads: Payloads): TraceableMessage {
  switch (address.to) {
    case "all":
      return { kind: "broadcastData", excludedList: address.except, payloads };
    case "connections":
      return { kind: "multiConnectionData", connectionList: address.connectionIds, payloads };
    case "group":
      return {
        kind: "groupBroadcastData",
        groupName: address.group,
        excludedList: address.except,
        payloads,
        excludedUserList: [],
        callerUserId: null,
      };
    case "groups":
      return { kind: "multiGroupBroadcastData", groupList: address.groups, payloads };
    case "user":
      return { kind: "userData", userId: address.userId, payloads };
    case "users":
      return { kind: "multiUserData", userList: address.userIds, payloads };
  }
}
