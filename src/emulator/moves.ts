import type { Clock, Timer } from "../base/clock.js";
import { type ConnectionFlowControl, FlowControlOperation, FlowControlTarget } from "../protocol/service/messages.js";
import type { ClientCalls } from "./client-calls.js";
import type { ClientConnection } from "./client-connection.js";
import type { Directory } from "./directory.js";
import { openMessage } from "./open-message.js";
import { chooseLink } from "./router.js";
import type { ServerLink } from "./server-link.js";

/** The hub that the clients are moved in. */
export interface MoveScope {
  readonly clock: Clock;
  readonly directory: Directory<ClientConnection>;
  readonly calls: ClientCalls;
  readonly links: ReadonlySet<ServerLink>;
}

// Servers of before flow control never answer; others may let the calls of the client end first.
const PAUSE_LIMIT_MS = 3000;

/**
 * Moves clients from a server that shuts down to other servers. Nothing may be lost on the way: what a client sends is
 * held, its server is asked to pause, and only when that one says that it has nothing more for the client does the next
 * server get the client, and then what was held.
 */
export class ClientMoves {
  readonly #hub: MoveScope;
  /** Clients whose server was asked to pause; the timers end the wait for its answer. */
  readonly #pausing = new Map<ClientConnection, Timer>();

  constructor(hub: MoveScope) {
    this.#hub = hub;
  }

  /** Begins to move a client, if it is ready for that and there is another server. */
  begin(client: ClientConnection): void {
    const { link: from, request } = client;
    // Before its handshake is answered a client has to stay: the next server throws away its own answer.
    if (from === undefined || request === undefined || !client.isOpen || client.terms.sticky?.isRequired) return;
    if (this.#pausing.has(client) || this.#targetOf(client, from) === undefined) return;
    if (!client.isMarked || !from.announcedMoves) {
      // Servers that do not mark their messages are older than flow control, and one that is surprised cannot prepare.
      this.#finish(client, from);
      return;
    }
    client.hold();
    from.send(flowControl(client, FlowControlOperation.Pause));
    this.#pausing.set(
      client,
      this.#hub.clock.after(PAUSE_LIMIT_MS, () => this.#finish(client, from)),
    );
  }

  /** A server has nothing more for one of its clients. */
  paused(link: ServerLink, connectionId: string): void {
    const client = this.#hub.directory.get(connectionId);
    if (client?.link === link && this.#pausing.has(client)) this.#finish(client, link);
  }

  clientGone(client: ClientConnection): void {
    this.#pausing.get(client)?.cancel();
    this.#pausing.delete(client);
  }

  /** The server connection is gone: clients that are on their way to another one need not wait. */
  linkGone(link: ServerLink): void {
    for (const client of [...this.#pausing.keys()]) {
      if (client.link === link) this.#finish(client, link);
    }
  }

  #finish(client: ClientConnection, from: ServerLink): void {
    this.clientGone(client);
    const { connectionId, request } = client;
    const to = this.#targetOf(client, from);
    if (to === undefined || request === undefined) {
      // The other server is gone again, so the client stays until the next one comes.
      from.send(flowControl(client, FlowControlOperation.Resume));
      client.release();
      return;
    }
    const headers = [["Asrs-Migrate-To", [to.serverId]] as const];
    from.send({ kind: "closeConnection", connectionId, errorMessage: "", headers });
    client.formerLink = from;
    client.attach(to);
    to.send(openMessage(client, from.serverId));
    to.forward(connectionId, request);
    this.#hub.calls.clientMoved(client, to);
    client.release();
  }

  #targetOf({ instance }: ClientConnection, from: ServerLink): ServerLink | undefined {
    return chooseLink(this.#hub.links, { instance, exceptServer: from.serverId });
  }
}

function flowControl({ connectionId }: ClientConnection, operation: number): ConnectionFlowControl {
  return { kind: "connectionFlowControl", connectionId, connectionType: FlowControlTarget.Client, operation };
}
