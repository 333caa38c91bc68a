import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Caller, newCounts } from "./caller.js";
import { ChildService } from "./child-service.js";
import type { FaultRow } from "./fault-table.js";
import { heapMegabytes } from "./heap.js";

const REST_MS = 100;
/** A client that hears nothing gives its server up after 30 s; whatever ends, ends before. */
const LAST_ANSWER_MS = 35_000;

class RecordHub extends Hub {
  async record(text: string) {
    await delay(5);
    return text;
  }
}

/** One hub server and its clients; between it and the service a network that can be broken. */
export class Rig {
  readonly service: ChildService;
  readonly proxy: TcpProxy;
  readonly #hubs: SignalRMiddleware;
  readonly #front: Server;
  readonly #callers: Caller[] = [];

  private constructor(service: ChildService, proxy: TcpProxy, hubs: SignalRMiddleware, front: Server) {
    this.service = service;
    this.proxy = proxy;
    this.#hubs = hubs;
    this.#front = front;
  }

  static async start(clients: number): Promise<Rig> {
    const service = await ChildService.start();
    const proxy = await TcpProxy.start(service.port);
    const hubs = signalr.named("signalr", {
      connectionString: `${service.connectionString};ServerEndpoint=http://127.0.0.1:${proxy.port}`,
      configuration: { values: {} },
    });
    hubs.mapHub("/hub", RecordHub);
    const front = createServer(hubs).listen(0, "127.0.0.1");
    await once(front, "listening");
    await hubs.started();
    const rig = new Rig(service, proxy, hubs, front);
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/hub`;
    for (let index = 0; index < clients; index += 1) {
      const connection = new HubConnectionBuilder()
        .withUrl(url, { transport: HttpTransportType.WebSockets })
        .withAutomaticReconnect([0, 100, 200, 400, 800, 1600])
        .configureLogging(LogLevel.None)
        .build();
      rig.#callers.push(new Caller(connection, `client-${index}`));
    }
    await Promise.all(rig.#callers.map((caller) => caller.connect()));
    return rig;
  }

  /** Clients that the hub server knows. */
  get sessions(): number {
    return this.#hubs.health().hubs.reduce((sum, { clients }) => sum + clients, 0);
  }

  get pending(): number {
    return this.#callers.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Waits until each client is connected and the hub server knows just these. */
  async allBack(): Promise<void> {
    await this.until("every client is back", 120_000, () => {
      return this.#callers.every(({ isConnected }) => isConnected) && this.sessions === this.#callers.length;
    });
  }

  async until(what: string, limitMs: number, isMet: () => boolean): Promise<void> {
    const end = performance.now() + limitMs;
    while (!isMet()) {
      if (performance.now() > end)
        throw new Error(`not within ${limitMs / 1000} s: ${what}; ${this.sessions} sessions`);
      await delay(20);
    }
  }

  /** Makes the fault while all clients call, and counts. */
  async under(fault: string, make: () => Promise<void>): Promise<FaultRow> {
    await this.allBack();
    const before = { heap: await heapMegabytes(), sessions: this.sessions };
    const counts = newCounts();
    const began = performance.now();
    for (const caller of this.#callers) caller.begin(counts, REST_MS);
    await make();
    await this.allBack();
    await delay(500);
    const seconds = Math.round((performance.now() - began) / 1000);
    await Promise.all(this.#callers.map((caller) => caller.end()));
    const end = performance.now() + LAST_ANSWER_MS;
    while (this.pending > 0 && performance.now() < end) await delay(50);
    await this.allBack();
    return {
      fault,
      seconds,
      clients: this.#callers.length,
      reconnects: counts.lostConnections,
      calls: counts.sent,
      failed: counts.failed + counts.wrong,
      lost: counts.sent - counts.answered - counts.failed - counts.wrong,
      heap: [before.heap, await heapMegabytes()],
      sessions: [before.sessions, this.sessions],
    };
  }

  /** Sends everybody home. @returns sessions that are left: none */
  async stop(): Promise<number> {
    await Promise.all(this.#callers.map((caller) => caller.stop()));
    await this.until("the hub server has forgotten its clients", 10_000, () => this.sessions === 0);
    const left = this.sessions;
    await this.#hubs.shutdown();
    await this.proxy.stop();
    await this.service.stop();
    this.#front.close();
    this.#front.closeAllConnections();
    return left;
  }
}
