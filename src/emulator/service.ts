import type { KeyLease } from "../auth/key-lease.js";
import type { Clock } from "../base/clock.js";
import type { LogEvent } from "../base/log-events.js";
import type { Probe } from "../base/probe.js";
import type { ServiceMessage } from "../protocol/service/messages.js";
import { messageTracingPing } from "../protocol/service/pings.js";
import type { ClientConnection, ClientEvents } from "./client-connection.js";
import type { Hello } from "./client-hello.js";
import { handleServerMessage } from "./dispatch.js";
import { Faults } from "./faults.js";
import type { Refusal } from "./http.js";
import { HubSpace, type Totals } from "./hub-space.js";
import type { Instances } from "./instances.js";
import { MessageTaps } from "./message-tap.js";
import { MessageTracing } from "./message-tracing.js";
import type { LinkEvents, ServerLink } from "./server-link.js";
import type { HubMode, HubModes } from "./serverless/hub-modes.js";
import type { ServerlessClients } from "./serverless/serverless-clients.js";
import {
  type ClientSnapshot,
  clientSnapshot,
  type GroupSnapshot,
  groupSnapshots,
  type HubSnapshot,
  hubSnapshot,
  type InstanceSnapshot,
  instanceSnapshots,
} from "./snapshots.js";

export interface ServiceInput {
  readonly instances: Instances;
  readonly capacity: number;
  readonly clock: Clock;
  readonly probe: Probe;
  /** See {@link HubSpace.lentKey}. */
  readonly lentKey: KeyLease | undefined;
  readonly modes: HubModes;
  /** Takes the clients of hubs in Serverless mode. */
  readonly serverless: ServerlessClients;
}

const NO_INSTANCE = Object.freeze({ status: 503, reason: "All instances of the emulator were told to stop." });
const LOG_CATEGORY = "AzureSignalR.Emulator";
// The protocol promises servers a sign of life every 5 seconds.
const SERVER_HEARTBEAT_MS = 5000;
const BEATS_PER_CLIENT_HEARTBEAT = 3;

/** The service without its doors: all hubs, all clients and all server connections. */
export class Service implements ClientEvents, LinkEvents {
  readonly faults = new Faults();
  readonly taps = new MessageTaps();
  readonly tracing = new MessageTracing();
  readonly #hubs = new Map<string, HubSpace>();
  readonly #clients = new Set<ClientConnection>();
  readonly #links = new Set<ServerLink>();
  readonly #input: ServiceInput;
  readonly #heartbeat;
  #beats = 0;
  #isStopped = false;

  constructor(input: ServiceInput) {
    this.#input = input;
    this.#heartbeat = input.clock.every(SERVER_HEARTBEAT_MS, () => this.#beat());
  }

  get instances(): Instances {
    return this.#input.instances;
  }

  /** No connection may be added any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Why no client is let in now, if none is. */
  refusalOfNewClients(): Refusal | undefined {
    if (this.#isStopped) return { status: 503, reason: "The emulator stops." };
    if (!this.instances.isAnyUp) return NO_INSTANCE;
    const { capacity } = this.#input;
    if (this.#clients.size < capacity) return this.faults.clientRefusal;
    return { status: 429, reason: `The emulator has ${capacity} clients, which is its limit (maxClients).` };
  }

  /** Whether a client of the hub may break and come back. */
  allowsStatefulReconnects(hub: string): boolean {
    return [...(this.#hubs.get(hub)?.links ?? [])].some((link) => link.allowsStatefulReconnects);
  }

  hasServers(hub: string): boolean {
    return this.#hubs.get(hub)?.hasServers ?? false;
  }

  /** Who serves new clients of the hub. */
  modeOf(hub: string): HubMode {
    return this.#input.modes.of(hub, this.hasServers(hub));
  }

  /** The hub of this name in lower case, if anything of it is known. */
  findHub(name: string): HubSpace | undefined {
    return this.#hubs.get(name);
  }

  /** Lets `use` do something that may leave a trace in the hub, which need not be known so far. */
  withHub<T>(name: string, use: (hub: HubSpace) => T): T {
    const result = use(this.#hub(name));
    this.#release(name);
    return result;
  }

  /** Why no server is let in now, if none is. */
  refusalOfNewServers(): Refusal | undefined {
    if (this.#isStopped) return { status: 503, reason: "The emulator stops." };
    return this.instances.isAnyUp ? this.faults.serverRefusal : NO_INSTANCE;
  }

  addClient(client: ClientConnection): void {
    this.#clients.add(client);
    client.instance.clientCount += 1;
  }

  addLink(link: ServerLink): void {
    this.#links.add(link);
  }

  /** All hubs of which something is known, or the one of this name; by name. */
  spaces(name?: string): HubSpace[] {
    const spaces = [...this.#hubs.values()].filter((space) => name === undefined || space.name === name);
    return spaces.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** All hubs that have servers or clients, by name. */
  hubs(): HubSnapshot[] {
    return this.spaces().map(hubSnapshot);
  }

  /** The clients that said hello, of all hubs or of one. */
  clientSnapshots(hub?: string): ClientSnapshot[] {
    return this.spaces(hub).flatMap(({ directory }) => [...directory.all()].map(clientSnapshot));
  }

  /** The groups that have members, of all hubs or of one. */
  groupSnapshots(hub?: string): GroupSnapshot[] {
    return this.spaces(hub).flatMap(groupSnapshots);
  }

  instanceSnapshots(): InstanceSnapshot[] {
    return instanceSnapshots(this.instances, this.links());
  }

  /** Server connections, of all hubs or of one. */
  links(hub?: string): ServerLink[] {
    return [...this.#links].filter((link) => hub === undefined || link.hub === hub);
  }

  /** Clients, of all hubs or of one. */
  clients(hub?: string): ClientConnection[] {
    return [...this.#clients].filter((client) => hub === undefined || client.hub === hub);
  }

  /** Ends the heartbeat; connections are the caller's to close. */
  stop(): void {
    this.#isStopped = true;
    this.taps.end();
    this.#heartbeat.cancel();
  }

  onReady(link: ServerLink): void {
    const hub = this.#hub(link.hub);
    // Told once per server, not for each of its connections.
    if (hub.linkOfServer(link.serverId) === undefined) {
      const text = `Server ${link.serverId} connected to hub '${link.hub}'.`;
      this.#log("info", "ServerConnected", text, { serverId: link.serverId });
    }
    if (this.tracing.isOn) link.send(messageTracingPing(true));
    hub.addLink(link);
  }

  onMessage(link: ServerLink, message: ServiceMessage): void {
    const hub = this.#hubs.get(link.hub);
    if (hub !== undefined) handleServerMessage(hub, link, message);
  }

  onBadMessage(link: ServerLink, error: Error): void {
    const text = `A message of a server of hub '${link.hub}' was passed over: ${error.message}`;
    this.#log("warn", "BadServerMessage", text, { serverId: link.serverId });
  }

  onHello(client: ClientConnection, hello: Hello): void {
    const hub = this.#hub(client.hub);
    if (this.modeOf(client.hub) === "serverless") this.#input.serverless.serve(client, hello, hub, this.taps);
    else hub.admit(client, hello);
    this.#release(client.hub);
  }

  onClosed(peer: ClientConnection | ServerLink, reason: string | undefined): void {
    if ("serverId" in peer) this.#linkClosed(peer, reason ?? "");
    else this.#clientClosed(peer, reason);
    this.#release(peer.hub);
  }

  #linkClosed(link: ServerLink, reason: string): void {
    this.#links.delete(link);
    const hub = this.#hubs.get(link.hub);
    const wasServer = hub?.links.has(link) === true && !link.isWeak;
    hub?.removeLink(link);
    if (wasServer && !this.hasServers(link.hub)) this.#input.modes.serversLeft(link.hub);
    if (hub?.linkOfServer(link.serverId) !== undefined) return;
    const text = `Server ${link.serverId} has left hub '${link.hub}': ${reason}`;
    this.#log("info", "ServerDisconnected", text, { serverId: link.serverId });
  }

  #clientClosed(client: ClientConnection, notice: string | undefined): void {
    this.#clients.delete(client);
    client.instance.clientCount -= 1;
    this.#hubs.get(client.hub)?.removeClient(client, notice);
    if (notice) this.#log("info", "ClientClosed", notice, { hub: client.hub, connectionId: client.connectionId });
  }

  #hub(name: string): HubSpace {
    let hub = this.#hubs.get(name);
    if (hub === undefined) {
      const { clock, lentKey } = this.#input;
      hub = new HubSpace({ name, clock, lentKey, totals: () => this.#totals() });
      this.#hubs.set(name, hub);
    }
    return hub;
  }

  #release(name: string): void {
    if (this.#hubs.get(name)?.isEmpty) this.#hubs.delete(name);
  }

  #totals(): Totals {
    return { clients: this.#clients.size, links: this.#links.size, capacity: this.#input.capacity };
  }

  #beat(): void {
    for (const link of this.#links) link.heartbeat();
    this.#beats += 1;
    if (this.#beats % BEATS_PER_CLIENT_HEARTBEAT !== 0) return;
    for (const client of this.#clients) client.heartbeat();
    for (const hub of this.#hubs.values()) {
      hub.userGroups.sweep();
      this.#release(hub.name);
    }
  }

  #log(level: "info" | "warn", event: LogEvent, message: string, attributes: Record<string, string>): void {
    const { probe } = this.#input;
    if (probe.isEnabled(level)) probe.log({ level, category: LOG_CATEGORY, event, message, attributes });
  }
}
