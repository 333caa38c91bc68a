import type { PassedMessages, TapOptions } from "./message-tap.js";
import type { UpstreamTemplate } from "./serverless/upstream-template.js";
import type { ClientSnapshot, GroupSnapshot, HubSnapshot, InstanceSnapshot } from "./snapshots.js";

/**
 * A running emulator of Azure SignalR Service: what it holds can be looked at, and faults can be made on purpose. Where
 * a hub may be named, none means all of them; letter case does not matter.
 */
export interface Emulator {
  /** Ready for `ConnectionStrings__<name>`. */
  readonly connectionString: string;
  /** Base address, e.g. `http://localhost:8888`. */
  readonly url: string;
  readonly port: number;

  /** The hubs that have servers or clients, counted. */
  hubs(): readonly HubSnapshot[];
  /** The clients whose handshake request has arrived. */
  clients(hub?: string): readonly ClientSnapshot[];
  /** The groups that have members. */
  groups(hub?: string): readonly GroupSnapshot[];
  /** The instances that the service consists of, also those that were stopped. */
  instances(): readonly InstanceSnapshot[];
  /** Where events of Serverless clients are sent. */
  readonly upstream: readonly UpstreamTemplate[];
  /**
   * Sends events to other upstreams from now on; the first template that fits gets an event.
   *
   * @throws SignalRError CONFIG_INVALID for a template that makes no sense; the old ones stay then
   */
  setUpstream(templates: readonly UpstreamTemplate[]): void;
  /**
   * What passes between the emulator and its hub servers, both ways, from now on.
   *
   * @throws SignalRError ARGUMENT_INVALID for a capacity that is no whole number of at least 1
   * @example
   * for await (const { direction, message } of emulator.messages()) {
   *   if (direction === "fromServer" && message.kind === "broadcastData") break;
   * }
   */
  messages(options?: TapOptions): PassedMessages;

  /** Cuts server connections, as a broken network does. */
  dropServerConnections(hub?: string): void;
  /** Cuts one server connection; `hubs()` names their ids. False: there is none of this id. */
  dropServerConnection(connectionId: string): boolean;
  /** Cuts clients, as a broken network does. */
  dropClients(hub?: string): void;
  /** Cuts one client. False: there is none of this connection id. */
  dropClient(connectionId: string): boolean;
  /**
   * Answers new server connections with this HTTP status until it is called with undefined.
   *
   * @throws SignalRError ARGUMENT_INVALID for a status below 400 or above 599
   */
  refuseServers(status: number | undefined): void;
  /**
   * Answers clients that negotiate or connect with this HTTP status until it is called with undefined: 429 is what the
   * service says when it is full. Clients that are connected stay.
   *
   * @throws SignalRError ARGUMENT_INVALID for a status below 400 or above 599
   */
  refuseClients(status: number | undefined): void;
  /**
   * Delays all that passes between the emulator and its hub servers by so many milliseconds each way, in order; 0 ends
   * it for what is sent from then on.
   *
   * @throws SignalRError ARGUMENT_INVALID for less than 0 or more than 60_000
   */
  setLatency(milliseconds: number): void;
  /**
   * Does what servers ask for, but keeps the next `count` acks to itself. 0 ends it.
   *
   * @throws SignalRError ARGUMENT_INVALID for less than 0
   */
  loseAcks(count: number): void;
  /** The instance that carries the clients is gone: they are cut, and their servers hear it as a ping, not one by one. */
  loseInstance(hub?: string): void;
  /**
   * Takes down one of the {@link instances}: its clients and server connections are cut, the servers that are connected to others hear
   * it as a ping, and who comes is put on what is left. With none left everybody is refused (503). False: there is none of this id.
   */
  stopInstance(id: string): boolean;
  /** Lets clients and servers onto a stopped instance again. False: there is none of this id. */
  restartInstance(id: string): boolean;
  /** Asks servers to number their messages for tracing, or not to any more, and numbers what it sends about clients. Off at first. */
  traceMessages(isOn: boolean): void;
  /** Tells servers on all server connections that something is wrong, in these words, and closes the connections. */
  failServerConnections(errorMessage: string, hub?: string): void;
  /** Asks each hub server for one more server connection, as the service does to spread its load. */
  rebalance(hub?: string): void;
  /** Sends a ping with these pairs of key and value on all server connections. */
  pingServers(messages: ReadonlyArray<string | null>, hub?: string): void;

  /** Closes all connections and frees the port. May be called twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
