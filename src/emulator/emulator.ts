import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Secret } from "../base/secret.js";
import { ClientDoor } from "./client-door.js";
import { HealthDoor } from "./health-door.js";
import { type HttpDoor, refuse, refuseUpgrade, requestUrl, type UpgradeDoor } from "./http.js";
import { type Listener, listen } from "./listen.js";
import { type EmulatorOptions, type ResolvedEmulatorOptions, resolveEmulatorOptions } from "./options.js";
import { ServerDoor } from "./server-door.js";
import { type HubSnapshot, Service } from "./service.js";
import { TokenCheck } from "./tokens.js";
import { TurnEnd } from "./turn-end.js";
import { WebSocketAcceptor } from "./ws-server.js";

/** A running emulator of Azure SignalR Service. */
export interface Emulator {
  /** Ready for `ConnectionStrings__<name>`. */
  readonly connectionString: string;
  /** Base address, e.g. `http://localhost:8888`. */
  readonly url: string;
  readonly port: number;
  /** The hubs that have servers or clients, counted. */
  hubs(): readonly HubSnapshot[];
  /** Cuts all server connections, or those of one hub, as a broken network does. */
  dropServerConnections(hub?: string): void;
  /** Cuts all clients, or those of one hub, as a broken network does. */
  dropClients(hub?: string): void;
  /** Answers new server connections with this HTTP status until it is called with undefined. */
  refuseServers(status: number | undefined): void;
  /** Sends a ping with these pairs of key and value on all server connections, or those of one hub. */
  pingServers(messages: ReadonlyArray<string | null>, hub?: string): void;
  /** Closes all connections and frees the port. May be called twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NOT_FOUND = Object.freeze({ status: 404, reason: "Nothing is served here." });
const GOING_AWAY = 1001;
// Long enough for close frames to be answered on one machine, too short for a user to wait for.
const STOP_GRACE_MS = 500;

/**
 * Starts an emulator and resolves when it listens.
 *
 * @throws SignalRError PORT_IN_USE, CONFIG_INVALID for a bad option, EMULATOR_FAILED when it cannot listen
 * @example
 * await using emulator = await startEmulator({ port: 0 });
 * signalr.named("signalr", { connectionString: emulator.connectionString });
 */
export async function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  const resolved = resolveEmulatorOptions(options);
  const running = new RunningEmulator(resolved);
  await running.start();
  return running;
}

class RunningEmulator implements Emulator {
  readonly #options: ResolvedEmulatorOptions;
  readonly #service: Service;
  readonly #acceptors: readonly WebSocketAcceptor[];
  readonly #serverDoor: ServerDoor;
  readonly #httpDoors: readonly HttpDoor[];
  readonly #upgradeDoors: readonly UpgradeDoor[];
  #listener: Listener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: ResolvedEmulatorOptions) {
    const { clock, probe, maxClients } = options;
    const turnEnd = new TurnEnd();
    const tokens = new TokenCheck([new Secret(options.accessKey)], clock);
    const instanceId = `emulator-${randomBytes(6).toString("hex")}`;
    const service = new Service({ instanceId, capacity: maxClients, clock, probe });
    const clientAcceptor = new WebSocketAcceptor(options.maxClientMessageBytes, turnEnd);
    const serverAcceptor = new WebSocketAcceptor(options.maxServerMessageBytes, turnEnd);
    const clientDoor = new ClientDoor({
      service,
      tokens,
      acceptor: clientAcceptor,
      clock,
      maxClients,
      sendBufferBytes: options.clientSendBufferBytes,
      handshakeTimeoutMs: options.clientHandshakeTimeout,
    });
    this.#options = options;
    this.#service = service;
    this.#serverDoor = new ServerDoor({
      service,
      tokens,
      acceptor: serverAcceptor,
      turnEnd,
      clock,
      handshakeTimeoutMs: options.serverHandshakeTimeout,
      maxMessageBytes: options.maxServerMessageBytes,
    });
    this.#acceptors = [clientAcceptor, serverAcceptor];
    this.#httpDoors = [clientDoor, new HealthDoor()];
    this.#upgradeDoors = [this.#serverDoor, clientDoor];
  }

  async start(): Promise<void> {
    try {
      this.#listener = await listen(this.#options.host, this.#options.port, {
        onRequest: (request, response) => this.#request(request, response),
        onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      });
    } catch (error) {
      this.#service.stop();
      throw error;
    }
  }

  get port(): number {
    return this.#listener?.port ?? this.#options.port;
  }

  get url(): string {
    return `http://${this.#publicHost()}:${this.port}`;
  }

  get connectionString(): string {
    const { accessKey } = this.#options;
    return `Endpoint=http://${this.#publicHost()};Port=${this.port};AccessKey=${accessKey};Version=1.0;`;
  }

  hubs(): readonly HubSnapshot[] {
    return this.#service.hubs();
  }

  dropServerConnections(hub?: string): void {
    for (const link of this.#service.links(hub?.toLowerCase())) link.abort("The emulator was told to cut it.");
  }

  dropClients(hub?: string): void {
    for (const client of this.#service.clients(hub?.toLowerCase())) client.drop("");
  }

  refuseServers(status: number | undefined): void {
    this.#serverDoor.refuseAll(status);
  }

  pingServers(messages: ReadonlyArray<string | null>, hub?: string): void {
    for (const link of this.#service.links(hub?.toLowerCase())) link.send({ kind: "ping", messages });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    const error = "The emulator stops.";
    this.#service.stop();
    const closed = this.#listener?.close();
    for (const client of this.#service.clients()) client.close({ error, allowReconnect: true, notice: undefined });
    for (const link of this.#service.links()) link.close(GOING_AWAY, error);
    await Promise.all(this.#acceptors.map((acceptor) => acceptor.drain(STOP_GRACE_MS)));
    await closed;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const url = requestUrl(request);
    if (url !== undefined && this.#httpDoors.some((door) => door.request(request, response, url))) return;
    refuse(response, NOT_FOUND);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = requestUrl(request);
    if (url !== undefined && this.#upgradeDoors.some((door) => door.upgrade(request, socket, head, url))) return;
    socket.on("error", () => {});
    refuseUpgrade(socket, NOT_FOUND);
  }

  /** A name that programs on this machine reach it by. */
  #publicHost(): string {
    const { host } = this.#options;
    if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
    return host.includes(":") ? `[${host}]` : host;
  }
}
