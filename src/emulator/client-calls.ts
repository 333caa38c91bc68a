import type {
  ClientCompletion,
  ClientInvocation,
  ErrorCompletion,
  ServiceMessage,
} from "../protocol/service/messages.js";
import type { ClientConnection } from "./client-connection.js";
import type { Directory } from "./directory.js";
import { PreparedPayloads } from "./payloads.js";
import type { ServerLink } from "./server-link.js";

/** The hub that the calls are made in. */
export interface CallScope {
  readonly directory: Directory<ClientConnection>;
  linkOfServer(serverId: string): ServerLink | undefined;
}

/** Who calls clients: a hub server on one of its connections, or the service itself for a request of its REST API. */
export interface Caller {
  readonly serverId: string;
  readonly isOpen: boolean;
  send(message: ServiceMessage): void;
}

/** A call of a client that was not answered yet. */
interface Call {
  readonly invocationId: string;
  readonly connectionId: string;
  readonly callerServerId: string;
  /** Where the call came in; another connection of the same server will do when it is gone. */
  readonly caller: Caller;
}

/**
 * Calls of clients by servers. The answer arrives at the server that carries the client; that one hands it to the
 * service, which finds the caller by the invocation id.
 */
export class ClientCalls {
  readonly #hub: CallScope;
  readonly #calls = new Map<string, Call>();
  readonly #byClient = new Map<string, Set<Call>>();

  constructor(hub: CallScope) {
    this.#hub = hub;
  }

  get size(): number {
    return this.#calls.size;
  }

  invoke(caller: Caller, message: ClientInvocation): void {
    const { invocationId, connectionId } = message;
    const client = this.#hub.directory.get(connectionId);
    const owner = client?.link;
    if (client === undefined || (owner === undefined && !client.isServerless)) {
      caller.send(errorCompletion(message, `Connection '${connectionId}' does not exist.`));
      return;
    }
    this.#add({ invocationId, connectionId, callerServerId: caller.serverId, caller });
    // The owner has to expect the answer before the client can give it.
    if (owner !== undefined && owner.serverId !== caller.serverId) owner.send(message);
    caller.send({ kind: "serviceMapping", invocationId, connectionId, instanceId: client.instance.id });
    client.deliver(new PreparedPayloads(message.payloads));
  }

  /** A server has the answer. When it is the caller itself, it only wants the call forgotten. */
  complete(from: ServerLink, message: ClientCompletion | ErrorCompletion): void {
    const call = this.#calls.get(message.invocationId);
    if (call === undefined) return;
    this.#remove(call);
    if (from.serverId !== call.callerServerId) this.#callerOf(call)?.send(message);
  }

  /** A client without a server has answered; `payload` is its framed completion. */
  answered(client: ClientConnection, invocationId: string, payload: Uint8Array): void {
    const call = this.#calls.get(invocationId);
    if (call === undefined || call.connectionId !== client.connectionId) return;
    this.#remove(call);
    const { connectionId, callerServerId } = call;
    const { protocol } = client;
    this.#callerOf(call)?.send({
      kind: "clientCompletion",
      invocationId,
      connectionId,
      callerServerId,
      protocol,
      payload,
    });
  }

  /** Whoever called does not wait any longer. */
  forget(invocationId: string): void {
    const call = this.#calls.get(invocationId);
    if (call !== undefined) this.#remove(call);
  }

  /** The client is on another server now, which has to expect the answers to the calls that are under way. */
  clientMoved(client: ClientConnection, to: ServerLink): void {
    for (const call of this.#byClient.get(client.connectionId) ?? []) {
      if (call.callerServerId !== to.serverId) to.send(announcement(call));
    }
  }

  /** Forgets the calls of a client whose instance is gone: servers fail them by themselves, other callers are told. */
  clientLost(client: ClientConnection): void {
    for (const call of this.#byClient.get(client.connectionId) ?? []) {
      this.#calls.delete(call.invocationId);
      if (this.#hub.linkOfServer(call.callerServerId) === undefined) call.caller.send(disconnection(call));
    }
    this.#byClient.delete(client.connectionId);
  }

  /** Fails the calls of a client that is gone; `owner` knows it by itself. */
  clientGone(client: ClientConnection, owner: ServerLink | undefined): void {
    for (const call of this.#byClient.get(client.connectionId) ?? []) {
      this.#calls.delete(call.invocationId);
      if (call.callerServerId === owner?.serverId) continue;
      this.#callerOf(call)?.send(disconnection(call));
    }
    this.#byClient.delete(client.connectionId);
  }

  /** Forgets the calls of a server that has no connection left. */
  serverGone(serverId: string): void {
    for (const call of this.#calls.values()) {
      if (call.callerServerId === serverId) this.#remove(call);
    }
  }

  #callerOf(call: Call): Caller | undefined {
    return call.caller.isOpen ? call.caller : this.#hub.linkOfServer(call.callerServerId);
  }

  #add(call: Call): void {
    const replaced = this.#calls.get(call.invocationId);
    if (replaced !== undefined) this.#remove(replaced);
    this.#calls.set(call.invocationId, call);
    const ofClient = this.#byClient.get(call.connectionId);
    if (ofClient === undefined) this.#byClient.set(call.connectionId, new Set([call]));
    else ofClient.add(call);
  }

  #remove(call: Call): void {
    this.#calls.delete(call.invocationId);
    const ofClient = this.#byClient.get(call.connectionId);
    if (ofClient?.delete(call) && ofClient.size === 0) this.#byClient.delete(call.connectionId);
  }
}

interface CallIds {
  readonly invocationId: string;
  readonly connectionId: string;
  readonly callerServerId: string;
}

function disconnection(call: CallIds): ErrorCompletion {
  return errorCompletion(call, `Connection '${call.connectionId}' disconnected.`);
}

function errorCompletion(call: CallIds, error: string): ErrorCompletion {
  const { invocationId, connectionId, callerServerId } = call;
  return { kind: "errorCompletion", invocationId, connectionId, callerServerId, error };
}

// The client has the call already, so nothing is to be delivered: no payloads.
function announcement(call: CallIds): ClientInvocation {
  const { invocationId, connectionId, callerServerId } = call;
  return { kind: "clientInvocation", invocationId, connectionId, callerServerId, payloads: [] };
}
