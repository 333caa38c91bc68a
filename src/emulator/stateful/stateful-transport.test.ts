import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { HttpClient } from "../../../test/support/emulator-http-clients.js";
import {
  endpointOf,
  jsonPayload,
  RawClient,
  RECORD_END,
  refusedStatus,
  ScriptedServer,
  tokensOf,
} from "../../../test/support/emulator-peers.js";
import { ManualClock } from "../../../test/support/manual-clock.js";
import { clientUrl } from "../../auth/service-urls.js";
import { type Emulator, startEmulator } from "../index.js";

let emulator: Emulator;
let clock: ManualClock;
let server: ScriptedServer;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  emulator = await startEmulator({ port: 0, clock });
  server = await ScriptedServer.connect(emulator, { clock, allowStatefulReconnects: true });
});

afterEach(async () => {
  await emulator.stop();
  expect(clock.pendingTimers).toBe(0);
});

const record = (message: object) => JSON.stringify(message) + RECORD_END;
const call = (n: number) => record({ type: 1, target: "m", arguments: [n] });
const sequence = (sequenceId: number) => record({ type: 9, sequenceId });
const ack = (sequenceId: number) => record({ type: 8, sequenceId });
const hello = (version: number) => record({ protocol: "json", version });
const QUERY = "useStatefulReconnect=true";

async function openSocket({ url, id, token }: HttpClient): Promise<RawClient> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}&id=${id}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const client = new RawClient(socket);
  await once(socket, "open");
  return client;
}

/** A client that has negotiated for it and shaken hands. */
async function connect(version = 2) {
  const negotiated = await HttpClient.negotiate(emulator, { clock, query: QUERY });
  const client = await openSocket(negotiated);
  client.send(hello(version));
  expect(await client.next()).toBe(`{}${RECORD_END}`);
  await server.next("connectionData");
  return { negotiated, client, connectionId: negotiated.connectionId };
}

/** The client's next socket, when the old one has broken. */
async function comeBack(negotiated: HttpClient, client: RawClient, sequenceId: number): Promise<RawClient> {
  client.socket.terminate();
  await client.closed;
  const next = await openSocket(negotiated);
  next.send(sequence(sequenceId));
  return next;
}

const received = (of: ScriptedServer = server) =>
  of.received.flatMap((message) => (message.kind === "connectionData" ? [message.payload.toString()] : [])).slice(1);

const broadcast = (n: number) =>
  server.send({
    kind: "broadcastData",
    excludedList: [],
    payloads: jsonPayload({ type: 1, target: "n", arguments: [n] }),
  });
const news = (n: number) => record({ type: 1, target: "n", arguments: [n] });

describe("stateful reconnect", () => {
  test("is offered to who asks for it, if the hub's server allows it", async () => {
    await ScriptedServer.connect(emulator, { clock, hub: "plain" });
    const ask = async (hub: string, query: string) => {
      const token = await tokensOf(emulator, "server-a", clock).clientToken(hub, []);
      const url = clientUrl(endpointOf(emulator), hub).replace("/client/?", "/client/negotiate?");
      const init = { method: "POST", headers: { Authorization: `Bearer ${token}` } };
      return (await (await fetch(`${url}&${query}`, init)).json()) as { useStatefulReconnect?: boolean };
    };
    const offers = await Promise.all([
      ask("chat", `negotiateVersion=1&${QUERY}`),
      ask("chat", "negotiateVersion=1"),
      ask("chat", `negotiateVersion=0&${QUERY}`),
      ask("plain", `negotiateVersion=1&${QUERY}`),
    ]);
    expect(offers.map(({ useStatefulReconnect }) => useStatefulReconnect)).toEqual([
      true,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("sends again what was not acknowledged, and tells the server", async () => {
    const { negotiated, client, connectionId } = await connect();
    for (const n of [1, 2]) broadcast(n);
    expect([await client.next(), await client.next()]).toEqual([news(1), news(2)]);
    client.send(ack(1));
    client.send(call(1));
    await server.next("connectionData", ({ payload }) => payload.toString() === call(1));
    client.socket.terminate();
    await client.closed;
    server.data(connectionId, record({ type: 6 }));
    for (const n of [3, 4]) broadcast(n);
    await server.settled();
    const next = await openSocket(negotiated);
    expect([await next.next(), await next.next(), await next.next(), await next.next()]).toEqual([
      sequence(2),
      news(2),
      news(3),
      news(4),
    ]);
    expect((await server.next("connectionReconnect")).connectionId).toBe(connectionId);
    // Before it has said where it begins, nothing of the client counts.
    next.send(call(99));
    for (const message of [sequence(1), call(1), call(2)]) next.send(message);
    await expect.poll(() => received()).toEqual([call(1), call(2)]);
    broadcast(5);
    expect(await next.next()).toBe(news(5));
    expect(server.received.some(({ kind }) => kind === "closeConnection")).toBe(false);
  });

  test("acknowledges what the client sends, a second later and once", async () => {
    const { client } = await connect();
    for (const n of [1, 2, 3]) client.send(call(n));
    client.send(record({ type: 6 }));
    await expect.poll(() => received()).toHaveLength(4);
    clock.advance(999);
    await server.settled();
    expect(client.received).toHaveLength(1);
    clock.advance(1);
    expect(await client.next()).toBe(ack(3));
    expect(client.received).toHaveLength(2);
  });

  test("drops the first half of a message whose second half was lost with the connection", async () => {
    const { negotiated, client } = await connect();
    client.send(call(1).slice(0, 10));
    await server.settled();
    const next = await comeBack(negotiated, client, 1);
    next.send(call(1).slice(0, 20));
    next.send(call(1).slice(20) + call(2));
    await expect.poll(() => received()).toEqual([call(1), call(2)]);
  });

  test("takes a client back before its old connection is known to be broken", async () => {
    const { negotiated, client } = await connect();
    const next = await openSocket(negotiated);
    expect(await client.closed).toBe(1006);
    expect(await next.next()).toBe(sequence(1));
    next.send(sequence(1) + call(1));
    await expect.poll(() => received()).toEqual([call(1)]);
  });

  test("counts messages that share a frame with the handshake's answer, or cross frames", async () => {
    server = await ScriptedServer.connect(emulator, {
      clock,
      serverId: "old",
      hub: "old",
      answers: false,
      isOld: true,
      allowStatefulReconnects: true,
    });
    const negotiated = await HttpClient.negotiate(emulator, { clock, hub: "old", query: QUERY });
    const client = await openSocket(negotiated);
    client.send(hello(2));
    const { connectionId } = await server.next("openConnection");
    server.data(connectionId, `{}${RECORD_END}${news(1)}`);
    server.data(connectionId, news(2).slice(0, 9));
    await server.settled();
    client.socket.terminate();
    await client.closed;
    server.data(connectionId, news(2).slice(9));
    await server.settled();
    const next = await openSocket(negotiated);
    await expect.poll(() => next.received.join("")).toBe(sequence(1) + news(1) + news(2));
  });

  test("ends with a reason when there is a gap", async () => {
    const { negotiated, client, connectionId } = await connect();
    client.send(call(1));
    await expect.poll(() => received()).toHaveLength(1);
    const next = await comeBack(negotiated, client, 3);
    await expect.poll(() => next.received.at(-1)).toContain("Sequence ID greater than amount of messages");
    expect(await next.closed).toBe(1000);
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });
});

describe("a client that is away", () => {
  async function away() {
    const connected = await connect();
    connected.client.socket.terminate();
    await connected.client.closed;
    // Its absence has begun when the second timer runs; the first is the emulator's own.
    await expect.poll(() => clock.pendingTimers).toBe(2);
    const { url, id, token } = connected.negotiated;
    const knock = () => refusedStatus(`${url}&id=${id}`, { Authorization: `Bearer ${token}` });
    return { ...connected, knock };
  }

  test("for too long is gone", async () => {
    const { connectionId, knock } = await away();
    clock.advance(14_999);
    await server.settled();
    expect(emulator.clients()).toHaveLength(1);
    clock.advance(1);
    expect(await server.next("closeConnection")).toMatchObject({ connectionId, errorMessage: "" });
    expect(await knock()).toBe(404);
  });

  test("cannot come back when its server has ended it meanwhile", async () => {
    const { connectionId, knock } = await away();
    server.send({ kind: "closeConnection", connectionId, errorMessage: "", headers: [] });
    await server.settled();
    expect(await knock()).toBe(404);
    expect(server.received.some(({ kind }) => kind === "closeConnection")).toBe(false);
  });

  test("does not keep the emulator from stopping", async () => {
    await away();
    await emulator.stop();
    expect(emulator.clients()).toEqual([]);
  });
});

describe("there is no coming back", () => {
  test("for a client that closed its websocket in order", async () => {
    const { client, connectionId } = await connect();
    client.socket.close(1000);
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });

  test("for a client that said good-bye", async () => {
    const { client, connectionId } = await connect();
    client.send(record({ type: 7 }));
    await expect.poll(() => received()).toEqual([record({ type: 7 })]);
    client.socket.terminate();
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });

  test("for a client whose handshake says that it cannot count", async () => {
    const { negotiated, client, connectionId } = await connect(1);
    const { url, id, token } = negotiated;
    expect(await refusedStatus(`${url}&id=${id}`, { Authorization: `Bearer ${token}` })).toBe(409);
    client.send(ack(1));
    await expect.poll(() => received()).toEqual([ack(1)]);
    client.socket.terminate();
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });

  test("for a client that sends what is no message, which its server gets to judge", async () => {
    const { client, connectionId } = await connect();
    client.send(record({ type: 8, sequenceId: "x" }));
    await expect.poll(() => received()).toEqual([record({ type: 8, sequenceId: "x" })]);
    client.socket.terminate();
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });
});
