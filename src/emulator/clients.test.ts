import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientUrl } from "../../src/auth/service-urls.js";
import {
  connectPair,
  endpointOf,
  JSON_HANDSHAKE,
  jsonPayload,
  RawClient,
  RECORD_END,
  ScriptedServer,
  tokensOf,
} from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { DataMessageType, type WireClaim } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

let emulator: Emulator;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0, mode: "default" });
});

afterEach(() => emulator.stop());

const PING = `{"type":6}${RECORD_END}`;
const DETAILED: WireClaim = ["asrs.s.derror", "True"];

describe("a new client", () => {
  test("is introduced with its claims, headers, query and protocol, then its handshake follows", async () => {
    const server = await ScriptedServer.connect(emulator);
    const claims: WireClaim[] = [
      ["asrs.s.uid", "ann"],
      ["role", "one"],
      ["role", "two"],
      ["nameid", "ann-id"],
      ["asrs.s.dc", "true"],
    ];
    const script = {
      claims,
      query: "asrs.op=%2Fchat&room=a%20b",
      headers: { "X-Custom": "yes", "X-Forwarded-For": "6.6.6.6", "Asrs-Migrate-From": "evil" },
    };
    const [, opened] = await Promise.all([RawClient.connect(emulator, script), server.next("openConnection")]);
    expect(opened.connectionId).toMatch(/^[\w-]{22}$/);
    expect(opened.claims.slice(0, 5)).toEqual([
      ["asrs.s.uid", "ann"],
      ["role", "one"],
      ["role", "two"],
      ["nameid", "ann-id"],
      ["asrs.s.dc", "true"],
    ]);
    expect(opened.claims.map(([type]) => type)).toContain("aud");
    expect(opened.queryString).toBe("?hub=chat&asrs.op=%2Fchat&room=a%20b");
    expect(opened.ext).toEqual({ protocol: "json" });
    const headers = new Map(opened.headers);
    expect(headers.get("X-Custom")).toEqual(["yes"]);
    expect(["127.0.0.1", "::1"]).toContain(headers.get("X-Forwarded-For")?.[0]);
    expect(headers.get("Asrs-Instance-Id")?.[0]).toMatch(/^emulator-/);
    expect(headers.get("Asrs-Is-Diagnostic-Client")).toEqual(["true"]);
    expect(headers.has("Asrs-Migrate-From")).toBe(false);
    const handshake = await server.next("connectionData");
    expect(handshake.payload.toString()).toBe(JSON_HANDSHAKE);
    expect(handshake.ext?.isPartial).toBeUndefined();
  });

  test("is not introduced before its handshake request is complete", async () => {
    const server = await ScriptedServer.connect(emulator);
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send('{"protocol":"JSON",');
    await server.settled();
    expect(server.received.some(({ kind }) => kind === "openConnection")).toBe(false);
    client.send(`"version":1}${RECORD_END}${PING}`);
    expect((await server.next("openConnection")).ext?.protocol).toBe("json");
    const first = await server.next("connectionData");
    expect(first.payload.toString()).toBe(`{"protocol":"JSON","version":1}${RECORD_END}${PING}`);
  });

  test("hears why when there is no server", async () => {
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(JSON_HANDSHAKE);
    expect(await client.next()).toBe(`{"error":"No server is connected to hub 'chat'."}${RECORD_END}`);
    expect(await client.closed).toBe(1000);
    expect(emulator.hubs()).toEqual([]);
  });
});

describe("what is meant for a client", () => {
  test.each([
    ["marks its data", false],
    ["marks nothing, as in 2024", true],
  ])("is held until the handshake was answered; the server %s", async (_how, isOld) => {
    const server = await ScriptedServer.connect(emulator, { answers: false, isOld });
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(JSON_HANDSHAKE);
    const { connectionId } = await server.next("openConnection");
    server.send({ kind: "multiConnectionData", connectionList: [connectionId], payloads: jsonPayload({ n: 1 }) });
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 2 }) });
    if (!isOld) server.data(connectionId, `{"n":3}${RECORD_END}`, DataMessageType.Invocation);
    await server.settled();
    expect(client.received).toEqual([]);
    server.data(connectionId, `{}${RECORD_END}`, DataMessageType.Handshake);
    if (isOld) server.data(connectionId, `{"n":3}${RECORD_END}`);
    expect(await client.next()).toBe(`{}${RECORD_END}`);
    for (const n of [1, 2, 3]) expect(await client.next()).toBe(`{"n":${n}}${RECORD_END}`);
  });

  test("is dropped when the app refuses the handshake", async () => {
    const server = await ScriptedServer.connect(emulator, { answers: false });
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(JSON_HANDSHAKE);
    const { connectionId } = await server.next("openConnection");
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    server.data(connectionId, `{"error":"no"}${RECORD_END}`, DataMessageType.Handshake);
    server.send({ kind: "closeConnection", connectionId, errorMessage: "no", headers: [] });
    expect(await client.closed).toBe(1000);
    expect(client.received).toEqual([`{"error":"no"}${RECORD_END}`]);
  });

  test("comes as text for JSON and as binary for MessagePack", async () => {
    const server = await ScriptedServer.connect(emulator, { answers: false });
    const json = await RawClient.connect(emulator, { shakesHands: false });
    json.send(JSON_HANDSHAKE);
    const pack = await RawClient.connect(emulator, { shakesHands: false });
    pack.send(`{"protocol":"messagepack","version":1}${RECORD_END}`);
    for (const _client of [json, pack]) {
      const opened = await server.next("openConnection");
      server.data(opened.connectionId, `{}${RECORD_END}`, DataMessageType.Handshake);
    }
    expect(await json.next()).toBe(`{}${RECORD_END}`);
    expect(await pack.next()).toBe("7b7d1e");
    const payloads = [["JSON", Buffer.from(PING)] as const, ["MessagePack", Buffer.from("029106", "hex")] as const];
    server.send({ kind: "broadcastData", excludedList: [], payloads });
    expect([await json.next(), await pack.next()]).toEqual([PING, "029106"]);
  });

  test("is left out when there is no payload in its protocol", async () => {
    const server = await ScriptedServer.connect(emulator);
    const { client } = await connectPair(emulator, server);
    server.send({ kind: "broadcastData", excludedList: [], payloads: [["messagepack", Buffer.from("029106", "hex")]] });
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
  });

  test("of any size arrives whole", async () => {
    const server = await ScriptedServer.connect(emulator);
    const { client, connectionId } = await connectPair(emulator, server);
    for (const size of [0, 125, 126, 65_535, 65_536, 3_000_000]) {
      server.data(connectionId, "x".repeat(size));
      expect((await client.next()).length).toBe(size);
    }
    client.send("y".repeat(3_000_000));
    const data = await server.next("connectionData", ({ payload }) => payload.length > 100);
    expect(data.payload.length).toBe(3_000_000);
  });
});

describe("the end of a client", () => {
  test.each([
    ["closes", (client: RawClient) => client.socket.close()],
    ["is cut off", (client: RawClient) => client.socket.terminate()],
  ])("is told to its server when the client %s", async (_how, end) => {
    const server = await ScriptedServer.connect(emulator);
    const { client, connectionId } = await connectPair(emulator, server);
    end(client);
    const closed = await server.next("closeConnection");
    expect(closed).toMatchObject({ connectionId, errorMessage: "", headers: [] });
    expect(emulator.hubs()[0]).toMatchObject({ clients: 0, users: 0, groups: 0 });
  });

  test("by the app comes after what was sent before, with a Close message", async () => {
    const server = await ScriptedServer.connect(emulator);
    const { client, connectionId } = await connectPair(emulator, server);
    server.data(connectionId, PING);
    server.send({ kind: "closeConnection", connectionId, errorMessage: null, headers: [] });
    expect(await client.closed).toBe(1000);
    expect(client.received.slice(1)).toEqual([PING, `{"type":7}${RECORD_END}`]);
    await server.settled();
    expect(server.received.some(({ kind }) => kind === "closeConnection")).toBe(false);
  });

  test.each([
    ["hidden", [], "Connection closed with an error."],
    ["told when the token allows it", [DETAILED], "the disk is full"],
  ])("by an error of the app is %s", async (_how, claims, text) => {
    const server = await ScriptedServer.connect(emulator);
    const { client, connectionId } = await connectPair(emulator, server, { claims });
    server.send({ kind: "closeConnection", connectionId, errorMessage: "the disk is full", headers: [] });
    expect(await client.next()).toBe(`{"type":7,"error":"${text}"}${RECORD_END}`);
  });

  test.each([
    ["marked", false],
    ["not marked, as in 2024", true],
  ])("is not said twice when the app said it, %s", async (_how, isOld) => {
    const server = await ScriptedServer.connect(emulator, { isOld });
    const { client, connectionId } = await connectPair(emulator, server, { claims: [DETAILED] });
    server.data(connectionId, `{"type":7,"error":"bye"}${RECORD_END}`, DataMessageType.Close);
    server.send({ kind: "closeConnection", connectionId, errorMessage: "bye", headers: [] });
    expect(await client.closed).toBe(1000);
    expect(client.received.slice(1)).toEqual([`{"type":7,"error":"bye"}${RECORD_END}`]);
  });

  test("is a Close message in MessagePack for such clients", async () => {
    const server = await ScriptedServer.connect(emulator, { answers: false });
    const client = await RawClient.connect(emulator, { shakesHands: false, claims: [DETAILED] });
    client.send(`{"protocol":"messagepack","version":1}${RECORD_END}`);
    const { connectionId } = await server.next("openConnection");
    server.data(connectionId, `{}${RECORD_END}`, DataMessageType.Handshake);
    server.send({ kind: "closeConnection", connectionId, errorMessage: "bye", headers: [] });
    expect(await client.closed).toBe(1000);
    expect(client.received).toEqual(["7b7d1e", "079307a3627965c2"]);
  });

  test("follows when its server is lost: it may come back", async () => {
    const server = await ScriptedServer.connect(emulator);
    const { client } = await connectPair(emulator, server);
    emulator.dropServerConnections();
    expect(await client.closed).toBe(1000);
    expect(client.received.at(-1)).toBe(
      `{"type":7,"error":"The connection to the hub server was lost.","allowReconnect":true}${RECORD_END}`,
    );
    expect(emulator.hubs()).toEqual([]);
  });

  test("is a handshake error when the server is lost before it answered", async () => {
    const server = await ScriptedServer.connect(emulator, { answers: false });
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(JSON_HANDSHAKE);
    await server.next("openConnection");
    server.socket.terminate();
    expect(await client.next()).toBe(`{"error":"The connection to the hub server was lost."}${RECORD_END}`);
  });

  test("one that is told to be cut is cut", async () => {
    const server = await ScriptedServer.connect(emulator);
    const { client } = await connectPair(emulator, server);
    emulator.dropClients("Chat");
    expect(await client.closed).toBe(1006);
    await server.next("closeConnection");
  });
});

describe("a handshake", () => {
  test("that is none is refused by the service itself", async () => {
    const server = await ScriptedServer.connect(emulator);
    for (const text of ["hello", "[]", '{"protocol":"json"}', '{"version":1}', '{"protocol":5,"version":1}']) {
      const client = await RawClient.connect(emulator, { shakesHands: false });
      client.send(text + RECORD_END);
      expect(await client.next()).toBe(
        `{"error":"An unexpected error occurred during connection handshake."}${RECORD_END}`,
      );
      expect(await client.closed).toBe(1000);
    }
    await server.settled();
    expect(server.received.some(({ kind }) => kind === "openConnection")).toBe(false);
  });

  test("that is none gets the details if the token allows them", async () => {
    await ScriptedServer.connect(emulator);
    const client = await RawClient.connect(emulator, { shakesHands: false, claims: [DETAILED] });
    client.send(`{"protocol":"json"}${RECORD_END}`);
    expect(await client.next()).toContain("handshake. InvalidDataException: Missing required property 'version'.");
  });

  test("without an end is cut short", async () => {
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send("x".repeat(40_000));
    expect(await client.next()).toBe(`{"error":"Handshake was canceled."}${RECORD_END}`);
  });

  test.each([
    ["15 s unless told otherwise", [], 15_000],
    ["as long as the token says", [["asrs.s.cht", "3"]] as WireClaim[], 3000],
    ["15 s when the token makes no sense", [["asrs.s.cht", "3000"]] as WireClaim[], 15_000],
  ])("may take %s", async (_how, claims, limitMs) => {
    const clock = new ManualClock(Date.now());
    await using timed = await startEmulator({ port: 0, clock });
    const script = { shakesHands: false, claims, clock };
    const silent = await RawClient.connect(timed, script);
    const server = await ScriptedServer.connect(timed, { clock, answers: false });
    const unanswered = await RawClient.connect(timed, script);
    unanswered.send(JSON_HANDSHAKE);
    await server.next("openConnection");
    clock.advance(limitMs - 1);
    await server.settled();
    expect([silent.received, unanswered.received]).toEqual([[], []]);
    clock.advance(1);
    for (const client of [silent, unanswered]) {
      expect(await client.next()).toBe(`{"error":"Handshake was canceled."}${RECORD_END}`);
      expect(await client.closed).toBe(1000);
    }
    expect((await server.next("closeConnection")).errorMessage).toContain("took too long");
  });
});

describe("time", () => {
  test("closes a client whose authentication expires, who may come back", async () => {
    const clock = new ManualClock(Date.now());
    await using timed = await startEmulator({ port: 0, clock });
    const server = await ScriptedServer.connect(timed, { clock });
    const expiry = String(Math.floor(clock.unixTime() / 1000) + 20);
    const claims: WireClaim[] = [
      ["asrs.s.coae", "true"],
      ["asrs.s.aeo", expiry],
    ];
    const { client } = await connectPair(timed, server, { clock, claims });
    clock.advance(20_000);
    expect(await client.next()).toBe(`{"type":7,"allowReconnect":true}${RECORD_END}`);
    expect((await server.next("closeConnection")).errorMessage).toContain("expired");
  });

  test("cuts off a client that answers no pings", async () => {
    const clock = new ManualClock(Date.now());
    await using timed = await startEmulator({ port: 0, clock });
    const server = await ScriptedServer.connect(timed, { clock });
    const { client: good } = await connectPair(timed, server, { clock });
    const deaf = await openDeafClient(timed, clock);
    await server.next("openConnection");
    await server.settled();
    const ponged = new Promise((resolve) => good.socket.once("ping", resolve));
    clock.advance(15_000);
    await ponged;
    good.send(PING);
    await server.next("connectionData", ({ payload }) => payload.toString() === PING);
    clock.advance(15_000);
    expect((await server.next("closeConnection")).errorMessage).toContain("did not answer pings");
    expect(timed.hubs()[0]?.clients).toBe(1);
    deaf.destroy();
  });
});

describe("a slow reader", () => {
  test("is dropped when too much waits for it, and the others go on", async () => {
    await using small = await startEmulator({ port: 0, clientSendBufferBytes: 1_000_000 });
    const server = await ScriptedServer.connect(small);
    const { client: good } = await connectPair(small, server);
    const deaf = await openDeafClient(small);
    const { connectionId } = await server.next("openConnection");
    const payloads = jsonPayload({ text: "x".repeat(500_000) });
    let sent = 0;
    // The system's own buffers take some megabytes before anything waits here.
    while (!server.received.some(({ kind }) => kind === "closeConnection") && sent < 200) {
      server.send({ kind: "broadcastData", excludedList: [], payloads });
      sent += 1;
      await good.next();
      await server.settled();
    }
    const closed = await server.next("closeConnection");
    expect(closed).toMatchObject({ connectionId, errorMessage: expect.stringContaining("reads too slowly") });
    expect(small.hubs()[0]?.clients).toBe(1);
    deaf.destroy();
  });

  test("is dropped when too much is held back for its handshake", async () => {
    await using small = await startEmulator({ port: 0, clientSendBufferBytes: 1000 });
    const server = await ScriptedServer.connect(small, { answers: false });
    const client = await RawClient.connect(small, { shakesHands: false });
    client.send(JSON_HANDSHAKE);
    await server.next("openConnection");
    for (let n = 0; n < 3; n += 1) {
      server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ text: "x".repeat(1000) }) });
    }
    expect((await server.next("closeConnection")).errorMessage).toContain("reads too slowly");
    expect(await client.closed).toBe(1006);
  });
});

/** A client that shakes hands over a bare TCP socket and then never reads. */
async function openDeafClient(target: Emulator, clock?: ManualClock): Promise<Socket> {
  const token = await tokensOf(target, "server-a", clock).clientToken("chat", []);
  const url = new URL(clientUrl(endpointOf(target), "chat"));
  const socket = connect(target.port, "127.0.0.1");
  const mask = Buffer.alloc(4);
  const hello = Buffer.from(JSON_HANDSHAKE);
  socket.on("error", () => {});
  socket.write(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | hello.length]), mask, hello]));
  socket.pause();
  return socket;
}
