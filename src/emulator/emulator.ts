import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Secret } from "../base/secret.js";
import { AccessKeyDoor, createLentKey } from "./access-key-door.js";
import { ClientDoor } from "./client-door.js";
import { ClientSessions } from "./client-sessions.js";
import type { Emulator } from "./emulator-api.js";
import * as faults from "./fault-injection.js";
import { HealthDoor } from "./health-door.js";
import { type HttpDoor, refuse, refuseUpgrade, requestUrl, type UpgradeDoor } from "./http.js";
import { Instances } from "./instances.js";
import { type Listener, listen } from "./listen.js";
import type { PassedMessages, TapOptions } from "./message-tap.js";
import { type EmulatorOptions, type ResolvedEmulatorOptions, resolveEmulatorOptions } from "./options.js";
import { PageDoor } from "./page/page-door.js";
import { createRestApi } from "./rest/rest-api.js";
import { ServerDoor } from "./server-door.js";
import { createServerlessMode } from "./serverless/serverless-mode.js";
import type { Upstream } from "./serverless/upstream.js";
import type { UpstreamTemplate } from "./serverless/upstream-template.js";
import { Service } from "./service.js";
import type { ClientSnapshot, GroupSnapshot, HubSnapshot, InstanceSnapshot } from "./snapshots.js";
import { StatusDoor } from "./status-door.js";
import { TokenCheck } from "./tokens.js";
import { TurnEnd } from "./turn-end.js";
import { WebSocketAcceptor } from "./ws-server.js";

export type { Emulator } from "./emulator-api.js";

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
  readonly #upstream: Upstream;
  readonly #acceptors: readonly WebSocketAcceptor[];
  readonly #sessions: ClientSessions;
  readonly #page: PageDoor | undefined;
  readonly #httpDoors: readonly HttpDoor[];
  readonly #upgradeDoors: readonly UpgradeDoor[];
  #listener: Listener | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: ResolvedEmulatorOptions) {
    const { clock, probe, maxClients } = options;
    const turnEnd = new TurnEnd();
    const lentKey = options.entra ? createLentKey() : undefined;
    const accessKey = new Secret(options.accessKey);
    const keys = [accessKey, ...(lentKey === undefined ? [] : [lentKey.accessKey])];
    const tokens = new TokenCheck(keys, clock);
    const instances = new Instances(options.instances);
    const { modes, serverless, upstream } = createServerlessMode(options, accessKey);
    const service = new Service({ instances, capacity: maxClients, clock, probe, lentKey, modes, serverless });
    const clientAcceptor = new WebSocketAcceptor(options.maxClientMessageBytes, turnEnd);
    const serverAcceptor = new WebSocketAcceptor(options.maxServerMessageBytes, turnEnd);
    const sessions = new ClientSessions({
      service,
      turnEnd,
      clock,
      maxClients,
      maxMessageBytes: options.maxClientMessageBytes,
      absenceLimitMs: options.clientAbsenceTimeout,
      maxPostBytes: options.maxClientPostBytes,
      sendBufferBytes: options.clientSendBufferBytes,
      handshakeTimeoutMs: options.clientHandshakeTimeout,
    });
    const clientDoor = new ClientDoor({ service, sessions, tokens, acceptor: clientAcceptor });
    const serverDoor = new ServerDoor({
      service,
      tokens,
      acceptsIdentities: options.entra,
      acceptor: serverAcceptor,
      turnEnd,
      clock,
      handshakeTimeoutMs: options.serverHandshakeTimeout,
      maxMessageBytes: options.maxServerMessageBytes,
      sendBufferBytes: options.serverSendBufferBytes,
    });
    const page = options.livePage ? new PageDoor({ service, host: options.host, turnEnd, clock }) : undefined;
    const pageDoors = page === undefined ? [] : [page];
    this.#options = options;
    this.#service = service;
    this.#upstream = upstream;
    this.#page = page;
    this.#sessions = sessions;
    this.#acceptors = [clientAcceptor, serverAcceptor, ...pageDoors.map(({ acceptor }) => acceptor)];
    const statusDoor = new StatusDoor({ service, upstream, mode: options.mode, tokens });
    const restApi = createRestApi({ options, service, tokens, connectionString: () => this.connectionString });
    this.#httpDoors = [clientDoor, new HealthDoor(), new AccessKeyDoor(lentKey), restApi, statusDoor, ...pageDoors];
    const hubDoors = options.mode === "serverless" ? [clientDoor] : [serverDoor, clientDoor];
    this.#upgradeDoors = [...hubDoors, ...pageDoors];
  }

  async start(): Promise<void> {
    try {
      this.#listener = await listen(this.#options.host, this.#options.port, {
        onRequest: (request, response) => this.#request(request, response),
        onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head),
        tls: this.#options.tls,
        requestTimeoutMs: this.#options.httpRequestTimeout,
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
    return `${this.#scheme}://${this.#publicHost()}:${this.port}`;
  }

  get connectionString(): string {
    const { accessKey } = this.#options;
    return `Endpoint=${this.#scheme}://${this.#publicHost()};Port=${this.port};AccessKey=${accessKey};Version=1.0;`;
  }

  hubs(): readonly HubSnapshot[] {
    return this.#service.hubs();
  }

  clients(hub?: string): readonly ClientSnapshot[] {
    return this.#service.clientSnapshots(hub?.toLowerCase());
  }

  groups(hub?: string): readonly GroupSnapshot[] {
    return this.#service.groupSnapshots(hub?.toLowerCase());
  }

  instances(): readonly InstanceSnapshot[] {
    return this.#service.instanceSnapshots();
  }

  get upstream(): readonly UpstreamTemplate[] {
    return this.#upstream.templates;
  }

  setUpstream(templates: readonly UpstreamTemplate[]): void {
    this.#upstream.replace(templates);
  }

  messages(options?: TapOptions): PassedMessages {
    const messages = this.#service.taps.open(options);
    if (this.#service.isStopped) messages.close();
    return messages;
  }

  dropServerConnections(hub?: string): void {
    faults.dropServerConnections(this.#service, hub?.toLowerCase());
  }

  dropServerConnection(connectionId: string): boolean {
    return faults.dropServerConnection(this.#service, connectionId);
  }

  dropClients(hub?: string): void {
    faults.dropClients(this.#service, hub?.toLowerCase());
  }

  dropClient(connectionId: string): boolean {
    return faults.dropClient(this.#service, connectionId);
  }

  refuseServers(status: number | undefined): void {
    this.#service.faults.refuseServers(status);
  }

  refuseClients(status: number | undefined): void {
    this.#service.faults.refuseClients(status);
  }

  setLatency(milliseconds: number): void {
    this.#service.faults.setLatency(milliseconds);
  }

  loseAcks(count: number): void {
    this.#service.faults.loseAcks(count);
  }

  loseInstance(hub?: string): void {
    faults.loseInstance(this.#service, hub?.toLowerCase());
  }

  stopInstance(id: string): boolean {
    return faults.stopInstance(this.#service, id);
  }

  restartInstance(id: string): boolean {
    return faults.restartInstance(this.#service, id);
  }

  traceMessages(isOn: boolean): void {
    faults.traceMessages(this.#service, isOn);
  }

  failServerConnections(errorMessage: string, hub?: string): void {
    faults.failServerConnections(this.#service, errorMessage, hub?.toLowerCase());
  }

  rebalance(hub?: string): void {
    faults.rebalance(this.#service, hub?.toLowerCase());
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
    this.#upstream.stop();
    const closed = this.#listener?.close(STOP_GRACE_MS);
    for (const client of this.#service.clients()) client.close({ error, allowReconnect: true, notice: undefined });
    this.#page?.stop();
    for (const link of this.#service.links()) link.close(GOING_AWAY, error);
    await Promise.all([...this.#acceptors.map((acceptor) => acceptor.drain(STOP_GRACE_MS)), this.#sessions.drain()]);
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

  get #scheme(): string {
    return this.#options.tls === undefined ? "http" : "https";
  }

  /** A name that programs on this machine reach it by. */
  #publicHost(): string {
    const { host } = this.#options;
    if (host === undefined || host === "0.0.0.0" || host === "::") return "localhost";
    return host.includes(":") ? `[${host}]` : host;
  }
}
