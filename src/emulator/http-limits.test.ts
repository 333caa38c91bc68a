import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventClient, HttpClient, openPolling } from "../../test/support/emulator-http-clients.js";
import { JSON_HANDSHAKE, jsonPayload, RECORD_END, ScriptedServer } from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

const MEBIBYTE = 1024 * 1024;
const PING = `{"type":6}${RECORD_END}`;

let emulator: Emulator;
let server: ScriptedServer;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  server = await ScriptedServer.connect(emulator);
});

afterEach(() => emulator.stop());

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

describe("slow readers", () => {
  test("of an event stream are dropped when too much waits for them", async () => {
    await using small = await startEmulator({ port: 0, clientSendBufferBytes: 1_000_000 });
    const own = await ScriptedServer.connect(small);
    const socket = await openDeafStream(small);
    await own.next("openConnection");
    const payloads = jsonPayload({ text: "x".repeat(500_000) });
    for (let sent = 0; sent < 200 && !own.received.some(({ kind }) => kind === "closeConnection"); sent += 1) {
      own.send({ kind: "broadcastData", excludedList: [], payloads });
      await own.settled();
    }
    expect((await own.next("closeConnection")).errorMessage).toContain("reads too slowly");
    socket.destroy();
  });

  test("of an event stream are not waited for when the emulator stops", async () => {
    const socket = await openDeafStream(emulator);
    await server.next("openConnection");
    const payloads = jsonPayload({ text: "x".repeat(8_000_000) });
    server.send({ kind: "broadcastData", excludedList: [], payloads });
    await server.settled();
    await emulator.stop();
    expect(emulator.clients()).toEqual([]);
    socket.destroy();
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

/** A client that opens an event stream over a bare TCP socket and then never reads. */
async function openDeafStream(target: Emulator) {
  const http = await HttpClient.negotiate(target);
  const socket = connect(target.port, "127.0.0.1");
  socket.on("error", () => {});
  const { pathname, search } = new URL(http.url);
  socket.write(
    `GET ${pathname}${search}&id=${http.id} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n` +
      `Authorization: Bearer ${http.token}\r\n\r\n`,
  );
  socket.pause();
  await expect.poll(async () => (await http.send(JSON_HANDSHAKE)).status).toBe(200);
  return socket;
}

/** What has settled by now. */
async function settledOf(promises: ReadonlyArray<Promise<unknown>>): Promise<unknown[]> {
  const pending = Symbol("pending");
  const states = await Promise.all(promises.map((promise) => Promise.race([promise, Promise.resolve(pending)])));
  return states.filter((state) => state !== pending);
}
