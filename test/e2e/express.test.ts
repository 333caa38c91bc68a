import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import express from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface ChatClient {
  messageReceived(user: string, text: string): void;
}

const left: Array<[string, string | undefined]> = [];

class ChatHub extends Hub<ChatClient> {
  override onDisconnected(error?: Error) {
    left.push([this.context.userIdentifier ?? "", error?.message]);
  }
  whoAmI() {
    const { user, userIdentifier, httpContext } = this.context;
    return {
      id: userIdentifier,
      roles: user.getAll("role"),
      isAuthenticated: user.isAuthenticated,
      path: httpContext.path,
      query: [...httpContext.query],
      header: httpContext.headers.get("user-agent") !== null,
    };
  }
}

let emulator: Emulator;
let hubs: SignalRMiddleware;
let origin: string;
let server: ReturnType<ReturnType<typeof express>["listen"]>;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  hubs = signalr.named("signalr", {
    connectionString: emulator.connectionString,
    configuration: { values: {} },
    claimsProvider: (req) =>
      req.headers["x-user"] === undefined ? null : { nameid: req.headers["x-user"], role: ["admin", "writer"] },
  });
  const app = express();
  hubs.mapHub("/chat", ChatHub);
  hubs.mapHub("/members", ChatHub, { authorize: (req) => Boolean(req.headers["x-user"]) });
  app.use("/api", hubs);
  app.get("/healthz", hubs.healthHandler());
  app.post("/announce", async (_req, res) => {
    await hubs.context(ChatHub).clients.all.send("messageReceived", "ops", "hi");
    res.sendStatus(202);
  });
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await hubs.started();
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await hubs.shutdown();
  await emulator.stop();
});

function connect(path: string, user?: string, isBinary = false): HubConnection {
  const headers: Record<string, string> = user === undefined ? {} : { "x-user": user };
  const builder = new HubConnectionBuilder()
    .withUrl(`${origin}${path}`, { headers, transport: HttpTransportType.WebSockets })
    .configureLogging(LogLevel.None);
  return (isBinary ? builder.withHubProtocol(new MessagePackHubProtocol()) : builder).build();
}

describe.each([
  ["JSON", false],
  ["MessagePack", true],
] as const)("a client that speaks %s", (_name, isBinary) => {
  test("is in the hub who it was at negotiate, below the mount path", async () => {
    const client = connect("/api/chat?room=a&room=b", "ann", isBinary);
    await client.start();
    expect(await client.invoke("whoAmI")).toEqual({
      id: "ann",
      roles: ["admin", "writer"],
      isAuthenticated: true,
      path: "/api/chat",
      query: expect.arrayContaining([
        ["room", "a"],
        ["room", "b"],
      ]),
      header: true,
    });
    await client.stop();
  });

  test("without claims is anonymous", async () => {
    const client = connect("/api/Chat/", undefined, isBinary);
    await client.start();
    expect(await client.invoke("whoAmI")).toMatchObject({
      id: null,
      roles: [],
      isAuthenticated: false,
      path: "/api/Chat",
    });
    await client.stop();
  });

  test("gets what is sent from outside of a hub", async () => {
    const client = connect("/api/chat", "ann", isBinary);
    const received = new Promise((resolve) => {
      client.on("messageReceived", (...message: unknown[]) => resolve(message));
    });
    await client.start();
    expect((await fetch(`${origin}/announce`, { method: "POST" })).status).toBe(202);
    expect(await received).toEqual(["ops", "hi"]);
    await client.stop();
  });
});

test("authorize decides for its own path only, and clients of both paths are in one hub", async () => {
  await expect(connect("/api/members").start()).rejects.toThrow(/401/);
  const member = connect("/api/members", "ann");
  const guest = connect("/api/chat");
  const heard = new Promise((resolve) => {
    guest.on("messageReceived", (...message: unknown[]) => resolve(message));
  });
  await Promise.all([member.start(), guest.start()]);
  expect(hubs.health().hubs).toMatchObject([
    { hub: "chathub", paths: ["/chat", "/members"], status: "healthy", clients: 2 },
  ]);
  await hubs.context(ChatHub).clients.all.send("messageReceived", "ops", "both");
  expect(await heard).toEqual(["ops", "both"]);
  await Promise.all([member.stop(), guest.stop()]);
});

test("shutdown ends the clients after their onDisconnected, and new ones are refused", async () => {
  const client = connect("/api/chat", "last");
  const closed = new Promise((resolve) => client.onclose(resolve));
  await client.start();
  left.length = 0;
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  await hubs.shutdown();
  expect(left).toEqual([["last", undefined]]);
  await closed;
  expect((await fetch(`${origin}/healthz`)).status).toBe(503);
  await expect(connect("/api/chat").start()).rejects.toThrow(/503/);
});
