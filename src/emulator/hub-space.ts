import type { KeyLease } from "../auth/key-lease.js";
import type { Clock } from "../base/clock.js";
import { ClientCalls } from "./client-calls.js";
import type { ClientConnection } from "./client-connection.js";
import type { Hello } from "./client-hello.js";
import { Directory } from "./directory.js";
import { ClientMoves } from "./moves.js";
import { OnDemandConnections } from "./on-demand.js";
import { openMessage } from "./open-message.js";
import { chooseLink } from "./router.js";
import type { ServerLink } from "./server-link.js";
import { UserGroups } from "./user-groups.js";

/** Numbers of the whole emulator, as servers are told them. */
export interface Totals {
  readonly clients: number;
  readonly links: number;
  readonly capacity: number;
}

export interface HubSpaceInput {
  /** Name at the service, lower case. */
  readonly name: string;
  readonly clock: Clock;
  readonly totals: () => Totals;
  /** What servers with an identity sign client tokens with; undefined: nothing is lent. */
  readonly lentKey: KeyLease | undefined;
}

/** One hub at the service: its servers, its clients, and who is where. */
export class HubSpace {
  readonly name: string;
  readonly clock: Clock;
  readonly lentKey: KeyLease | undefined;
  readonly directory = new Directory<ClientConnection>();
  readonly userGroups: UserGroups;
  readonly calls: ClientCalls;
  readonly moves: ClientMoves;
  readonly #onDemand: OnDemandConnections;
  readonly #links = new Set<ServerLink>();
  readonly #totals: () => Totals;

  constructor(input: HubSpaceInput) {
    this.name = input.name;
    this.clock = input.clock;
    this.lentKey = input.lentKey;
    this.#totals = input.totals;
    this.userGroups = new UserGroups(input.clock);
    this.calls = new ClientCalls(this);
    this.moves = new ClientMoves(this);
    this.#onDemand = new OnDemandConnections(input.clock);
  }

  get links(): ReadonlySet<ServerLink> {
    return this.#links;
  }

  get totals(): Totals {
    return this.#totals();
  }

  /** Whether there is a server that clients could be on; those that only send do not count. */
  get hasServers(): boolean {
    for (const link of this.#links) {
      if (!link.isWeak) return true;
    }
    return false;
  }

  /** Nothing would be lost by forgetting the hub. */
  get isEmpty(): boolean {
    return this.#links.size === 0 && this.directory.size === 0 && this.userGroups.userCount === 0;
  }

  linkOfServer(serverId: string): ServerLink | undefined {
    for (const link of this.#links) {
      if (link.serverId === serverId) return link;
    }
    return undefined;
  }

  addLink(link: ServerLink): void {
    this.#links.add(link);
    // Clients of a server that shuts down may have waited for another one.
    for (const emigrating of this.#links) {
      if (emigrating.isEmigrating) this.migrateClients(emigrating);
    }
  }

  /** The server lost sight of its clients, so they have to come back as new ones. */
  removeLink(link: ServerLink): void {
    if (!this.#links.delete(link)) return;
    if (this.linkOfServer(link.serverId) === undefined) {
      this.calls.serverGone(link.serverId);
      this.#onDemand.serverGone(link.serverId);
    }
    this.moves.linkGone(link);
    if (link.clientCount === 0) return;
    for (const client of this.directory.all()) {
      if (client.link !== link) continue;
      client.close({ error: "The connection to the hub server was lost.", allowReconnect: true, notice: undefined });
    }
  }

  /** Finds a server for a client that said hello, and introduces them. Without a server the client is told so. */
  admit(client: ClientConnection, hello: Hello): void {
    const { instance } = client;
    const link = chooseLink(this.#links, { instance, sticky: client.terms.sticky });
    if (link === undefined) {
      client.close({ error: this.#nobodyThere(client), notice: undefined });
      return;
    }
    this.enter(client);
    client.attach(link);
    link.send(openMessage(client));
    link.forward(client.connectionId, hello.bytes);
    if (link.instance !== instance) this.#onDemand.ask(link, instance);
  }

  /** From now on the client can be found, also in the groups that its user is in. */
  enter(client: ClientConnection): void {
    this.directory.add(client);
    if (client.userId === undefined) return;
    for (const group of this.userGroups.of(client.userId)) this.directory.join(client, group);
  }

  /** Forgets a client; its server hears about it unless `notice` is undefined. */
  removeClient(client: ClientConnection, notice: string | undefined): void {
    this.directory.remove(client);
    const { link, connectionId } = client;
    this.moves.clientGone(client);
    if (client.instance.isUp) this.calls.clientGone(client, link);
    else this.calls.clientLost(client);
    client.attach(undefined);
    if (notice !== undefined) {
      link?.send({ kind: "closeConnection", connectionId, errorMessage: notice, headers: [] });
    }
  }

  /** Moves the clients of a server that shuts down to other servers; those that none can take stay. */
  migrateClients(from: ServerLink): void {
    if (from.clientCount === 0) return;
    for (const client of this.directory.all()) {
      if (client.link === from) this.moves.begin(client);
    }
  }

  #nobodyThere(client: ClientConnection): string {
    return client.terms.sticky?.isRequired
      ? `The server that this client has to use is not connected to hub '${this.name}'.`
      : `No server is connected to hub '${this.name}'.`;
  }
}
