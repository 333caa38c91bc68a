import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type ExpressSignalROptions, type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import express from "express";
import type { HubProtocolName } from "../../src/hub/options.js";

export interface ConnectOptions {
  readonly protocol?: HubProtocolName;
  /** Sent as header `x-user`, which the server takes for the user's id. */
  readonly user?: string;
  /** Sent as header `x-roles`, separated by commas. */
  readonly roles?: string;
  readonly headers?: Record<string, string>;
  /** Called before the connection starts, for handlers that must not miss anything. */
  readonly prepare?: (connection: HubConnection) => void;
  readonly reconnectDelays?: number[];
  /** In place of `protocol`. */
  readonly hubProtocol?: IHubProtocol;
}

/** An application with hubs behind Express, in front of an emulator, and the official clients for it. */
export class HubServer implements AsyncDisposable {
  readonly emulator: Emulator;
  readonly hubs: SignalRMiddleware;
  readonly origin: string;
  readonly #close: () => Promise<void>;
  readonly #clients: HubConnection[] = [];

  private constructor(emulator: Emulator, hubs: SignalRMiddleware, origin: string, close: () => Promise<void>) {
    this.emulator = emulator;
    this.hubs = hubs;
    this.origin = origin;
    this.#close = close;
  }

  /** Resolves when every hub of the options has its server connections. */
  static async start(options: ExpressSignalROptions, running?: Emulator): Promise<HubServer> {
    const emulator = running ?? (await startEmulator({ port: 0 }));
    const hubs = signalr.named("signalr", {
      connectionString: emulator.connectionString,
      configuration: { values: {} },
      claimsProvider: (req) => {
        const { "x-user": user, "x-roles": roles } = req.headers;
        if (user === undefined) return null;
        return { nameid: String(user), role: String(roles ?? "").split(",") };
      },
      ...options,
    });
    const app = express();
    app.use(hubs);
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    await hubs.started();
    const { port } = server.address() as AddressInfo;
    return new HubServer(emulator, hubs, `http://127.0.0.1:${port}`, async () => {
      server.close();
      server.closeAllConnections();
      await hubs.shutdown();
      if (running === undefined) await emulator.stop();
    });
  }

  /** A client that is not started yet. */
  client(path: string, options: ConnectOptions = {}): HubConnection {
    const { protocol = "json", user, roles, headers = {}, reconnectDelays } = options;
    const all = { ...headers, ...(user && { "x-user": user }), ...(roles && { "x-roles": roles }) };
    let builder = new HubConnectionBuilder()
      .withUrl(`${this.origin}${path}`, { headers: all, transport: HttpTransportType.WebSockets })
      .configureLogging(LogLevel.None);
    if (protocol === "messagepack") builder = builder.withHubProtocol(new MessagePackHubProtocol());
    if (options.hubProtocol !== undefined) builder = builder.withHubProtocol(options.hubProtocol);
    if (reconnectDelays !== undefined) builder = builder.withAutomaticReconnect(reconnectDelays);
    const client = builder.build();
    options.prepare?.(client);
    this.#clients.push(client);
    return client;
  }

  async connect(path: string, options: ConnectOptions = {}): Promise<HubConnection> {
    const client = this.client(path, options);
    await client.start();
    return client;
  }

  async stopClients(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopClients();
    await this.#close();
  }
}

/** What a client receives for some methods, in order. */
export class Inbox {
  readonly #received: unknown[][] = [];
  #waiters: Array<() => void> = [];

  constructor(client: HubConnection, ...methods: readonly string[]) {
    for (const method of methods) {
      client.on(method, (...args: unknown[]) => {
        this.#received.push([method, ...args]);
        for (const wake of this.#waiters.splice(0)) wake();
      });
    }
  }

  /** The next message as `[method, ...args]`; waits for it. */
  async next(): Promise<unknown[]> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }
}

/** The text that an official client reports for a call that failed. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("the call was expected to fail");
}

/** Resolves with the reason when the client's connection has ended for good. */
export function closeOf(client: HubConnection): Promise<Error | undefined> {
  return new Promise((resolve) => {
    client.onclose(resolve);
  });
}
