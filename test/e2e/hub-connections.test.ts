import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { HubConnectionBuilder, HubConnectionState, LogLevel } from "@microsoft/signalr";
import { Hub, HubException, signalr } from "azure-signalr-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { closeOf, failureOf, HubServer, Inbox } from "../support/hub-server.js";

interface Goodbye {
  readonly connectionId: string;
  readonly error: string | undefined;
}

const goodbyes = new Map<string, (goodbye: Goodbye) => void>();

/** Resolves when onDisconnected of the connection has run. */
function goodbyeOf(connectionId: string): Promise<Goodbye> {
  return new Promise((resolve) => {
    goodbyes.set(connectionId, resolve);
  });
}

class LifeHub extends Hub {
  override async onConnected() {
    const { context, clients, groups } = this;
    const refusal = context.httpContext.query.get("refuse");
    if (refusal === "hub") throw new HubException("not you");
    if (refusal !== null) throw new Error("internal");
    if (context.httpContext.query.has("abort")) context.abort();
    context.items.set("since", "onConnected");
    await groups.add(context.connectionId, "everybody");
    await clients.caller.send("welcome", context.connectionId);
    await clients.group("everybody").send("joined", context.connectionId);
  }
  override onDisconnected(error?: Error) {
    const { connectionId } = this.context;
    goodbyes.get(connectionId)?.({ connectionId, error: error && `${error.name}: ${error.message}` });
  }
  id() {
    return this.context.connectionId;
  }
  facts() {
    const { context } = this;
    const { httpContext, user } = context;
    return {
      user: context.userIdentifier,
      claims: user.claims.map(({ type, value }) => [type, value]),
      roles: user.getAll("http://schemas.microsoft.com/ws/2008/06/identity/claims/role"),
      isAdmin: user.isInRole("admin"),
      isAuthenticated: user.isAuthenticated,
      path: httpContext.path,
      query: [...httpContext.query].filter(([name]) => name !== "negotiateVersion").sort(),
      header: httpContext.headers.get("x-custom"),
      since: context.items.get("since"),
      isAborted: context.signal.aborted,
    };
  }
  echo(value: unknown) {
    return value;
  }
}

class QuickHub extends Hub {
  override onDisconnected(error?: Error) {
    const { connectionId } = this.context;
    goodbyes.get(connectionId)?.({ connectionId, error: error && `${error.name}: ${error.message}` });
  }
  id() {
    return this.context.connectionId;
  }
  echo(value: unknown) {
    return value;
  }
}

class MovingHub extends LifeHub {
  override async onConnected() {}
  remember(fact: string) {
    this.context.items.set("fact", fact);
    return this.context.connectionId;
  }
  recall() {
    return this.context.items.get("fact");
  }
  async *hangs() {
    yield "begun";
    await new Promise(() => {});
  }
}

let server: HubServer;
beforeAll(async () => {
  server = await HubServer.start({
    hubs: {
      "/life": LifeHub,
      "/quick": [
        QuickHub,
        {
          handshakeTimeout: 1000,
          keepAliveInterval: 50,
          clientTimeoutInterval: 150,
          maximumReceiveMessageSize: 200,
          enableDetailedErrors: true,
          supportedProtocols: ["json"],
        },
      ],
    },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(() => server.stopClients());

/** A websocket to the client's end of the service, as a client of our own would open it. */
async function rawClient(path: string): Promise<RawClient> {
  const answer = await fetch(`${server.origin}${path}/negotiate?negotiateVersion=1`, { method: "POST" });
  const { url, accessToken } = (await answer.json()) as { url: string; accessToken: string };
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers: { authorization: `Bearer ${accessToken}` } });
  const client = new RawClient(socket);
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return client;
}

class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #text = "";
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      this.#text += String(data);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  send(...records: readonly object[]): void {
    this.socket.send(records.map((record) => `${JSON.stringify(record)}\u001e`).join(""));
  }

  /** The next record that is no ping. */
  async next(): Promise<unknown> {
    for (;;) {
      const end = this.#text.indexOf("\u001e");
      if (end >= 0) {
        const record: { readonly type?: number } = JSON.parse(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 1);
        if (record.type !== 6) return record;
      } else {
        if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the connection is closed");
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

const JSON_HANDSHAKE = { protocol: "json", version: 1 };

describe.each(["json", "messagepack"] as const)("a client over %s", (protocol) => {
  test("is told to the hub with its claims, query, headers and path", async () => {
    const client = await server.connect("/life?room=a&room=b&hub=mine", {
      protocol,
      user: "ann",
      roles: "admin,writer",
      headers: { "x-custom": "value" },
    });
    expect(await client.invoke("facts")).toEqual({
      user: "ann",
      claims: [
        ["nameid", "ann"],
        ["role", "admin"],
        ["role", "writer"],
      ],
      roles: ["admin", "writer"],
      isAdmin: true,
      isAuthenticated: true,
      path: "/life",
      query: [
        ["room", "a"],
        ["room", "b"],
      ],
      header: "value",
      since: "onConnected",
      isAborted: false,
    });
  });

  test("gets what onConnected sends, and is in the groups that it joined there", async () => {
    let inbox: Inbox | undefined;
    const client = await server.connect("/life", {
      protocol,
      prepare: (connection) => {
        inbox = new Inbox(connection, "welcome", "joined");
      },
    });
    const id = await client.invoke("id");
    expect([await inbox?.next(), await inbox?.next()]).toEqual([
      ["welcome", id],
      ["joined", id],
    ]);
  });

  test.each([
    ["hub", "Connection closed with an error. HubException: not you"],
    ["error", "Connection closed with an error."],
  ])("that onConnected refuses (%s) hears why and does not come back", async (how, text) => {
    const client = server.client(`/life?refuse=${how}`, { protocol, reconnectDelays: [0, 0, 0] });
    let reconnects = 0;
    client.onreconnecting(() => {
      reconnects += 1;
    });
    // The close comes right behind the handshake answer: whether that counts as started is the client's affair.
    const closed = closeOf(client);
    const error = await client.start().then(
      () => closed,
      (refusal: Error) => refusal,
    );
    expect(error?.message).toBe(`Server returned an error on close: ${text}`);
    expect(reconnects).toBe(0);
  });

  test("that onConnected aborts is closed without an error", async () => {
    const client = server.client("/life?abort", { protocol });
    const closed = closeOf(client);
    await client.start().catch(() => {});
    if (client.state !== HubConnectionState.Disconnected) expect(await closed).toBeUndefined();
    expect(client.state).toBe(HubConnectionState.Disconnected);
  });

  test("that leaves is gone cleanly, and comes back with a new id", async () => {
    const client = await server.connect("/life", { protocol });
    const id: string = await client.invoke("id");
    const gone = goodbyeOf(id);
    await client.stop();
    expect(await gone).toEqual({ connectionId: id, error: undefined });
    await client.start();
    expect(await client.invoke("id")).not.toBe(id);
  });
});

describe("the handshake on a bare websocket", () => {
  test("is accepted, may share a frame with calls, and both come in pieces", async () => {
    const client = await rawClient("/life");
    client.send({ protocol: "JSON", version: 2 }, { type: 1, invocationId: "1", target: "echo", arguments: ["hi"] });
    expect(await client.next()).toEqual({});
    expect(await client.next()).toMatchObject({ type: 1, target: "welcome" });
    expect(await client.next()).toMatchObject({ type: 1, target: "joined" });
    expect(await client.next()).toEqual({ type: 3, invocationId: "1", result: "hi" });
    const text = `${JSON.stringify({ type: 1, invocationId: "2", target: "echo", arguments: [[1]] })}\u001e`;
    for (const character of text) client.socket.send(character);
    expect(await client.next()).toEqual({ type: 3, invocationId: "2", result: [1] });
    client.send({ type: 7 });
    expect(await client.next()).toEqual({ type: 7 });
    expect(await client.closed).toBe(1000);
  });

  test.each<[string, string, string]>([
    ["/life", '{"protocol":"json","version":3}', "The server does not support version 3 of the 'json' protocol."],
    ["/life", '{"protocol":"xyz","version":1}', "The protocol 'xyz' is not supported."],
    ["/quick", '{"protocol":"messagepack","version":1}', "The protocol 'messagepack' is not supported."],
    ["/life", '{"version":1}', "An unexpected error occurred during connection handshake."],
    ["/life", "nonsense", "An unexpected error occurred during connection handshake."],
    ["/quick", '{"protocol":"json"}', "An unexpected error occurred during connection handshake."],
    ["/quick", `{"protocol":"json","version":1,"padding":"${"x".repeat(300)}"}`, "Handshake was canceled."],
  ])("on %s, %s is refused and the connection closed", async (path, request, error) => {
    const client = await rawClient(path);
    client.socket.send(`${request}\u001e`);
    expect(await client.next()).toEqual({ error });
    expect(await client.closed).toBe(1000);
  });

  test("that does not come in time is canceled", async () => {
    const client = await rawClient("/quick");
    expect(await client.next()).toEqual({ error: "Handshake was canceled." });
    expect(await client.closed).toBe(1000);
  });
});

describe("a client on a bare websocket", () => {
  const open = async (path: string): Promise<[client: RawClient, id: string]> => {
    const client = await rawClient(path);
    client.send(JSON_HANDSHAKE, { type: 1, invocationId: "id", target: "id", arguments: [] });
    await client.next();
    const { result } = (await client.next()) as { result: string };
    return [client, result];
  };

  test("that breaks the protocol is closed with an error and leave to reconnect", async () => {
    const [client, id] = await open("/quick");
    const gone = goodbyeOf(id);
    client.send([]);
    expect(await client.next()).toEqual({
      type: 7,
      error:
        "Connection closed with an error. InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
      allowReconnect: true,
    });
    expect((await gone).error).toBe(
      "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object.",
    );
    await client.closed;
  });

  test("that sends too much at once is closed", async () => {
    const [client, id] = await open("/quick");
    const gone = goodbyeOf(id);
    client.socket.send("x".repeat(201));
    expect(await client.next()).toEqual({
      type: 7,
      error:
        "Connection closed with an error. InvalidDataException: The maximum message size of 200B was exceeded. The message size can be configured in AddHubOptions.",
      allowReconnect: true,
    });
    expect((await gone).error).toContain("The maximum message size of 200B was exceeded.");
  });

  test("that pinged once and then falls silent is timed out; one that never pings is not", async () => {
    const [[pinging, id], [quiet]] = [await open("/quick"), await open("/quick")];
    const gone = goodbyeOf(id);
    pinging.send({ type: 6 });
    expect(await pinging.next()).toEqual({
      type: 7,
      error:
        "Connection closed with an error. OperationCanceledException: Client hasn't sent a message/ping within the configured ClientTimeoutInterval.",
      allowReconnect: true,
    });
    expect((await gone).error).toMatch(/^OperationCanceledException: Client hasn't sent/);
    quiet.send({ type: 1, invocationId: "1", target: "echo", arguments: ["still here"] });
    expect(await quiet.next()).toEqual({ type: 3, invocationId: "1", result: "still here" });
    quiet.socket.close();
  });

  test("gets pings of the hub", async () => {
    const [client] = await open("/quick");
    const ping = new Promise((resolve) => {
      client.socket.on("message", (data) => String(data).includes('{"type":6}') && resolve("ping"));
    });
    expect(await ping).toBe("ping");
    client.socket.close();
  });

  test("whose message is of an unknown kind is not held up by it", async () => {
    const [client] = await open("/quick");
    client.send(
      { type: 77 },
      { type: 8, sequenceId: 1 },
      { type: 1, invocationId: "1", target: "echo", arguments: [1] },
    );
    expect(await client.next()).toEqual({ type: 3, invocationId: "1", result: 1 });
    client.socket.close();
  });

  test("whose close has an error gets a close without one; the hub is told", async () => {
    const [client, id] = await open("/quick");
    const gone = goodbyeOf(id);
    client.send({ type: 7, error: "client is unhappy" });
    expect(await client.next()).toEqual({ type: 7 });
    expect(await gone).toEqual({ connectionId: id, error: "HubException: client is unhappy" });
    expect(await client.closed).toBe(1000);
  });

  test("that drops its connection is gone", async () => {
    const [client, id] = await open("/quick");
    const gone = goodbyeOf(id);
    client.socket.terminate();
    expect((await gone).connectionId).toBe(id);
  });
});

describe("when a server goes", () => {
  test("its clients reconnect by themselves to another one, and start afresh there", async () => {
    const options = { connectionString: server.emulator.connectionString, configuration: { values: {} } };
    const [first, second] = [signalr.named("one", options), signalr.named("two", options)];
    let current = first;
    // The application's address stays, as it does behind a load balancer.
    const balancer = createServer((req, res) => current(req, res)).listen(0, "127.0.0.1");
    await once(balancer, "listening");
    first.mapHub("/moving", MovingHub);
    await first.started();
    const client = new HubConnectionBuilder()
      .withUrl(`http://127.0.0.1:${(balancer.address() as AddressInfo).port}/moving`)
      .withAutomaticReconnect([0, 50, 100, 200, 400, 800])
      .configureLogging(LogLevel.None)
      .build();
    await client.start();
    const id = await client.invoke("remember", "kept with the connection");
    const back = new Promise<string | undefined>((resolve) => {
      client.onreconnected(resolve);
    });
    const gone = goodbyeOf(id);
    second.mapHub("/moving", MovingHub);
    await second.started();
    current = second;
    await first.shutdown();
    expect((await gone).connectionId).toBe(id);
    const newId = await back;
    expect([newId, newId === id]).toEqual([expect.any(String), false]);
    expect(await client.invoke("recall")).toBeNull();
    await client.stop();
    await second.shutdown();
    balancer.close();
    balancer.closeAllConnections();
  });

  test("without a word, by a broken network, clients reconnect as soon as it is back", async () => {
    const target = new URL(server.emulator.url);
    const tunnels = new Set<Socket>();
    const tunnel = createTcpServer((near) => {
      const far = connectTcp(Number(target.port), target.hostname);
      for (const end of [near, far]) {
        tunnels.add(end);
        end.on("error", () => {});
        end.on("close", () => tunnels.delete(end));
      }
      near.pipe(far).pipe(near);
    }).listen(0, "127.0.0.1");
    await once(tunnel, "listening");
    const { port } = tunnel.address() as AddressInfo;
    const connectionString = `${server.emulator.connectionString};ServerEndpoint=http://127.0.0.1:${port}`;
    class TunnelHub extends MovingHub {}
    const own = await HubServer.start({ connectionString, hubs: { "/tunnel": TunnelHub } }, server.emulator);
    const client = await own.connect("/tunnel", { reconnectDelays: [0, 200, 400, 800, 1600, 3200] });
    const id: string = await client.invoke("id");
    const [gone, back] = [
      goodbyeOf(id),
      new Promise((resolve) => {
        client.onreconnected(resolve);
      }),
    ];
    for (const end of tunnels) end.destroy();
    expect((await gone).connectionId).toBe(id);
    await back;
    expect(await client.invoke("echo", "back again")).toBe("back again");
    await own[Symbol.asyncDispose]();
    tunnel.close();
  });

  test("calls in flight fail at the client", async () => {
    const own = await HubServer.start({ hubs: { "/moving": MovingHub } });
    const client = await own.connect("/moving");
    let begun: (item: unknown) => void = () => {};
    const hasBegun = new Promise((resolve) => {
      begun = resolve;
    });
    const failure = failureOf(
      new Promise((_resolve, reject) => {
        client.stream("hangs").subscribe({ next: begun, complete: () => {}, error: reject });
      }),
    );
    await hasBegun;
    await own.emulator.stop();
    expect(await failure).toBe("Server returned an error on close: The emulator stops.");
    await own[Symbol.asyncDispose]();
  });
});
