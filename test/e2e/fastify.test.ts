import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { addNamedAzureSignalR, type FastifySignalROptions } from "azure-signalr-server/fastify";
import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/polling.js";

interface ChatClient {
  messageReceived(user: string, text: string): void;
}

const left: string[] = [];

class ChatHub extends Hub<ChatClient> {
  override onDisconnected() {
    left.push(this.context.userIdentifier ?? "");
  }
  whoAmI() {
    const { userIdentifier, httpContext } = this.context;
    return [userIdentifier, httpContext.path, httpContext.query.get("room")];
  }
}

let emulator: Emulator;
const clients: HubConnection[] = [];
const apps: FastifyInstance[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
  await Promise.all(apps.splice(0).map((app) => app.close()));
  left.length = 0;
});

afterAll(() => emulator.stop());

async function appWith(options: FastifySignalROptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server) as FastifyInstance;
  apps.push(app);
  const plugin = addNamedAzureSignalR("signalr", {
    connectionString: emulator.connectionString,
    configuration: { values: {} },
    connectionCount: 2,
    userIdProvider: (request) => String(request.headers["x-user"] ?? "nobody"),
    ...options,
  });
  await app.register(plugin, { prefix: "/api" });
  return app;
}

async function connect(origin: string, user: string, isBinary = false): Promise<HubConnection> {
  const transport = HttpTransportType.WebSockets;
  const builder = new HubConnectionBuilder()
    .withUrl(`${origin}/api/chat?room=a`, { headers: { "x-user": user }, transport })
    .configureLogging(LogLevel.None);
  const client = (isBinary ? builder.withHubProtocol(new MessagePackHubProtocol()) : builder).build();
  clients.push(client);
  await client.start();
  return client;
}

test.each([
  ["JSON", false],
  ["MessagePack", true],
] as const)("official clients that speak %s talk to a hub behind Fastify", async (_name, isBinary) => {
  const app = await appWith();
  app.signalr.mapHub("/chat", ChatHub);
  app.post("/announce", async () => {
    await app.signalr.context(ChatHub).clients.user("ann").send("messageReceived", "ops", "hi");
    return "announced";
  });
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  await app.signalr.started();
  const client = await connect(origin, "ann", isBinary);
  const received = new Promise((resolve) => {
    client.on("messageReceived", (...message: unknown[]) => resolve(message));
  });
  expect(await client.invoke("whoAmI")).toEqual(["ann", "/api/chat", "a"]);
  expect(await (await fetch(`${origin}/announce`, { method: "POST" })).text()).toBe("announced");
  expect(await received).toEqual(["ops", "hi"]);
});

describe("close", () => {
  test("sees the clients off, lets requests that are under way send, and then closes the connections", async () => {
    const app = await appWith();
    app.signalr.mapHub("/chat", ChatHub);
    let go: () => void = () => {};
    const mayGo = new Promise<void>((resolve) => {
      go = resolve;
    });
    let isHere = false;
    const steps: string[] = [];
    app.post("/announce", async () => {
      isHere = true;
      await mayGo;
      await app.signalr.context(ChatHub).clients.all.send("messageReceived", "ops", "last words");
      steps.push("sent");
      return "announced";
    });
    app.addHook("preClose", async () => void steps.push("drained"));
    const origin = await app.listen({ port: 0, host: "127.0.0.1" });
    await app.signalr.started();
    const client = await connect(origin, "ann");
    const closed = new Promise((resolve) => client.onclose(resolve));
    const announced = fetch(`${origin}/announce`, { method: "POST", headers: { connection: "close" } });
    await eventually(() => isHere);

    const ended = app.close();
    await closed;
    await eventually(() => steps.includes("drained"));
    expect(left).toEqual(["ann"]);
    expect(app.signalr.health().status).toBe("unhealthy");
    go();
    expect(await (await announced).text()).toBe("announced");
    await ended;
    expect(steps).toEqual(["drained", "sent"]);
    await eventually(() => emulator.hubs().length === 0);
    await expect(app.signalr.context(ChatHub).clients.all.send("messageReceived", "", "")).rejects.toMatchObject({
      code: "STOPPED",
    });
  });

  test("waits for clients that may stay for a while, also beyond Fastify's own limit for plugins", async () => {
    const gracefulShutdown = { mode: "WaitForClientsClose", timeout: 20_000 } as const;
    const app = await appWith({ gracefulShutdown }, { pluginTimeout: 500 });
    app.signalr.mapHub("/chat", ChatHub);
    const farewells: string[] = [];
    app.signalr.onShutdown(ChatHub, async (context) => {
      farewells.push("hook");
      await context.clients.all.send("messageReceived", "ops", "please leave");
    });
    const origin = await app.listen({ port: 0, host: "127.0.0.1" });
    await app.signalr.started();
    const client = await connect(origin, "ann");
    client.on("messageReceived", (_user, text) => farewells.push(text));
    let isOver = false;
    const ended = app.close().then(() => {
      isOver = true;
    });
    await eventually(() => farewells.length === 2 && !app.server.listening);
    expect([farewells, isOver, left]).toEqual([["hook", "please leave"], false, []]);
    expect(await client.invoke("whoAmI")).toEqual(["ann", "/api/chat", "a"]);
    await client.stop();
    await ended;
    expect(left).toEqual(["ann"]);
  });

  test("before the app was ever ready ends it all the same", async () => {
    const app = await appWith();
    app.signalr.mapHub("/chat", ChatHub);
    await app.close();
    await expect(app.signalr.started()).rejects.toMatchObject({ code: "STOPPED" });
  });
});
