import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import type { GracefulShutdownMode, HubClass } from "azure-signalr-server";
import { type Emulator, type EmulatorOptions, startEmulator } from "azure-signalr-server/emulator";
import { type ExpressSignalROptions, type SignalRMiddleware, signalr } from "azure-signalr-server/express";

/** Events of one hub server's log, and their sentences. */
export interface FleetServer {
  readonly hubs: SignalRMiddleware;
  readonly log: string[];
}

/** Several hub servers on one emulator, behind one address that sends each negotiate to a server of the rotation. */
export class Fleet implements AsyncDisposable {
  readonly emulator: Emulator;
  /** Servers that get new clients, as a load balancer sees it. */
  readonly rotation: SignalRMiddleware[] = [];
  readonly #all: SignalRMiddleware[] = [];
  readonly #clients: HubConnection[] = [];
  readonly #http: Server;
  #turn = 0;

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
    this.#http = createServer((request, response) => {
      this.#turn += 1;
      const hubs = this.rotation[this.#turn % Math.max(1, this.rotation.length)];
      if (hubs === undefined) response.writeHead(502).end();
      else hubs(request, response);
    });
  }

  static async start(options: EmulatorOptions = {}): Promise<Fleet> {
    const fleet = new Fleet(await startEmulator({ ...options, port: 0 }));
    fleet.#http.listen(0, "127.0.0.1");
    await once(fleet.#http, "listening");
    return fleet;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/hub`;
  }

  /** Starts a hub server; it is in the rotation when it is connected. */
  async add(
    hubClass: HubClass,
    mode: GracefulShutdownMode = "Off",
    options: ExpressSignalROptions & { readonly timeout?: number } = {},
  ): Promise<FleetServer> {
    const log: string[] = [];
    const write = (...parts: readonly unknown[]): void => {
      log.push(parts.map(String).join(" "));
    };
    const { timeout = 20_000, ...others } = options;
    const hubs = signalr.named("signalr", {
      connectionString: this.emulator.connectionString,
      configuration: { values: {} },
      connectionCount: 2,
      gracefulShutdown: { mode, timeout },
      logger: { debug: () => {}, info: () => {}, warn: write, error: write },
      ...others,
    });
    hubs.mapHub("/hub", hubClass);
    this.#all.push(hubs);
    await hubs.started();
    this.rotation.push(hubs);
    return { hubs, log };
  }

  /** Takes a server out of the rotation and shuts it down. */
  retire(hubs: SignalRMiddleware): Promise<void> {
    const at = this.rotation.indexOf(hubs);
    if (at >= 0) this.rotation.splice(at, 1);
    return hubs.shutdown();
  }

  /** An official client over a websocket, not started. */
  client(reconnectDelays?: number[]): HubConnection {
    const builder = new HubConnectionBuilder()
      .withUrl(this.url, { transport: HttpTransportType.WebSockets })
      .configureLogging(LogLevel.None);
    if (reconnectDelays !== undefined) builder.withAutomaticReconnect(reconnectDelays);
    const client = builder.build();
    this.#clients.push(client);
    return client;
  }

  async connect(reconnectDelays?: number[]): Promise<HubConnection> {
    const client = this.client(reconnectDelays);
    await client.start();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#all.map((hubs) => hubs.shutdown()));
    await this.emulator.stop();
    this.#http.close();
    this.#http.closeAllConnections();
  }
}
