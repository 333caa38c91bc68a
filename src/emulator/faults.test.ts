import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientToken, HttpClient } from "../../test/support/emulator-http-clients.js";
import {
  connectPair,
  endpointOf,
  jsonPayload,
  RawClient,
  RECORD_END,
  refusedStatus,
  ScriptedServer,
  tokensOf,
} from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { clientUrl, serverUrl } from "../auth/service-urls.js";
import { type Emulator, type PassedMessage, startEmulator } from "./index.js";

let emulator: Emulator;
let server: ScriptedServer;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  server = await ScriptedServer.connect(emulator);
});

afterEach(() => emulator.stop());

const PING = `{"type":6}${RECORD_END}`;

describe("what the emulator holds", () => {
  test("is shown client by client and group by group", async () => {
    const { client, connectionId } = await connectPair(emulator, server, { claims: [["asrs.s.uid", "ann"]] });
    server.send({ kind: "joinGroup", connectionId, groupName: "lobby" });
    await server.settled();
    const shown = {
      connectionId,
      hub: "chat",
      userId: "ann",
      protocol: "json",
      transport: "WebSockets",
      instanceId: emulator.instances()[0]?.id,
      serverId: "server-a",
      groups: ["lobby"],
    };
    expect(emulator.clients()).toEqual([shown]);
    expect(emulator.clients("Chat")).toEqual([shown]);
    expect(emulator.clients("other")).toEqual([]);
    expect(emulator.groups()).toEqual([{ hub: "chat", name: "lobby", connectionIds: [connectionId] }]);
    expect(emulator.groups("other")).toEqual([]);
    await client.close();
    await expect.poll(() => [...emulator.clients(), ...emulator.groups()]).toEqual([]);
  });
});

describe("one connection", () => {
  test("of a client can be cut by its id", async () => {
    const { client, connectionId } = await connectPair(emulator, server);
    const { client: other } = await connectPair(emulator, server);
    expect(emulator.dropClient("nobody")).toBe(false);
    expect(emulator.dropClient(connectionId)).toBe(true);
    expect(await client.closed).toBe(1006);
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
    expect(other.socket.readyState).toBe(other.socket.OPEN);
  });

  test("of a server can be cut by its id", async () => {
    const second = await ScriptedServer.connect(emulator, { connectionId: "cid-2" });
    expect(emulator.hubs()[0]?.servers[0]?.connectionIds).toEqual(["cid-1", "cid-2"]);
    expect(emulator.dropServerConnection("cid-3")).toBe(false);
    expect(emulator.dropServerConnection("cid-2")).toBe(true);
    expect(await second.closed).toBe(1006);
    await server.settled();
    expect(emulator.hubs()[0]?.servers[0]?.connectionIds).toEqual(["cid-1"]);
  });
});

describe("refusals", () => {
  test("meet clients that negotiate or connect, and nobody who is connected", async () => {
    const early = await HttpClient.negotiate(emulator);
    const { client } = await connectPair(emulator, server);
    emulator.refuseClients(429);
    const token = await clientToken(emulator, {});
    const url = clientUrl(endpointOf(emulator), "chat");
    const headers = { Authorization: `Bearer ${token}` };
    const negotiate = await fetch(url.replace("/client/?", "/client/negotiate?"), { method: "POST", headers });
    expect([negotiate.status, await negotiate.text()]).toEqual([429, "The emulator was told to refuse clients."]);
    expect(await refusedStatus(url, headers)).toBe(429);
    expect((await early.ask()).status).toBe(429);
    client.send(PING);
    await server.next("connectionData", ({ payload }) => payload.toString() === PING);
    emulator.refuseClients(undefined);
    expect((await early.ask()).status).toBe(200);
  });

  test("meet servers", async () => {
    emulator.refuseServers(503);
    const token = await tokensOf(emulator).serverToken("chat");
    const url = serverUrl(endpointOf(emulator), "chat", { connectionId: "cid-9" });
    expect(await refusedStatus(url, { Authorization: `Bearer ${token}` })).toBe(503);
    emulator.refuseServers(undefined);
    await ScriptedServer.connect(emulator, { connectionId: "cid-9" });
  });

  test.each([200, 600, 404.5, Number.NaN])("have a status that refuses, not %s", (status) => {
    expect(() => emulator.refuseClients(status)).toThrow("HTTP status from 400 to 599");
    expect(() => emulator.refuseServers(status)).toThrow("HTTP status from 400 to 599");
  });
});

describe("lost acks", () => {
  test("are as many as were asked for, and what they would confirm is done", async () => {
    const { connectionId } = await connectPair(emulator, server);
    emulator.loseAcks(2);
    for (const ackId of [1, 2, 3]) {
      server.send({ kind: "joinGroupWithAck", connectionId, groupName: `group ${ackId}`, ackId });
    }
    expect((await server.next("ack")).ackId).toBe(3);
    expect(emulator.groups()).toHaveLength(3);
    expect(server.received.filter(({ kind }) => kind === "ack")).toHaveLength(1);
    expect(() => emulator.loseAcks(-1)).toThrow("0 or more");
  });
});

describe("latency", () => {
  test("holds back what passes, each way, in order", async () => {
    const clock = new ManualClock(Date.now());
    await using slow = await startEmulator({ port: 0, clock });
    const own = await ScriptedServer.connect(slow, { clock });
    const { client, connectionId } = await connectPair(slow, own, { clock });
    slow.setLatency(1000);
    client.send(`one${RECORD_END}`);
    await expect.poll(() => clock.pendingTimers).toBe(2);
    slow.setLatency(0);
    client.send(`two${RECORD_END}`);
    own.data(connectionId, `late${RECORD_END}`);
    await expect.poll(() => client.received.at(-1)).toBe(`late${RECORD_END}`);
    expect(own.received.filter(({ kind }) => kind === "connectionData")).toHaveLength(1);
    clock.advance(1000);
    await own.settled();
    const data = own.received.flatMap((message) =>
      message.kind === "connectionData" ? [message.payload.toString()] : [],
    );
    expect(data.slice(1)).toEqual([`one${RECORD_END}`, `two${RECORD_END}`]);

    slow.setLatency(500);
    own.data(connectionId, `three${RECORD_END}`);
    await expect.poll(() => clock.pendingTimers).toBe(2);
    clock.advance(499);
    expect(client.received.at(-1)).toBe(`late${RECORD_END}`);
    clock.advance(1);
    await expect.poll(() => client.received.at(-1)).toBe(`three${RECORD_END}`);
    await slow.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("has a limit", () => {
    for (const milliseconds of [-1, 60_001, Number.NaN]) {
      expect(() => emulator.setLatency(milliseconds)).toThrow("from 0 to 60000 milliseconds");
    }
  });
});

describe("pings on purpose", () => {
  test("a lost instance cuts its clients, and their server hears of it at once", async () => {
    const { client } = await connectPair(emulator, server);
    emulator.loseInstance();
    expect(await client.closed).toBe(1006);
    const ping = await server.next("ping", ({ messages }) => messages[0] === "offline");
    expect(ping.messages[1]).toMatch(/^emulator-/);
    await server.settled();
    expect(server.received.some(({ kind }) => kind === "closeConnection")).toBe(false);
    expect(emulator.clients()).toEqual([]);
    // Who comes back is a new client.
    await connectPair(emulator, server);
  });

  test("rebalancing asks each server once", async () => {
    const same = await ScriptedServer.connect(emulator, { connectionId: "cid-2" });
    const other = await ScriptedServer.connect(emulator, { serverId: "server-b", hub: "other" });
    emulator.rebalance();
    await other.next("ping", ({ messages }) => messages[0] === "target");
    await Promise.all([server.settled(), same.settled()]);
    const targets = [...server.received, ...same.received].filter(
      (message) => message.kind === "ping" && message.messages[0] === "target",
    );
    expect(targets).toHaveLength(1);
  });
});

describe("what passes", () => {
  test("can be read, both ways, as copies", async () => {
    const passed = emulator.messages();
    const { connectionId } = await connectPair(emulator, server);
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    const kinds: string[] = [];
    let last: PassedMessage | undefined;
    for await (const each of passed) {
      kinds.push(`${each.direction} ${each.message.kind}`);
      last = each;
      if (each.message.kind === "broadcastData") break;
    }
    expect(kinds).toEqual([
      "toServer openConnection",
      "toServer connectionData",
      "fromServer connectionData",
      "fromServer broadcastData",
    ]);
    expect(last).toMatchObject({ hub: "chat", serverId: "server-a", connectionId: "cid-1" });
    server.data(connectionId, "x".repeat(100_000));
    await server.settled();
    const payloads = last?.message.kind === "broadcastData" ? last.message.payloads : [];
    expect(payloads[0]?.[1].toString()).toBe(`{"n":1}${RECORD_END}`);
  });

  test("is cut down to one hub, and to what a slow reader may keep", async () => {
    const other = await ScriptedServer.connect(emulator, { hub: "other", connectionId: "cid-2" });
    const passed = emulator.messages({ hub: "Other", capacity: 3 });
    for (let n = 0; n < 5; n += 1) {
      server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n }) });
      other.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n }) });
    }
    await Promise.all([server.settled(), other.settled()]);
    // Two broadcasts, the question of `settled` and its answer.
    expect(passed.dropped).toBe(4);
    await emulator.stop();
    const hubs: string[] = [];
    for await (const { hub } of passed) hubs.push(hub);
    expect(hubs).toEqual(["other", "other", "other"]);
  });

  test("ends when it is closed, and with the emulator", async () => {
    const passed = emulator.messages();
    await server.settled();
    passed.close();
    for await (const _each of passed) throw new Error("nothing may be left");
    const waiting = emulator.messages()[Symbol.asyncIterator]().next();
    await emulator.stop();
    expect(await waiting).toEqual({ done: true, value: undefined });
    for await (const _each of emulator.messages()) throw new Error("nothing passes any more");
    expect(() => emulator.messages({ capacity: 0 })).toThrow("whole number of at least 1");
  });

  test("passes also when nobody can keep it", async () => {
    const passed = emulator.messages({ capacity: 1 });
    const client = await RawClient.connect(emulator);
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
    expect(passed.dropped).toBeGreaterThan(0);
  });
});

describe("message tracing", () => {
  test("is asked for on all connections, also on those that come later, and numbers what is about clients", async () => {
    emulator.traceMessages(true);
    expect((await server.next("ping")).messages).toEqual(["d-m", "1"]);
    const later = await ScriptedServer.connect(emulator, { serverId: "later" });
    expect((await later.next("ping")).messages).toEqual(["d-m", "1"]);
    const client = await RawClient.connect(emulator);
    const opened = await server.next("openConnection");
    await client.close();
    const closed = await server.next("closeConnection");
    const ids = server.received.flatMap(({ kind, ...rest }) => ("ext" in rest && rest.ext?.tracingId) || []);
    expect(ids.length).toBe(3);
    expect(ids).toEqual([...ids].sort((one, other) => Number(one - other)));
    expect([opened.ext?.tracingId, closed.ext?.tracingId]).toEqual([ids[0], ids[2]]);
    emulator.traceMessages(false);
    expect((await server.next("ping")).messages).toEqual(["d-m", "0"]);
    await RawClient.connect(emulator);
    expect((await server.next("openConnection")).ext?.tracingId).toBeUndefined();
  });
});

describe("an error of the service", () => {
  test("is told to servers before their connections are closed", async () => {
    emulator.failServerConnections("Maintenance begins.", "CHAT");
    expect((await server.next("serviceError")).errorMessage).toBe("Maintenance begins.");
    expect(await server.closed).toBe(1000);
  });
});
