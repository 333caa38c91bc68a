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
import { DataMessageType, type WireClaim } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

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

/** What has settled by now. */
async function settledOf(promises: ReadonlyArray<Promise<unknown>>): Promise<unknown[]> {
  const pending = Symbol("pending");
  const states = await Promise.all(promises.map((promise) => Promise.race([promise, Promise.resolve(pending)])));
  return states.filter((state) => state !== pending);
}
