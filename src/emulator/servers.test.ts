import { once } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { serverUrl } from "../../src/auth/service-urls.js";
import {
  connectPair,
  endpointOf,
  JSON_HANDSHAKE,
  jsonPayload,
  RawClient,
  RECORD_END,
  refusedStatus,
  ScriptedServer,
  tokensOf,
} from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { encodeMessage } from "../protocol/service/codec.js";
import { ConnectionType, type ServiceMessage, type WireClaim } from "../protocol/service/messages.js";
import { finPing, keepAlivePing, readPing, serversRequestPing, statusRequestPing } from "../protocol/service/pings.js";
import { type Emulator, startEmulator } from "./index.js";

let emulator: Emulator;
let clock: ManualClock;
let probe: RecordingProbe;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  probe = new RecordingProbe();
  emulator = await startEmulator({ port: 0, mode: "default", clock, probe });
});

afterEach(() => emulator.stop());

const server = (serverId: string, options = {}) => ScriptedServer.connect(emulator, { clock, serverId, ...options });
const pair = (of: ScriptedServer, claims: WireClaim[] = []) => connectPair(emulator, of, { clock, claims });
const stickyTo = (serverId: string, mode: string): WireClaim[] => [
  ["asrs.s.sn", serverId],
  ["asrs.s.ssticky", mode],
];
const isData = (message: ServiceMessage, text: string) =>
  message.kind === "connectionData" && message.payload.toString().includes(text);
const isPing = (message: ServiceMessage) => message.kind === "ping";

/** A websocket at the server door that has not shaken hands. */
async function openSocket(): Promise<{ socket: WebSocket; closed: Promise<number>; bytes: () => Buffer }> {
  const token = await tokensOf(emulator, "server-a", clock).serverToken("chat");
  const socket = new WebSocket(serverUrl(endpointOf(emulator), "chat", { connectionId: "cid" }), {
    headers: { Authorization: `Bearer ${token}` },
  });
  const chunks: Buffer[] = [];
  socket.on("message", (data: Buffer) => chunks.push(data));
  const closed = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  return { socket, closed, bytes: () => Buffer.concat(chunks) };
}

describe("the handshake of a server", () => {
  test.each([
    ["the newest form", "97 01 01 00 a0 00 80 c2"],
    ["the form of 2024", "96 01 01 00 a0 00 80"],
    ["a form with five items", "95 01 01 00 a0 00"],
    ["a form with four items", "94 01 01 00 a0"],
    ["the oldest form", "92 01 01"],
  ])("is taken in %s, however it is cut", async (_form, hex) => {
    const { socket, bytes } = await openSocket();
    const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
    for (const byte of [body.length, ...body]) socket.send(Buffer.from([byte]));
    await once(socket, "message");
    expect(bytes()).toEqual(encodeMessage({ kind: "handshakeResponse", errorMessage: "", connectionId: "cid" }));
    socket.terminate();
  });

  test("is refused in words when the version is unknown", async () => {
    const { socket, closed, bytes } = await openSocket();
    socket.send(Buffer.from("03920102", "hex"));
    expect(await closed).toBe(1000);
    expect(bytes().toString("latin1")).toContain("Version 2 of the protocol is not supported");
  });

  test("is refused in words when it is something else", async () => {
    for (const bytesSent of [
      encodeMessage(keepAlivePing()),
      Buffer.from("0191", "hex"),
      Buffer.from("0205c0", "hex"),
    ]) {
      const { socket, closed, bytes } = await openSocket();
      socket.send(bytesSent);
      expect(await closed).toBe(1000);
      expect(bytes().toString("latin1")).toMatch(/handshake/);
    }
  });

  test("has to come in time", async () => {
    const { closed, bytes } = await openSocket();
    clock.advance(15_000);
    expect(await closed).toBe(1000);
    expect(bytes().toString("latin1")).toContain("No handshake came in time");
    expect(emulator.hubs()).toEqual([]);
  });
});

describe("garbage from a server", () => {
  test("ends its connection when the frames cannot be told apart", async () => {
    const connected = await server("server-a");
    connected.socket.send(Buffer.from("ffffffffff", "hex"));
    expect(await connected.closed).toBe(1002);
    expect((await server("server-a")).serverId).toBe("server-a");
  });

  test("is passed over and reported when it is one message", async () => {
    const connected = await server("server-a");
    const garbage = ["0192", "0193", "02c0c0", "03930aff", "0294ff", "019f", "04927fa0a0"];
    connected.socket.send(Buffer.from(garbage.join(""), "hex"));
    await connected.settled();
    expect(probe.records.filter(({ event }) => event === "BadServerMessage").length).toBeGreaterThan(0);
    expect(connected.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("of any kind in well-cut frames leaves the connection as it is", async () => {
    const connected = await server("server-a");
    const { client } = await pair(connected);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.uint8Array({ maxLength: 60 }), (type, rest) => {
        // An array of up to 15 items that begins with a real type, then noise. Left out: pings may shut down, 31 closes all.
        const body = Buffer.from([0x90 | (rest.length % 16), type === 3 || type === 31 ? 4 : type, ...rest]);
        connected.socket.send(Buffer.concat([Buffer.from([body.length]), body]));
      }),
      { numRuns: 2000 },
    );
    await connected.settled();
    connected.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
  });

  test("in the form of messages that only a service sends is ignored", async () => {
    const connected = await server("server-a");
    connected.send(
      { kind: "serviceError", errorMessage: "you" },
      { kind: "connectionReconnect", connectionId: "x" },
      { kind: "handshakeResponse", errorMessage: "", connectionId: null },
      { kind: "connectionFlowControl", connectionId: "x", connectionType: 1, operation: 2 },
      { kind: "connectionData", connectionId: "x", payload: Buffer.from("y") },
      { kind: "ping", messages: ["echo", "never to be sent back"] },
      { kind: "ping", messages: ["shutdown", "nonsense"] },
    );
    await connected.settled();
    expect(connected.received.filter(isPing)).toEqual([]);
    expect(connected.received.map(({ kind }) => kind)).toEqual(["handshakeResponse", "ack"]);
  });
});

describe("pings", () => {
  test("say each 5 seconds that the service is alive, on all connections", async () => {
    const [one, two] = [await server("server-a"), await server("server-b")];
    clock.advance(4999);
    await Promise.all([one.settled(), two.settled()]);
    expect([...one.received, ...two.received].filter(isPing)).toEqual([]);
    clock.advance(1);
    expect((await one.next("ping")).messages).toEqual([]);
    expect((await two.next("ping")).messages).toEqual([]);
    for (const connected of [one, two]) connected.send(keepAlivePing());
    await Promise.all([one.settled(), two.settled()]);
    clock.advance(5000);
    expect((await one.next("ping")).messages).toEqual([]);
  });

  test("of a server that falls silent for 30 seconds are missed, and it is cut", async () => {
    const [silent, lively] = [await server("server-a"), await server("server-b")];
    for (let seconds = 5; seconds <= 30; seconds += 5) {
      clock.advance(5000);
      lively.send({ kind: "ping", messages: ["#clientInHub", "0", "#client", "0"] });
      await lively.settled();
    }
    clock.advance(5000);
    expect(await silent.closed).toBe(1006);
    expect(lively.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("ask for the status of the hub", async () => {
    const connected = await server("server-a");
    const ask = async () => {
      connected.send(statusRequestPing());
      return (await connected.next("ping")).messages;
    };
    expect(await ask()).toEqual(["status", "0", "clientcount", "0", "servercount", "1", "capacity", "100000"]);
    await pair(connected);
    await server("server-b", { hub: "other" });
    expect(await ask()).toEqual(["status", "1", "clientcount", "1", "servercount", "2", "capacity", "100000"]);
  });

  test("ask for the servers of the hub; the answer gets newer", async () => {
    const connected = await server("server-b");
    await server("server-a");
    await server("server-a");
    const ask = async () => {
      connected.send(serversRequestPing());
      const [time, tag] = (readPing((await connected.next("ping")).messages)("servers") ?? "").split(":");
      return { time: Number(time), tag };
    };
    const first = await ask();
    clock.advance(1);
    const second = await ask();
    expect([first.tag, second.tag]).toEqual(["server-a;server-b", "server-a;server-b"]);
    expect(second.time).toBeGreaterThan(first.time);
  });

  test("can be sent by a test", async () => {
    const connected = await server("server-a");
    emulator.pingServers(["target", "emulator-2"], "CHAT");
    expect((await connected.next("ping")).messages).toEqual(["target", "emulator-2"]);
  });
});

describe("a client's server", () => {
  test("is the one with the fewest clients", async () => {
    const [one, two] = [await server("server-a"), await server("server-b")];
    for (let count = 0; count < 6; count += 1) {
      const client = await RawClient.connect(emulator, { clock });
      expect(client.received.length).toBe(1);
    }
    const opened = (of: ScriptedServer) => of.received.filter(({ kind }) => kind === "openConnection").length;
    expect([opened(one), opened(two)]).toEqual([3, 3]);
    const clients = emulator.hubs()[0]?.servers.map((item) => item.clients);
    expect(clients).toEqual([3, 3]);
  });

  test("is the one that its token names, whatever it has to do", async () => {
    const [, busy] = [await server("server-a"), await server("server-b")];
    for (const mode of ["Required", "Preferred", "Required"]) await pair(busy, stickyTo("server-b", mode));
    expect(emulator.hubs()[0]?.servers.map((item) => item.clients)).toEqual([0, 3]);
  });

  test("may be another one when it is only preferred", async () => {
    const there = await server("server-a");
    await pair(there, stickyTo("server-z", "Preferred"));
    expect(emulator.hubs()[0]?.clients).toBe(1);
  });

  test("cannot be another one when it is required", async () => {
    await server("server-a");
    const client = await RawClient.connect(emulator, {
      clock,
      claims: stickyTo("server-z", "Required"),
      shakesHands: false,
    });
    client.send(JSON_HANDSHAKE);
    expect(await client.next()).toBe(
      `{"error":"The server that this client has to use is not connected to hub 'chat'."}${RECORD_END}`,
    );
  });

  test("is never a weak connection; one that the service asked for is fine", async () => {
    const weak = await server("server-a", { connectionType: ConnectionType.Weak });
    const refused = await RawClient.connect(emulator, { clock, shakesHands: false });
    refused.send(JSON_HANDSHAKE);
    expect(await refused.next()).toContain("No server is connected");
    const onDemand = await server("server-b", { connectionType: ConnectionType.OnDemand });
    await pair(onDemand);
    expect(weak.received.some(({ kind }) => kind === "openConnection")).toBe(false);
  });
});

describe("a server that shuts down", () => {
  test.each([0, 2])("with fin:%i keeps its clients and gets no new ones", async (mode) => {
    const leaving = await server("server-a");
    const { client } = await pair(leaving);
    leaving.send(finPing(mode));
    expect((await leaving.next("ping")).messages).toEqual(["shutdown", "finack"]);
    expect(emulator.hubs()[0]?.servers).toMatchObject([{ id: "server-a", clients: 1, isDraining: true }]);
    const next = await server("server-b");
    await pair(next, stickyTo("server-a", "Preferred"));
    leaving.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
  });

  test("with fin:1 hands its clients over, who notice nothing", async () => {
    const leaving = await server("server-a");
    const { client, connectionId } = await pair(leaving, [["asrs.s.uid", "ann"]]);
    leaving.send({ kind: "joinGroupWithAck", connectionId, groupName: "room", ackId: 1 });
    await leaving.next("ack");
    const taking = await server("server-b");
    leaving.send(finPing(1));
    expect((await leaving.next("ping")).messages).toEqual(["shutdown", "finack"]);
    expect(await leaving.next("closeConnection")).toMatchObject({
      connectionId,
      errorMessage: "",
      headers: [["Asrs-Migrate-To", ["server-b"]]],
    });
    const opened = await taking.next("openConnection");
    expect(opened).toMatchObject({ connectionId, ext: { protocol: "json" } });
    expect(opened.headers).toContainEqual(["Asrs-Migrate-From", ["server-a"]]);
    expect(opened.claims[0]).toEqual(["asrs.s.uid", "ann"]);
    expect((await taking.next("connectionData")).payload.toString()).toBe(JSON_HANDSHAKE);
    // What the old server still says about the client concerns nobody any more.
    leaving.send({ kind: "closeConnection", connectionId, errorMessage: "late", headers: [] });
    // An answer to the repeated handshake does not reach the client either.
    taking.data(connectionId, `{}${RECORD_END}`, 1);
    taking.send({
      kind: "groupBroadcastData",
      groupName: "room",
      excludedList: [],
      excludedUserList: [],
      callerUserId: null,
      payloads: jsonPayload({ n: 1 }),
    });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
    client.send(`{"type":6}${RECORD_END}`);
    expect((await taking.next("connectionData")).payload.toString()).toContain('"type":6');
    await leaving.close();
    await taking.settled();
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    expect(emulator.hubs()[0]?.servers).toMatchObject([
      { id: "server-b", connections: 1, clients: 1, isDraining: false },
    ]);
  });

  test("with fin:1 does not hand over to another connection of its own", async () => {
    const [one, two] = [await server("server-a"), await server("server-a")];
    await pair(one);
    one.send(finPing(1));
    await one.next("ping");
    await two.settled();
    expect(two.received.some(({ kind }) => kind === "openConnection")).toBe(false);
  });

  test("with fin:1 hands over as soon as another server comes", async () => {
    const leaving = await server("server-a");
    const { connectionId } = await pair(leaving);
    leaving.send(finPing(1));
    await leaving.next("ping");
    const taking = await server("server-b");
    expect((await taking.next("openConnection")).connectionId).toBe(connectionId);
  });

  test("with fin:1 hands over a client whose handshake is under way when that is done", async () => {
    const leaving = await server("server-a", { answers: false });
    const client = await RawClient.connect(emulator, { clock, shakesHands: false });
    client.send(JSON_HANDSHAKE);
    const { connectionId } = await leaving.next("openConnection");
    const taking = await server("server-b");
    leaving.send(finPing(1));
    await leaving.next("ping");
    await taking.settled();
    expect(taking.received.some(({ kind }) => kind === "openConnection")).toBe(false);
    leaving.data(connectionId, `{}${RECORD_END}`, 1);
    expect((await taking.next("openConnection")).connectionId).toBe(connectionId);
    expect(await client.next()).toBe(`{}${RECORD_END}`);
  });

  describe("and said so in its handshake", () => {
    const isPause = { connectionType: 1, operation: 1 };
    const pauseAck = (connectionId: string): ServiceMessage => ({
      kind: "connectionFlowControl",
      connectionId,
      connectionType: 1,
      operation: 2,
    });

    test("is asked to pause first, and what the client sends meanwhile goes to the next server", async () => {
      const leaving = await server("server-a", { migrationLevel: 1 });
      const { client, connectionId } = await pair(leaving);
      const taking = await server("server-b");
      leaving.send(finPing(1));
      expect(await leaving.next("connectionFlowControl")).toMatchObject({ connectionId, ...isPause });
      client.send(`{"late":1}${RECORD_END}`);
      client.send(`{"late":2}${RECORD_END}`);
      await taking.settled();
      // What the old server has still to say comes first.
      leaving.data(connectionId, `{"last":1}${RECORD_END}`);
      expect(await client.next()).toBe(`{"last":1}${RECORD_END}`);
      expect(taking.received.some(({ kind }) => kind === "openConnection")).toBe(false);
      leaving.send(pauseAck(connectionId));
      expect((await leaving.next("closeConnection")).headers).toEqual([["Asrs-Migrate-To", ["server-b"]]]);
      await taking.next("openConnection");
      const bytes: string[] = [];
      for (let count = 0; count < 3; count += 1) bytes.push((await taking.next("connectionData")).payload.toString());
      expect(bytes).toEqual([JSON_HANDSHAKE, `{"late":1}${RECORD_END}`, `{"late":2}${RECORD_END}`]);
      expect(leaving.received.some((message) => isData(message, "late"))).toBe(false);
    });

    test("and never answers the pause, loses its clients a few seconds later", async () => {
      const leaving = await server("server-a", { migrationLevel: 1 });
      const { connectionId } = await pair(leaving);
      const taking = await server("server-b");
      leaving.send(finPing(1));
      await leaving.next("connectionFlowControl");
      clock.advance(3000);
      expect((await taking.next("openConnection")).connectionId).toBe(connectionId);
    });

    test("and is gone before it answers, loses no client", async () => {
      const leaving = await server("server-a", { migrationLevel: 1 });
      const { client, connectionId } = await pair(leaving);
      const taking = await server("server-b");
      leaving.send(finPing(1));
      await leaving.next("connectionFlowControl");
      client.send(`{"late":1}${RECORD_END}`);
      leaving.socket.terminate();
      expect((await taking.next("openConnection")).connectionId).toBe(connectionId);
      await taking.next("connectionData", (message) => isData(message, "late"));
      expect(client.socket.readyState).toBe(WebSocket.OPEN);
    });

    test("gets a client back when the only other server is gone meanwhile", async () => {
      const leaving = await server("server-a", { migrationLevel: 1 });
      const { client, connectionId } = await pair(leaving);
      const other = await server("server-b");
      leaving.send(finPing(1));
      await leaving.next("connectionFlowControl");
      client.send(`{"late":1}${RECORD_END}`);
      await other.close();
      leaving.send(pauseAck(connectionId));
      expect(await leaving.next("connectionFlowControl")).toMatchObject({ connectionId, operation: 3 });
      await leaving.next("connectionData", (message) => isData(message, "late"));
      const next = await server("server-c");
      expect(await leaving.next("connectionFlowControl")).toMatchObject(isPause);
      leaving.send(pauseAck(connectionId));
      expect((await next.next("openConnection")).connectionId).toBe(connectionId);
    });

    test("is told when a client leaves in the middle of its move", async () => {
      const leaving = await server("server-a", { migrationLevel: 1 });
      const { client, connectionId } = await pair(leaving);
      const other = await server("server-b");
      leaving.send(finPing(1));
      await leaving.next("connectionFlowControl");
      // Cut by the emulator: a paused socket does not notice its peer's end.
      other.send({ kind: "closeConnection", connectionId, errorMessage: "go", headers: [] });
      await client.closed;
      expect((await leaving.next("closeConnection")).headers).toEqual([]);
      leaving.send(pauseAck(connectionId));
      clock.advance(3000);
      await other.settled();
      expect(other.received.some(({ kind }) => kind === "openConnection")).toBe(false);
    });
  });

  test("with fin:1 keeps clients that may not go elsewhere", async () => {
    const leaving = await server("server-a");
    const { client } = await pair(leaving, stickyTo("server-a", "Required"));
    const other = await server("server-b");
    leaving.send(finPing(1));
    await leaving.next("ping");
    await other.settled();
    expect(other.received.some(({ kind }) => kind === "openConnection")).toBe(false);
    await leaving.close();
    expect(await client.closed).toBe(1000);
  });
});

describe("faults", () => {
  test("new servers are refused while told so", async () => {
    const token = await tokensOf(emulator, "server-a", clock).serverToken("chat");
    const url = serverUrl(endpointOf(emulator), "chat", { connectionId: "cid" });
    emulator.refuseServers(503);
    expect(await refusedStatus(url, { Authorization: `Bearer ${token}` })).toBe(503);
    emulator.refuseServers(undefined);
    expect((await server("server-a")).socket.readyState).toBe(WebSocket.OPEN);
  });

  test("server connections of one hub can be cut", async () => {
    const [one, two] = [await server("server-a"), await server("server-a", { hub: "other" })];
    emulator.dropServerConnections("other");
    expect(await two.closed).toBe(1006);
    await one.settled();
    expect(emulator.hubs().map(({ name }) => name)).toEqual(["chat"]);
  });
});

test("a server that does not read makes its clients wait, and loses nothing", async () => {
  const slow = await server("server-a");
  const { client } = await pair(slow);
  slow.socket.pause();
  const chunk = "x".repeat(1_000_000);
  const total = 24;
  for (let count = 0; count < total; count += 1) client.send(chunk);
  // The emulator has stopped reading when the client's own socket fills up.
  const stuck = await new Promise<boolean>((resolve) => {
    let last = -1;
    const look = setInterval(() => {
      const now = client.socket.bufferedAmount;
      if (now !== last) {
        last = now;
        return;
      }
      clearInterval(look);
      resolve(now > 0);
    }, 100);
  });
  expect(stuck).toBe(true);
  slow.socket.resume();
  let bytes = 0;
  while (bytes < total * chunk.length) {
    bytes += (await slow.next("connectionData", ({ payload }) => payload.length > 100)).payload.length;
  }
  expect(bytes).toBe(total * chunk.length);
});
