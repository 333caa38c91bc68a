import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventClient, HttpClient, openPolling } from "../../test/support/emulator-http-clients.js";
import {
  JSON_HANDSHAKE,
  jsonPayload,
  RawClient,
  RECORD_END,
  refusedStatus,
  ScriptedServer,
} from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { DataMessageType, type WireClaim } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

const MEBIBYTE = 1024 * 1024;
const EVENTS = { Accept: "text/event-stream" };
const PING = `{"type":6}${RECORD_END}`;

let emulator: Emulator;
let server: ScriptedServer;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  server = await ScriptedServer.connect(emulator);
});

afterEach(() => emulator.stop());

/** A connection of each kind, with what belongs to it. */
async function openEach() {
  const events = await EventClient.open(emulator);
  const polling = await openPolling(emulator);
  const negotiated = await HttpClient.negotiate(emulator);
  const webSocket = await RawClient.connect(emulator, { query: `id=${negotiated.id}` });
  return { events: events.http, polling, webSocket: negotiated, close: () => webSocket.close() };
}

describe("answers by status", () => {
  test("without an id there is no connection", async () => {
    const client = await HttpClient.negotiate(emulator);
    const asks = [{}, { headers: EVENTS }, { method: "POST", body: "x" }, { method: "DELETE" }];
    for (const ask of asks) {
      expect(await client.ask(ask, "")).toMatchObject({ status: 400, body: "Connection ID required" });
    }
  });

  test("an unknown id is not found", async () => {
    const client = await HttpClient.negotiate(emulator);
    const asks = [{}, { headers: EVENTS }, { method: "POST", body: "x" }, { method: "DELETE" }];
    for (const ask of asks) {
      expect(await client.ask(ask, "unknown")).toMatchObject({ status: 404, body: "No Connection with that ID" });
    }
  });

  test("the transport cannot be changed", async () => {
    const { events, polling, webSocket } = await openEach();
    const changes = [
      events.ask(),
      webSocket.ask(),
      polling.ask({ headers: EVENTS }),
      webSocket.ask({ headers: EVENTS }),
    ];
    for (const answer of await Promise.all(changes)) {
      expect(answer).toMatchObject({ status: 400, body: "Cannot change transports mid-connection" });
    }
    for (const client of [events, polling]) {
      const url = `${client.url}&id=${client.id}`;
      expect(await refusedStatus(url, { Authorization: `Bearer ${client.token}` })).toBe(400);
    }
  });

  test("a second stream on the same connection is a conflict", async () => {
    const { events, webSocket } = await openEach();
    expect((await events.ask({ headers: EVENTS })).status).toBe(409);
    const url = `${webSocket.url}&id=${webSocket.id}`;
    expect(await refusedStatus(url, { Authorization: `Bearer ${webSocket.token}` })).toBe(409);
  });

  test("nothing is posted to a websocket", async () => {
    const { webSocket } = await openEach();
    expect(await webSocket.send(PING)).toMatchObject({
      status: 405,
      body: "POST requests are not allowed for WebSocket connections.",
    });
  });

  test("only long polling is deleted", async () => {
    const { events, polling, webSocket } = await openEach();
    for (const client of [events, webSocket]) {
      expect(await client.ask({ method: "DELETE" })).toMatchObject({
        status: 400,
        body: "Cannot terminate this connection using the DELETE endpoint.",
      });
    }
    expect(await polling.ask({ method: "DELETE" })).toMatchObject({ status: 202, body: "" });
    expect((await server.next("closeConnection")).connectionId).toBe(polling.connectionId);
    for (const ask of [{}, { method: "POST", body: "x" }, { method: "DELETE" }]) {
      expect((await polling.ask(ask)).status).toBe(404);
    }
  });

  test("a transport that the token forbids is not found", async () => {
    const only = (mask: string): WireClaim[] => [["asrs.s.htt", mask]];
    const client = await HttpClient.negotiate(emulator, { claims: only("1") });
    expect(await client.ask()).toMatchObject({
      status: 404,
      body: "LongPolling transport not supported by this end point type",
    });
    expect(await client.ask({ headers: EVENTS })).toMatchObject({
      status: 404,
      body: "ServerSentEvents transport not supported by this end point type",
    });
    const other = await HttpClient.negotiate(emulator, { claims: only("6") });
    const url = `${other.url}&id=${other.id}`;
    expect(await refusedStatus(url, { Authorization: `Bearer ${other.token}` })).toBe(404);
    // Nothing of this has used up the ids.
    expect((await other.ask()).status).toBe(200);
  });

  test("other methods are not allowed", async () => {
    const client = await openPolling(emulator);
    const answer = await client.ask({ method: "PUT", body: "x" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST, DELETE"]);
  });

  test("every request needs a token, which may be in the query", async () => {
    const client = await openPolling(emulator);
    const url = `${client.url}&id=${client.id}`;
    for (const method of ["GET", "POST", "DELETE"]) {
      expect((await fetch(url, { method })).status).toBe(401);
      expect((await fetch(url, { method, headers: { Authorization: "Bearer bad" } })).status).toBe(401);
    }
    const body = await fetch(`${url}&access_token=${client.token}`, { method: "POST", body: PING });
    expect(body.status).toBe(200);
  });

  test("an id belongs to its hub", async () => {
    await ScriptedServer.connect(emulator, { hub: "other" });
    const chat = await openPolling(emulator);
    const other = await HttpClient.negotiate(emulator, { hub: "other" });
    expect((await other.ask({}, chat.id)).status).toBe(404);
    expect((await other.ask({ method: "POST", body: PING }, chat.id)).status).toBe(404);
  });

  test("pages of other origins may use them with credentials", async () => {
    const client = await HttpClient.negotiate(emulator);
    const Origin = "http://localhost:3000";
    const asked = {
      Origin,
      "Access-Control-Request-Method": "DELETE",
      "Access-Control-Request-Headers": "authorization",
    };
    const preflight = await fetch(client.url, { method: "OPTIONS", headers: asked });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "DELETE"]);
    const poll = await client.ask({ headers: { Origin } });
    const post = await client.ask({ method: "POST", body: JSON_HANDSHAKE, headers: { Origin } });
    for (const { headers } of [poll, post]) {
      expect(headers.get("access-control-allow-origin")).toBe(Origin);
      expect(headers.get("access-control-allow-credentials")).toBe("true");
    }
  });
});

describe("server-sent events", () => {
  test("bring what the server sends, and take what the client posts", async () => {
    const [client, opened] = await Promise.all([EventClient.open(emulator), server.next("openConnection")]);
    expect(opened.connectionId).toBe(client.http.connectionId);
    expect(client.headers.get("content-type")).toBe("text/event-stream");
    expect(client.headers.get("cache-control")).toBe("no-cache,no-store");
    expect(emulator.clients()).toMatchObject([{ transport: "ServerSentEvents", protocol: "json" }]);
    for (let n = 0; n < 3; n += 1) {
      server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n }) });
    }
    for (let n = 0; n < 3; n += 1) expect(await client.next()).toBe(`{"n":${n}}${RECORD_END}`);
    expect(await client.http.send(PING)).toMatchObject({ status: 200, body: "" });
    await server.next("connectionData", ({ payload }) => payload.toString() === PING);
  });

  test("carry lines of their own", async () => {
    const [client, { connectionId }] = await Promise.all([EventClient.open(emulator), server.next("openConnection")]);
    server.data(connectionId, `{"a":\n1,\r\n"b":2}${RECORD_END}`);
    expect(await client.nextBlock()).toBe(`data: {"a":\r\ndata: 1,\r\ndata: "b":2}${RECORD_END}`);
  });

  test("cannot carry MessagePack", async () => {
    const client = await EventClient.open(emulator, { shakesHands: false });
    await client.http.send(`{"protocol":"messagepack","version":1}${RECORD_END}`);
    expect(await client.next()).toBe(
      `{"error":"Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format."}${RECORD_END}`,
    );
    expect(await client.next()).toBeUndefined();
    await server.settled();
    expect(server.received.some(({ kind }) => kind === "openConnection")).toBe(false);
  });

  test("end with a Close message, then with the stream", async () => {
    const [client, { connectionId }] = await Promise.all([EventClient.open(emulator), server.next("openConnection")]);
    server.data(connectionId, PING);
    server.send({ kind: "closeConnection", connectionId, errorMessage: null, headers: [] });
    expect(await client.next()).toBe(PING);
    expect(await client.next()).toBe(`{"type":7}${RECORD_END}`);
    expect(await client.next()).toBeUndefined();
    await expect.poll(async () => (await client.http.send(PING)).status).toBe(404);
  });

  test("tell the server when the client goes away", async () => {
    const [client, { connectionId }] = await Promise.all([EventClient.open(emulator), server.next("openConnection")]);
    await client.leave();
    expect(await server.next("closeConnection")).toMatchObject({ connectionId, errorMessage: "" });
    expect(emulator.clients()).toEqual([]);
  });

  test("can be cut", async () => {
    const client = await EventClient.open(emulator);
    emulator.dropClients();
    await expect(client.next()).rejects.toThrow();
    await server.next("closeConnection");
  });

  test("drop a client that reads too slowly", async () => {
    await using small = await startEmulator({ port: 0, clientSendBufferBytes: 1_000_000 });
    const own = await ScriptedServer.connect(small);
    const http = await HttpClient.negotiate(small);
    const socket = connect(small.port, "127.0.0.1");
    socket.on("error", () => {});
    const target = new URL(http.url);
    socket.write(
      `GET ${target.pathname}${target.search}&id=${http.id} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n` +
        `Authorization: Bearer ${http.token}\r\n\r\n`,
    );
    socket.pause();
    await expect.poll(async () => (await http.send(JSON_HANDSHAKE)).status).toBe(200);
    await own.next("openConnection");
    const payloads = jsonPayload({ text: "x".repeat(500_000) });
    for (let sent = 0; sent < 200 && !own.received.some(({ kind }) => kind === "closeConnection"); sent += 1) {
      own.send({ kind: "broadcastData", excludedList: [], payloads });
      await own.settled();
    }
    expect((await own.next("closeConnection")).errorMessage).toContain("reads too slowly");
    socket.destroy();
  });
});

describe("long polling", () => {
  test("answers the first poll at once, later ones when there is something", async () => {
    const client = await openPolling(emulator, { shakesHands: false });
    const waiting = client.ask();
    await client.send(JSON_HANDSHAKE);
    const answer = await waiting;
    expect(answer).toMatchObject({ status: 200, body: `{}${RECORD_END}` });
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect((await server.next("openConnection")).connectionId).toBe(client.connectionId);
    expect(emulator.clients()).toMatchObject([{ transport: "LongPolling" }]);
  });

  test("keeps what comes between two polls, in order", async () => {
    const client = await openPolling(emulator);
    for (let n = 0; n < 3; n += 1) {
      server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n }) });
    }
    await server.settled();
    expect((await client.ask()).body).toBe([0, 1, 2].map((n) => `{"n":${n}}${RECORD_END}`).join(""));
  });

  test("carries MessagePack", async () => {
    const own = await ScriptedServer.connect(emulator, { hub: "pack", answers: false });
    const client = await openPolling(emulator, { hub: "pack", shakesHands: false });
    await client.send(`{"protocol":"messagepack","version":1}${RECORD_END}`);
    const { connectionId, ext } = await own.next("openConnection");
    expect(ext?.protocol).toBe("messagepack");
    own.data(connectionId, `{}${RECORD_END}`, DataMessageType.Handshake);
    await own.settled();
    expect((await client.ask()).body).toBe(`{}${RECORD_END}`);
    own.data(connectionId, Buffer.from("029106ff", "hex"));
    const poll = await client.fetch();
    expect(Buffer.from(await poll.arrayBuffer()).toString("hex")).toBe("029106ff");
    await client.send(Buffer.from("029106", "hex"));
    await own.next("connectionData", ({ payload }) => Buffer.from(payload).equals(Buffer.from("029106", "hex")));
  });

  test("ends the older of two polls", async () => {
    const client = await openPolling(emulator);
    const polls: Array<Promise<{ status: number }>> = [];
    for (let count = 0; count < 20; count += 1) polls.push(client.ask());
    // All but the last to arrive are answered without anything having been sent.
    await expect.poll(async () => (await settledOf(polls)).length).toBe(19);
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    const statuses = (await Promise.all(polls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(19);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  test("is told of the end by the poll after the last data", async () => {
    const client = await openPolling(emulator);
    const { connectionId } = await server.next("openConnection");
    const waiting = await client.holdPoll();
    server.send({ kind: "closeConnection", connectionId, errorMessage: null, headers: [] });
    expect((await waiting.answer).body).toBe(`{"type":7}${RECORD_END}`);
    expect((await client.send(PING)).status).toBe(404);
    expect((await client.ask()).status).toBe(204);
    expect((await client.ask()).status).toBe(404);
  });

  test("ends its poll when the client deletes the connection", async () => {
    const client = await openPolling(emulator);
    const waiting = await client.holdPoll();
    expect((await client.ask({ method: "DELETE" })).status).toBe(202);
    expect((await waiting.answer).status).toBe(204);
  });

  test("can be cut", async () => {
    const client = await openPolling(emulator);
    const waiting = await client.holdPoll();
    expect(emulator.dropClient(client.connectionId)).toBe(true);
    await expect(waiting.answer).rejects.toThrow();
    expect((await client.ask()).status).toBe(404);
  });

  test("drops a client for which too much waits", async () => {
    await using small = await startEmulator({ port: 0, clientSendBufferBytes: 1000 });
    const own = await ScriptedServer.connect(small);
    const client = await openPolling(small);
    for (let n = 0; n < 3; n += 1) {
      own.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ text: "x".repeat(1000) }) });
    }
    expect((await own.next("closeConnection")).errorMessage).toContain("reads too slowly");
    expect((await client.ask()).status).toBe(404);
  });
});

describe("time", () => {
  const clock = new ManualClock(Date.now());
  let timed: Emulator;
  let own: ScriptedServer;

  beforeEach(async () => {
    timed = await startEmulator({ port: 0, clock });
    own = await ScriptedServer.connect(timed, { clock });
  });

  afterEach(async () => {
    await timed.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("answers a poll with nothing after 90 seconds", async () => {
    const client = await openPolling(timed, { clock });
    const waiting = await client.holdPoll();
    // The server is heard meanwhile, or it would be given up.
    for (let passed = 0; passed < 90; passed += 15) {
      await own.settled();
      clock.advance(15_000);
    }
    expect(await waiting.answer).toMatchObject({ status: 200, body: "" });
    expect(timed.clients()).toHaveLength(1);
  });

  test.each([
    ["5 seconds unless told otherwise", [], 5000],
    ["as long as its token says", [["asrs.s.ttl", "20"]] as WireClaim[], 20_000],
  ])("drops a client that does not poll for %s", async (_how, claims, limitMs) => {
    const client = await openPolling(timed, { clock, claims });
    // The pause begins when the answer was written; the other timer is the emulator's own heartbeat.
    await expect.poll(() => clock.pendingTimers).toBe(2);
    clock.advance(limitMs - 1);
    await own.settled();
    expect(timed.clients()).toHaveLength(1);
    clock.advance(1);
    expect(await own.next("closeConnection")).toMatchObject({ connectionId: client.connectionId, errorMessage: "" });
    expect((await client.ask()).status).toBe(404);
  });

  test("forgets a connection that never got a transport", async () => {
    const client = await HttpClient.negotiate(timed, { clock });
    clock.advance(15_000);
    expect((await client.ask()).status).toBe(404);
  });

  test("closes clients whose authentication expires, who may come back", async () => {
    const claims: WireClaim[] = [
      ["asrs.s.coae", "true"],
      ["asrs.s.aeo", String(Math.floor(clock.unixTime() / 1000) + 4)],
    ];
    const events = await EventClient.open(timed, { clock, claims });
    const polling = await openPolling(timed, { clock, claims });
    const waiting = await polling.holdPoll();
    clock.advance(4000);
    const close = `{"type":7,"allowReconnect":true}${RECORD_END}`;
    expect([await events.next(), (await waiting.answer).body]).toEqual([close, close]);
    expect(await events.next()).toBeUndefined();
    expect((await polling.ask()).status).toBe(204);
    for (const _client of [events, polling]) {
      expect((await own.next("closeConnection")).errorMessage).toContain("expired");
    }
  });

  test("lets a connection live on after its token has expired, and opens no new one with it", async () => {
    const client = await openPolling(timed, { clock, claims: [["asrs.s.ttl", "300"]] });
    const late = await HttpClient.negotiate(timed, { clock });
    for (let minutes = 0; minutes < 61; minutes += 1) {
      await own.settled();
      const waiting = await client.holdPoll();
      clock.advance(30_000);
      await own.settled();
      clock.advance(30_000);
      own.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: minutes }) });
      expect((await waiting.answer).status).toBe(200);
    }
    expect((await client.send(PING)).status).toBe(200);
    expect((await late.ask()).status).toBe(401);
  });

  test("does not wait for ever for a handshake", async () => {
    const client = await EventClient.open(timed, { clock, shakesHands: false });
    clock.advance(15_000);
    expect(await client.next()).toBe(`{"error":"Handshake was canceled."}${RECORD_END}`);
    expect(await client.next()).toBeUndefined();
  });
});

describe("abuse", () => {
  test("a body of more than 1 MiB is refused, and the connection lives on", async () => {
    const client = await openPolling(emulator);
    expect((await client.send("x".repeat(MEBIBYTE + 1))).status).toBe(413);
    const chunked = new ReadableStream({
      start(controller) {
        for (let count = 0; count < 3; count += 1) controller.enqueue(Buffer.alloc(MEBIBYTE / 2, "x"));
        controller.close();
      },
    });
    const init = {
      method: "POST",
      body: chunked,
      duplex: "half",
      headers: { Authorization: `Bearer ${client.token}` },
    };
    expect((await fetch(`${client.url}&id=${client.id}`, init as RequestInit)).status).toBe(413);
    const largest = "y".repeat(MEBIBYTE);
    expect((await client.send(largest)).status).toBe(200);
    const data = await server.next("connectionData", ({ payload }) => payload.length > 1000);
    expect(data.payload.toString()).toBe(largest);
  });

  test("a body that is no handshake is answered by the service", async () => {
    for (const garbage of [Buffer.from([0, 255, 0x1e]), Buffer.from(`hello${RECORD_END}`)]) {
      const client = await openPolling(emulator, { shakesHands: false });
      expect((await client.send(garbage)).status).toBe(200);
      expect((await client.ask()).body).toBe(
        `{"error":"An unexpected error occurred during connection handshake."}${RECORD_END}`,
      );
      expect((await client.ask()).status).toBe(204);
    }
  });

  test("posts arrive in the order of their requests, and too many at once are refused", async () => {
    const client = await openPolling(emulator);
    // A slow body holds up all behind it.
    let finish = (): void => {};
    const slow = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("first "));
        finish = () => {
          controller.enqueue(Buffer.from("body"));
          controller.close();
        };
      },
    });
    const init = { method: "POST", body: slow, duplex: "half", headers: { Authorization: `Bearer ${client.token}` } };
    const first = fetch(`${client.url}&id=${client.id}`, init as RequestInit);
    await server.settled();
    const others = Array.from({ length: 80 }, (_item, n) => client.send(`post ${n}`));
    await expect.poll(async () => (await settledOf(others)).length).toBe(16);
    finish();
    expect((await first).status).toBe(200);
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(64);
    expect(statuses.filter((status) => status === 429)).toHaveLength(16);
    await server.settled();
    const bodies = server.received.flatMap((message) =>
      message.kind === "connectionData" ? [message.payload.toString()] : [],
    );
    expect(bodies[1]).toBe("first body");
  });

  test("a request that is cut in its body does no harm", async () => {
    const client = await openPolling(emulator);
    const target = new URL(`${client.url}&id=${client.id}`);
    const socket = connect(emulator.port, "127.0.0.1");
    socket.on("error", () => {});
    await new Promise<void>((resolve) => {
      socket.write(
        `POST ${target.pathname}${target.search} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n` +
          `Authorization: Bearer ${client.token}\r\n\r\nhalf`,
        () => resolve(),
      );
    });
    const behind = client.send(PING);
    await server.settled();
    socket.destroy();
    expect((await behind).status).toBe(200);
    await server.settled();
    const bodies = server.received.flatMap((message) =>
      message.kind === "connectionData" ? [message.payload.toString()] : [],
    );
    expect(bodies).toEqual([JSON_HANDSHAKE, PING]);
  });

  test("a client that leaves its poll and never comes back is dropped", async () => {
    const client = await openPolling(emulator, { claims: [["asrs.s.ttl", "1"]] });
    const leaving = new AbortController();
    const polls = [client.ask({ signal: leaving.signal }), client.ask({ signal: leaving.signal })];
    await Promise.race(polls);
    leaving.abort();
    await Promise.allSettled(polls);
    expect((await server.next("closeConnection")).connectionId).toBe(client.connectionId);
  });
});

test("stopping says good-bye on all transports, and is quick", async () => {
  const events = await EventClient.open(emulator);
  const polling = await openPolling(emulator);
  const idle = await openPolling(emulator);
  const waiting = await polling.holdPoll();
  const startedAt = performance.now();
  await emulator.stop();
  expect(performance.now() - startedAt).toBeLessThan(450);
  const close = `{"type":7,"error":"The emulator stops.","allowReconnect":true}${RECORD_END}`;
  expect([await events.next(), (await waiting.answer).body]).toEqual([close, close]);
  expect(await events.next()).toBeUndefined();
  await expect(idle.ask()).rejects.toThrow();
});

/** What has settled by now. */
async function settledOf(promises: ReadonlyArray<Promise<unknown>>): Promise<unknown[]> {
  const pending = Symbol("pending");
  const states = await Promise.all(promises.map((promise) => Promise.race([promise, Promise.resolve(pending)])));
  return states.filter((state) => state !== pending);
}
