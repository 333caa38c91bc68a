import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HubConnectionBuilder, LogLevel, Subject } from "@microsoft/signalr";
import { Hub, HubException, hubMethods } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import express from "express";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failureOf, HubServer, Inbox } from "../support/hub-server.js";

/* What the documentation shows first, run as it is shown. */

/** What the server may call on a client. */
interface ChatClient {
  messageReceived(user: string, text: string): void;
  confirm(question: string): boolean; // a client result
}

class ChatHub extends Hub<ChatClient> {
  override async onConnected() {
    await this.groups.add(this.context.connectionId, "lobby");
  }
  override onDisconnected(_error?: Error) {} // undefined: a clean end
  async sendMessage(user: string, text: string) {
    if (!text) throw new HubException("say something"); // the one error whose text reaches the client
    await this.clients.group("lobby").send("messageReceived", user, text);
  }
  async *countdown(from: number) {
    for (let i = from; i > 0 && !this.signal.aborted; i--) yield i;
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const n of numbers) sum += n;
    return sum;
  }
  async askFirst() {
    return await this.clients.caller.invoke("confirm", "Sure?"); // typed: Promise<boolean>
  }
}

class RoomHub extends Hub<ChatClient> {
  static override readonly methods = hubMethods<RoomHub>({
    sendMessage: { args: [z.string().max(64), z.string()] },
    merge: { streams: [0, 2] },
    originalName: { name: "renamed-method" },
    ban: { authorize: { roles: ["admin"] } },
    tail: { argumentCount: [1, 2] },
    feed: { returns: "stream" },
    helper: false,
  });
  async sendMessage(_user: string, _text: string) {}
  async merge(_a: AsyncIterable<number>, scale: number, _b: AsyncIterable<number>) {
    return scale;
  }
  originalName() {}
  ban(_user: string) {}
  tail(_a: string, _b?: string) {}
  feed() {
    return new ReadableStream<string>({
      start(controller) {
        controller.enqueue("fed");
        controller.close();
      },
    });
  }
  helper() {}
}

const BINDING = (method: string): string => `Failed to invoke '${method}' due to an error on the server.`;

function readAll(stream: { subscribe(observer: object): unknown }): Promise<unknown[]> {
  const items: unknown[] = [];
  return new Promise((resolve, reject) => {
    stream.subscribe({ next: (item: unknown) => items.push(item), complete: () => resolve(items), error: reject });
  });
}

describe("a hub as the documentation shows it", () => {
  let server: HubServer;
  beforeAll(async () => {
    server = await HubServer.start({ hubs: { "/chat": ChatHub, "/room": [RoomHub, { enableDetailedErrors: true }] } });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });
  afterEach(() => server.stopClients());

  test.each(["json", "messagepack"] as const)(
    "chats, streams both ways and asks its clients over %s",
    async (protocol) => {
      const client = await server.connect("/chat", { protocol });
      const inbox = new Inbox(client, "messageReceived");
      client.on("confirm", (question: string) => question === "Sure?");
      await client.invoke("sendMessage", "ann", "hi");
      expect(await inbox.next()).toEqual(["messageReceived", "ann", "hi"]);
      expect(await failureOf(client.invoke("sendMessage", "ann", ""))).toBe(
        "An unexpected error occurred invoking 'sendMessage' on the server. HubException: say something",
      );
      expect(await readAll(client.stream("countdown", 3))).toEqual([3, 2, 1]);
      const numbers = new Subject<number>();
      const total = client.invoke("total", numbers);
      for (const number of [1, 2, 3]) numbers.next(number);
      numbers.complete();
      expect(await total).toBe(6);
      expect(await client.invoke("askFirst")).toBe(true);
    },
  );

  test("keeps what its map of methods declares", async () => {
    const client = await server.connect("/room", { user: "bob", roles: "guest" });
    const admin = await server.connect("/room", { user: "ann", roles: "admin" });
    expect(await client.invoke("sendMessage", "ann", "hi")).toBeNull();
    expect(await failureOf(client.invoke("sendMessage", "a".repeat(65), "hi"))).toContain(BINDING("sendMessage"));
    const [first, second] = [new Subject<number>(), new Subject<number>()];
    expect(await client.invoke("merge", first, 7, second)).toBe(7);
    expect(await client.invoke("renamed-method")).toBeNull();
    expect(await failureOf(client.invoke("originalName"))).toContain("Method does not exist.");
    expect(await failureOf(client.invoke("ban", "cid"))).toBe("Failed to invoke 'ban' because user is unauthorized");
    expect(await admin.invoke("ban", "cid")).toBeNull();
    expect(await client.invoke("tail", "a")).toBeNull();
    expect(await client.invoke("tail", "a", "b")).toBeNull();
    expect(await failureOf(client.invoke("tail"))).toBe(
      `${BINDING("tail")} InvalidDataException: Invocation provides 0 argument(s) but target expects 1.`,
    );
    expect(await readAll(client.stream("feed"))).toEqual(["fed"]);
    expect(await failureOf(client.invoke("helper"))).toContain("Method does not exist.");
  });
});

describe("Express as the documentation shows it", () => {
  let emulator: Emulator;
  const cleanUp: Array<() => unknown> = [];
  beforeAll(async () => {
    emulator = await startEmulator({ port: 0 });
    process.env["ConnectionStrings__signalr"] = emulator.connectionString;
  });
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });
  afterAll(async () => {
    delete process.env["ConnectionStrings__signalr"];
    await emulator.stop();
  });

  async function originOf(server: Server): Promise<string> {
    if (!server.listening) await once(server, "listening");
    cleanUp.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function talk(origin: string, path: string, token = ""): Promise<Inbox> {
    const client = new HubConnectionBuilder()
      .withUrl(`${origin}${path}`, { accessTokenFactory: () => token })
      .configureLogging(LogLevel.None)
      .build();
    const inbox = new Inbox(client, "messageReceived");
    await client.start();
    cleanUp.push(() => client.stop());
    return inbox;
  }

  test("finds its service in the environment, guards a path, tells its health and sends from outside", async () => {
    const app = express();
    const hubs = signalr.named("signalr"); // = addNamedAzureSignalR("signalr")
    hubs.mapHub("/chat", ChatHub, { authorize: (req) => Boolean(req.headers.authorization) });
    app.use(hubs);
    app.get("/healthz", hubs.healthHandler());
    const server = app.listen(0);
    const origin = await originOf(server);
    cleanUp.push(() => hubs.shutdown());
    await hubs.started(); // optional: resolves when each hub has a live server connection

    app.post("/announce", async (_req, res) => {
      await hubs.context(ChatHub).clients.all.send("messageReceived", "ops", "hi");
      res.sendStatus(202);
    });

    const refused = await fetch(`${origin}/chat/negotiate?negotiateVersion=1`, { method: "POST" });
    expect([refused.status, await refused.text()]).toEqual([401, ""]);
    const got = await fetch(`${origin}/chat/negotiate`);
    expect([got.status, got.headers.get("allow")?.includes("POST")]).toEqual([405, true]);
    expect((await fetch(`${origin}/other`)).status).toBe(404);
    const health = await fetch(`${origin}/healthz`);
    expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, "healthy"]);

    const inbox = await talk(origin, "/chat", "something that the application knows");
    expect((await fetch(`${origin}/announce`, { method: "POST" })).status).toBe(202);
    expect(await inbox.next()).toEqual(["messageReceived", "ops", "hi"]);
    await hubs.shutdown();
    const late = await fetch(`${origin}/chat/negotiate`, { method: "POST", headers: { authorization: "x" } });
    expect(late.status).toBe(503);
  });

  test.each<[string, (hubs: SignalRMiddleware) => Server]>([
    ["in one line", (hubs) => express().use(hubs).listen(0)],
    ["on a plain HTTP server", (hubs) => createServer(hubs).listen(0)],
  ])("works %s", async (_how, serve) => {
    const hubs = signalr.named("signalr", {
      hubs: { "/chat": ChatHub, "/room": [RoomHub, { enableDetailedErrors: true }] },
    });
    const origin = await originOf(serve(hubs));
    cleanUp.push(() => hubs.shutdown());
    await hubs.started();
    const inbox = await talk(origin, "/CHAT/");
    await hubs.context(ChatHub).clients.group("lobby").send("messageReceived", "ops", "hi");
    expect(await inbox.next()).toEqual(["messageReceived", "ops", "hi"]);
    await talk(origin, "/room");
  });

  test("starts an emulator of its own where no service is set", async () => {
    const hubs = signalr.named("nowhere", { emulator: true, hubs: { "/chat": ChatHub } });
    const origin = await originOf(createServer(hubs).listen(0));
    cleanUp.push(() => hubs.shutdown());
    await hubs.started();
    const inbox = await talk(origin, "/chat");
    await hubs.context(ChatHub).clients.all.send("messageReceived", "ops", "here");
    expect(await inbox.next()).toEqual(["messageReceived", "ops", "here"]);
  });
});
