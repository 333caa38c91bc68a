import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { clientToken } from "../../test/support/emulator-http-clients.js";
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
import { clientUrl, serverUrl } from "../auth/service-urls.js";
import { type Emulator, type EmulatorOptions, startEmulator } from "./index.js";

let emulator: Emulator;

async function start(options: EmulatorOptions = {}): Promise<ScriptedServer> {
  emulator = await startEmulator({ ...options, port: 0 });
  return await ScriptedServer.connect(emulator);
}

afterEach(() => emulator.stop());

/** A socket that says what the test says, and how it ended. */
function rawSocket(): { socket: Socket; text: () => string; closed: Promise<unknown> } {
  const socket = connect(emulator.port, "127.0.0.1");
  let received = "";
  socket.on("error", () => {});
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
  });
  return { socket, text: () => received, closed: new Promise((resolve) => socket.once("close", resolve)) };
}

/** A websocket at one of the doors, by hand, that can send what no library would. */
async function rawWebSocket(door: "client" | "server") {
  const tokens = tokensOf(emulator);
  const [url, token] =
    door === "client"
      ? [clientUrl(endpointOf(emulator), "chat"), await tokens.clientToken("chat", [])]
      : [serverUrl(endpointOf(emulator), "chat", { connectionId: "raw" }), await tokens.serverToken("chat")];
  const { pathname, search } = new URL(url);
  const raw = rawSocket();
  raw.socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n` +
      `Authorization: Bearer ${token}\r\n\r\n`,
  );
  await expect.poll(raw.text).toContain("101 Switching Protocols");
  return raw;
}

describe("who is slow on purpose", () => {
  beforeEach(() => start({ httpRequestTimeout: 200 }));

  test.each([
    ["says nothing", ""],
    ["never ends its headers", "POST /client/negotiate?hub=chat HTTP/1.1\r\nHost: x\r\n"],
    ["never ends its body", "POST /client/negotiate?hub=chat HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"],
  ])("and %s is cut", async (_how, text) => {
    const { socket, closed } = rawSocket();
    socket.write(text);
    await closed;
    expect(emulator.hubs()).toHaveLength(1);
  });

  test("does not shorten the life of others", async () => {
    const client = await RawClient.connect(emulator);
    const { socket, closed } = rawSocket();
    socket.write("GET / HT");
    await closed;
    client.send(`{"type":6}${RECORD_END}`);
    await client.close();
    expect(client.received).toEqual([`{}${RECORD_END}`]);
  });
});

describe.each(["client", "server"] as const)("at the %s door", (door) => {
  test.each([
    ["an unmasked frame", "8105 68656c6c6f", 1002],
    ["reserved bits", "f180 00000000", 1002],
    ["an opcode that does not exist", "8380 00000000", 1002],
    ["a continuation of nothing", "8080 00000000", 1002],
    ["a frame of more bytes than there are", "82ff ffffffffffffffff 00000000", 1009],
    ["a frame above the limit", "82ff 0000000040000000 00000000", 1009],
  ])("%s ends the websocket with a reason, and nothing else", async (_what, hex, code) => {
    const server = await start();
    const { client } = await connectPair(emulator, server);
    const raw = await rawWebSocket(door);
    raw.socket.write(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    // Until its close frame is answered the emulator waits; what matters is what it says.
    await expect
      .poll(() => Buffer.from(raw.text(), "latin1").readUInt16BE(raw.text().lastIndexOf("\x88") + 2))
      .toBe(code);
    raw.socket.destroy();
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
  });

  test("noise of any kind does no harm to anybody else", async () => {
    const server = await start();
    const { client } = await connectPair(emulator, server);
    let seed = 7;
    const noise = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 0x80000000;
      return seed >> 16;
    };
    for (let round = 0; round < 10; round += 1) {
      const raw = await rawWebSocket(door);
      raw.socket.write(Buffer.from(Array.from({ length: 200 }, noise)));
      raw.socket.end();
      await raw.closed;
    }
    server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ n: 1 }) });
    expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
    await expect.poll(() => emulator.instances()[0]).toMatchObject({ clients: 1, serverConnections: 1 });
  });

  test("a token of more than the header may hold is refused before it is read", async () => {
    await start();
    const headers = { Authorization: `Bearer ${"a".repeat(20_000)}` };
    expect(await refusedStatus(`${emulator.url}/${door}/?hub=chat&cid=1`, headers)).toBe(431);
    expect(await refusedStatus(`${emulator.url}/${door}/?hub=chat&cid=1&access_token=${"a".repeat(12_000)}`)).toBe(401);
  });
});

test("a flood of negotiations is remembered up to maxClients, the newest", async () => {
  await start({ maxClients: 10 });
  const token = await clientToken(emulator, {});
  const headers = { Authorization: `Bearer ${token}` };
  const url = clientUrl(endpointOf(emulator), "chat").replace("/client/?", "/client/negotiate?negotiateVersion=1&");
  const ids: string[] = [];
  for (let count = 0; count < 30; count += 1) {
    const answer = (await (await fetch(url, { method: "POST", headers })).json()) as { connectionToken: string };
    ids.push(answer.connectionToken);
  }
  const base = clientUrl(endpointOf(emulator), "chat");
  for (const forgotten of [ids[0], ids[19]]) expect(await refusedStatus(`${base}&id=${forgotten}`, headers)).toBe(404);
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}&id=${ids[20]}`, { headers });
  await once(socket, "open");
  socket.terminate();
});

test("20,000 groups of one client are joined, used and forgotten", async () => {
  const server = await start();
  const { client, connectionId } = await connectPair(emulator, server);
  const count = 20_000;
  const groups = Array.from({ length: count }, (_item, n) => `group ${n}`);
  server.send(...groups.map((groupName) => ({ kind: "joinGroup", connectionId, groupName }) as const));
  await server.settled();
  expect(emulator.hubs()[0]?.groups).toBe(count);
  const last = `group ${count - 1}`;
  server.send({ kind: "multiGroupBroadcastData", groupList: [last], payloads: jsonPayload({ n: 1 }) });
  expect(await client.next()).toBe(`{"n":1}${RECORD_END}`);
  await client.close();
  await expect.poll(() => emulator.hubs()[0]?.groups).toBe(0);
});

test("a server that does not read what others have for it is cut at serverSendBufferBytes", async () => {
  const deaf = await start({ serverSendBufferBytes: 1024 * 1024 });
  const { client, connectionId } = await connectPair(emulator, deaf);
  const caller = await ScriptedServer.connect(emulator, { serverId: "caller" });
  deaf.socket.pause();
  const call = { kind: "clientInvocation", connectionId, callerServerId: "caller" } as const;
  // Only the deaf server gets these: the client speaks another protocol. The system itself holds some megabytes.
  const payloads = [["messagepack", Buffer.alloc(1024 * 1024)]] as const;
  for (let n = 0; n < 24; n += 1) caller.send({ ...call, invocationId: `call ${n}`, payloads });
  expect(await client.next()).toContain('"allowReconnect":true');
  expect(emulator.hubs()[0]?.servers.map(({ id }) => id)).toEqual(["caller"]);
  deaf.socket.terminate();
});

test("a client that opens a websocket and says nothing is sent away in time, its handshake limit", async () => {
  await start({ clientHandshakeTimeout: 50 });
  const client = await RawClient.connect(emulator, { shakesHands: false });
  expect(await client.next()).toBe(`{"error":"Handshake was canceled."}${RECORD_END}`);
  client.send(JSON_HANDSHAKE);
  expect(await client.closed).toBe(1000);
});
