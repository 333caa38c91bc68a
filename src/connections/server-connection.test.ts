import { afterEach, beforeEach, expect, test } from "vitest";
import { connectionTo, type HarnessOptions } from "../../test/support/connection-harness.js";
import { FakeService } from "../../test/support/fake-service.js";
import { eventually, turns } from "../../test/support/polling.js";
import { encodeMessage } from "../protocol/service/codec.js";
import type { ConnectionData, ServiceMessage } from "../protocol/service/messages.js";
import { echoPing, finAckPing, keepAlivePing, offlinePing, targetPing } from "../protocol/service/pings.js";
import type { ServerConnection } from "./server-connection.js";

let service: FakeService;
const made: ServerConnection[] = [];

beforeEach(async () => {
  service = await FakeService.start();
});

afterEach(async () => {
  for (const connection of made.splice(0)) connection.abort(undefined);
  await service.stop();
});

function prepared(options: HarnessOptions = {}) {
  const harness = connectionTo(service, options);
  made.push(harness.connection);
  return harness;
}

async function opened(options: HarnessOptions = {}) {
  const harness = prepared(options);
  harness.connection.start();
  await eventually(() => harness.connection.isOpen);
  const peer = await service.connection(0);
  return { ...harness, harness, peer };
}

const dataOf = (text: string, connectionId = "client"): ConnectionData => ({
  kind: "connectionData",
  connectionId,
  payload: Buffer.from(text),
});
const texts = (messages: readonly ServiceMessage[]) =>
  messages.map((message) =>
    message.kind === "connectionData" ? Buffer.from(message.payload).toString() : message.kind,
  );

// --- opening

test("dials with the address and headers of a hub server, and shakes hands first", async () => {
  const { peer, connection } = await opened();
  const [handshake] = await peer.take("handshakeRequest");
  expect(peer.url.pathname).toBe("/server/");
  expect([...peer.url.searchParams]).toEqual([
    ["hub", "chathub"],
    ["cid", "own-id"],
  ]);
  expect(peer.request.headers).toMatchObject({
    authorization: "Bearer token-1",
    "asrs-user-agent": "test/1",
    "x-asrs-server-id": "server-1",
    "x-requested-with": "XMLHttpRequest",
  });
  expect(peer.request.headers["sec-websocket-extensions"]).toBeUndefined();
  expect(handshake).toMatchObject({ version: 1, connectionType: 0, target: "", migrationLevel: 0 });
  expect(connection.state).toBe("open");
});

test("an on-demand connection has its target in the address and not in the message", async () => {
  const { peer } = await opened({ connection: { connectionType: 1, target: "instance 7" } });
  const [handshake] = await peer.take("handshakeRequest");
  expect(peer.url.searchParams.get("target")).toBe("instance 7");
  expect(handshake).toMatchObject({ connectionType: 1, target: "" });
});

test("takes over the id that the service gives, and keeps its own when it gives none", async () => {
  service.connectionId = "from-service";
  const { connection } = await opened();
  expect(connection.id).toBe("from-service");
  service.connectionId = null;
  const other = prepared();
  other.connection.start();
  await eventually(() => other.connection.isOpen);
  expect(other.connection.id).toBe("own-id");
});

test("messages that come along with the handshake response are handled after it", async () => {
  service.alongHandshake = [dataOf("first"), dataOf("second")];
  const { harness } = await opened();
  expect(texts(harness.messages)).toEqual(["first", "second"]);
});

test("a refused handshake ends it with the service's text, and it was never open", async () => {
  service.handshake = { error: "hub is full" };
  const harness = prepared();
  harness.connection.start();
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes).toMatchObject([
    {
      reason: { code: "CONNECTION_HANDSHAKE_REJECTED", message: expect.stringContaining("hub is full") },
      wasOpen: false,
    },
  ]);
  expect(harness.opens).toBe(0);
  expect(harness.clock.pendingTimers).toBe(0);
});

test("another message in place of the handshake response ends it", async () => {
  service.handshake = "silent";
  const harness = prepared();
  harness.connection.start();
  (await service.connection(0)).send(dataOf("hello"));
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({ code: "CONNECTION_HANDSHAKE_REJECTED" });
});

test("garbage in place of the handshake response ends it", async () => {
  service.handshake = "silent";
  const harness = prepared();
  harness.connection.start();
  (await service.connection(0)).sendBytes(Buffer.from([2, 0x91, 0xa0]));
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({ code: "CONNECTION_HANDSHAKE_REJECTED" });
});

test("without a handshake response it gives up after 15 seconds", async () => {
  service.handshake = "silent";
  const harness = prepared();
  harness.connection.start();
  const peer = await service.connection(0);
  harness.clock.advance(14_999);
  expect(harness.connection.state).toBe("handshaking");
  harness.clock.advance(1);
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_HANDSHAKE_TIMEOUT" }, wasOpen: false }]);
  await peer.closed();
});

test("a websocket that does not open is given up after the dial timeout", async () => {
  service.refuseWith = 0;
  const harness = prepared();
  harness.connection.start();
  await service.until(() => service.unanswered === 1);
  harness.clock.advance(30_000);
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_REFUSED" }, wasOpen: false }]);
  await service.until(() => service.unanswered === 0);
});

test("a close before the handshake response is a failure even if it is a normal one", async () => {
  service.handshake = "silent";
  const harness = prepared();
  harness.connection.start();
  (await service.connection(0)).close(1000);
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({ code: "CONNECTION_HANDSHAKE_REJECTED" });
});

test("a token that cannot be had ends it, and the reason is kept", async () => {
  const tokens = { serverToken: () => Promise.reject(new Error("no identity")), clientToken: fail, restToken: fail };
  const harness = prepared({ connection: { tokens } });
  harness.connection.start();
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({
    code: "CONNECTION_REFUSED",
    message: expect.stringContaining("no identity"),
  });
  expect(service.requests).toHaveLength(0);
});

function fail(): Promise<string> {
  return Promise.reject(new Error("not asked for"));
}

// --- messages

test("messages arrive in order, however the bytes are cut", async () => {
  const { harness, peer } = await opened();
  const bytes = Buffer.concat(["a", "b", "c"].map((text) => encodeMessage(dataOf(text.repeat(200)))));
  for (let at = 0; at < bytes.length; at += 7) peer.sendBytes(bytes.subarray(at, at + 7));
  await eventually(() => harness.messages.length === 3);
  expect(texts(harness.messages)).toEqual(["a".repeat(200), "b".repeat(200), "c".repeat(200)]);
});

test("a thousand sends over many turns arrive in order, and those of one turn in one websocket message", async () => {
  const { connection, peer } = await opened();
  for (let index = 0; index < 1000; index += 1) {
    connection.send(dataOf(String(index)));
    if (index % 100 === 99) await turns(1);
  }
  const received = await peer.take("connectionData", 1000);
  expect(texts(received)).toEqual(Array.from({ length: 1000 }, (_, index) => String(index)));
  expect(peer.messagesPerFlush.slice(1)).toEqual(new Array(10).fill(100));
});

test("a frame that cannot be read and a handler that throws are reported and skipped", async () => {
  const { harness, peer, probe } = await opened({
    onMessage: (message) => {
      if (texts([message])[0] === "boom") throw new Error("handler failed");
    },
  });
  peer.sendBytes(
    Buffer.concat([Buffer.from([3, 0x92, 0x06, 0xc1]), encodeMessage(dataOf("boom")), encodeMessage(dataOf("after"))]),
  );
  await eventually(() => harness.messages.length === 2);
  expect(texts(harness.messages)).toEqual(["boom", "after"]);
  expect(probe.events("error")).toEqual(["ErrorProcessingMessages", "ErrorProcessingMessages"]);
  expect(harness.connection.isOpen).toBe(true);
});

test("messages of an unknown type are passed over", async () => {
  const { harness, peer } = await opened();
  peer.sendBytes(Buffer.concat([Buffer.from([3, 0x92, 0x7f, 0x01]), encodeMessage(dataOf("known"))]));
  await eventually(() => harness.messages.length === 1);
  expect(texts(harness.messages)).toEqual(["known"]);
});

test("a length prefix that is none ends the connection", async () => {
  const { harness, peer } = await opened();
  peer.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_LOST" }, wasOpen: true }]);
  await peer.closed();
});

test("a frame above the limit ends the connection before its bytes are kept", async () => {
  const { harness, peer } = await opened({ tuning: { maxMessageBytes: 1000 } });
  peer.sendBytes(Buffer.from([0x80, 0x80, 0x01]));
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({ code: "CONNECTION_LOST", cause: { code: "MESSAGE_TOO_LARGE" } });
});

test("a text message ends the connection", async () => {
  const { harness, peer } = await opened();
  peer.sendText("hello");
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes[0]?.reason).toMatchObject({ code: "CONNECTION_LOST" });
});

test("after the end no further message of the same chunk is handled", async () => {
  const { harness, peer } = await opened({ onMessage: (_message, connection) => connection.abort(undefined) });
  peer.send(dataOf("last"), dataOf("too late"));
  await eventually(() => harness.closes.length > 0);
  expect(texts(harness.messages)).toEqual(["last"]);
});

// --- pings, acks, errors of the service

test("an echo comes back as it was", async () => {
  const { peer } = await opened();
  peer.send({ kind: "ping", messages: ["echo", "abc", "more", null] });
  const [echo] = await peer.take("ping");
  expect(echo?.messages).toEqual(["echo", "abc", "more", null]);
  peer.send(echoPing("x"));
  expect((await peer.take("ping", 2))[1]?.messages).toEqual(["echo", "x"]);
});

test("the client counts are pinged when bytes arrive and more than five seconds have passed", async () => {
  const { harness, peer, connection, clock } = await opened();
  connection.clientCount = 3;
  clock.advance(5_001);
  peer.send(keepAlivePing());
  const [ping] = await peer.take("ping");
  expect(ping?.messages).toEqual(["#clientInHub", "12", "#client", "3"]);
  peer.send(dataOf("again"));
  await eventually(() => harness.messages.length === 1);
  await turns();
  expect(peer.ofKind("ping")).toHaveLength(1);
});

test("silence for more than 30 seconds ends it, and keep-alives prevent that", async () => {
  const { harness, peer, clock } = await opened();
  clock.advance(29_000);
  peer.send(keepAlivePing());
  await peer.take("ping");
  clock.advance(30_000);
  expect(harness.closes).toEqual([]);
  clock.advance(5_000);
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_TIMEOUT" }, wasOpen: true }]);
  expect(harness.probe.of("ServiceTimeout")).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
  await peer.closed();
});

test("acks, and pings for the pool, are told apart from messages", async () => {
  const { harness, peer } = await opened();
  peer.send(
    { kind: "ack", ackId: 4, status: 1, message: "", payload: null },
    offlinePing("instance"),
    targetPing("other"),
    dataOf("data"),
  );
  await eventually(() => harness.messages.length === 1);
  expect(harness.acks).toMatchObject([{ ackId: 4 }]);
  expect(harness.pings).toEqual([
    ["offline", "instance"],
    ["target", "other"],
  ]);
});

test("after an error of the service nothing is written any more, but reading goes on until it closes", async () => {
  const { harness, peer, connection, clock } = await opened();
  peer.send({ kind: "serviceError", errorMessage: "maintenance" }, dataOf("still read"));
  await eventually(() => harness.messages.length === 1);
  expect(connection.isOpen).toBe(false);
  expect(harness.changes).toBe(1);
  expect(() => connection.send(dataOf("no"))).toThrow(
    expect.objectContaining({ code: "CONNECTION_NOT_ACTIVE", message: expect.stringContaining("maintenance") }),
  );
  clock.advance(20_000);
  peer.send(echoPing("x"), dataOf("more"));
  await eventually(() => harness.messages.length === 2);
  await turns();
  expect(peer.ofKind("ping")).toEqual([]);
  peer.close(1000);
  await eventually(() => harness.closes.length > 0);
  expect(harness.closes).toMatchObject([
    { reason: { message: expect.stringContaining("maintenance") }, wasOpen: true },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test("an empty error of the service is ignored, and an event is only reported", async () => {
  const { harness, peer, probe, connection } = await opened();
  peer.send(
    { kind: "serviceError", errorMessage: "" },
    { kind: "serviceEvent", objectType: 1, objectId: "c1", eventKind: 2, message: "gone" },
    dataOf("end"),
  );
  await eventually(() => harness.messages.length === 1);
  expect(connection.isOpen).toBe(true);
  expect(probe.of("ServiceEvent")).toMatchObject([{ category: "Microsoft.Azure.SignalR.DefaultServiceEventHandler" }]);
});

test("when the service takes it offline it is not offered for new work but stays open", async () => {
  const { harness, peer, connection } = await opened();
  peer.send({ kind: "connectionFlowControl", connectionId: "own-id", connectionType: 2, operation: 4 });
  await eventually(() => harness.changes === 1);
  expect([connection.isOpen, connection.isOffered]).toEqual([true, false]);
  peer.send({ kind: "connectionFlowControl", connectionId: "client", connectionType: 1, operation: 1 });
  await eventually(() => harness.messages.length === 1);
});

// --- back-pressure

test("a peer that does not read fills the buffer up to the bound, then sends fail, and all taken arrives in order", async () => {
  const { connection, peer } = await opened({ tuning: { highWaterBytes: 100_000, maxBufferedBytes: 8_000_000 } });
  peer.stopReading();
  const payload = Buffer.alloc(50_000, 7);
  let taken = 0;
  const fill = () => {
    for (;;) {
      connection.send({ kind: "connectionData", connectionId: String(taken), payload });
      taken += 1;
    }
  };
  expect(fill).toThrow(
    expect.objectContaining({ code: "SEND_BUFFER_FULL", message: expect.stringContaining("8000000") }),
  );
  const ready = connection.ready();
  expect(ready).toBeInstanceOf(Promise);
  peer.startReading();
  await ready;
  const received = await peer.take("connectionData", taken);
  expect(received.map((message) => message.connectionId)).toEqual(
    Array.from({ length: taken }, (_, index) => String(index)),
  );
  expect(connection.ready()).toBeUndefined();
});

test("whoever waits for room is let go when the connection is lost", async () => {
  const { harness, connection, peer } = await opened({ tuning: { highWaterBytes: 1000 } });
  peer.stopReading();
  for (let count = 0; count < 400; count += 1) connection.send(dataOf("x".repeat(50_000)));
  const ready = connection.ready();
  peer.drop();
  await ready;
  await eventually(() => harness.closes.length === 1);
  expect(() => connection.send(dataOf("late"))).toThrow(expect.objectContaining({ code: "CONNECTION_NOT_ACTIVE" }));
});

// --- the end

test("a lost websocket is told once, with the reason", async () => {
  const { harness, peer, clock } = await opened();
  peer.drop();
  await eventually(() => harness.closes.length > 0);
  await turns();
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_LOST" }, wasOpen: true }]);
  expect(clock.pendingTimers).toBe(0);
});

test("a normal close by the service has no reason, any other code has one", async () => {
  const first = await opened();
  first.peer.close(1000);
  await eventually(() => first.harness.closes.length > 0);
  expect(first.harness.closes).toEqual([{ reason: undefined, wasOpen: true }]);
  const second = prepared();
  second.connection.start();
  (await service.connection(1)).close(1011);
  await eventually(() => second.closes.length > 0);
  expect(second.closes[0]?.reason?.message).toContain("1011");
});

test("a stop sends what was taken, then closes normally", async () => {
  const { harness, connection, peer, clock } = await opened();
  connection.send(dataOf("last words"));
  const stopped = connection.stop();
  expect(connection.state).toBe("draining");
  expect(() => connection.send(dataOf("no"))).toThrow(expect.objectContaining({ code: "CONNECTION_NOT_ACTIVE" }));
  await stopped;
  await peer.closed();
  expect(texts(peer.ofKind("connectionData"))).toEqual(["last words"]);
  expect(peer.closeCode).toBe(1000);
  expect(harness.closes).toEqual([{ reason: undefined, wasOpen: true }]);
  expect(clock.pendingTimers).toBe(0);
});

test("a stop does not wait longer than five seconds for a peer that does not answer", async () => {
  const { harness, connection, peer, clock } = await opened();
  peer.stopReading();
  const stopped = connection.stop();
  await turns();
  expect(harness.closes).toEqual([]);
  clock.advance(5_000);
  await stopped;
  expect(harness.closes).toHaveLength(1);
  peer.startReading();
  await peer.closed();
});

test("a stop in every state before open ends it at once, without a timer left", async () => {
  const idle = prepared();
  await idle.connection.stop();
  expect(idle.closes).toEqual([{ reason: undefined, wasOpen: false }]);

  let giveToken: (token: string) => void = () => {};
  const tokens = {
    serverToken: () =>
      new Promise<string>((resolve) => {
        giveToken = resolve;
      }),
    clientToken: fail,
    restToken: fail,
  };
  const fetching = prepared({ connection: { tokens } });
  fetching.connection.start();
  await fetching.connection.stop();
  giveToken("late");
  await turns();
  expect(service.requests).toHaveLength(0);

  service.refuseWith = 0;
  const dialing = prepared();
  dialing.connection.start();
  await service.until(() => service.unanswered === 1);
  await dialing.connection.stop();
  await service.until(() => service.unanswered === 0);

  service.refuseWith = undefined;
  service.handshake = "silent";
  const handshaking = prepared();
  handshaking.connection.start();
  const peer = await service.connection(0);
  await handshaking.connection.stop();
  await peer.closed();

  for (const harness of [fetching, dialing, handshaking]) {
    expect(harness.closes).toEqual([{ reason: undefined, wasOpen: false }]);
    expect(harness.clock.pendingTimers).toBe(0);
  }
});

test("a service that reports an error and does not close is left after 30 seconds, though it pings", async () => {
  const { harness, peer, clock } = await opened();
  peer.send({ kind: "serviceError", errorMessage: "maintenance" });
  await eventually(() => harness.changes === 1);
  clock.advance(29_000);
  peer.send(keepAlivePing(), dataOf("still here"));
  await eventually(() => harness.messages.length === 1);
  expect(harness.closes).toEqual([]);
  clock.advance(1_000);
  expect(harness.closes).toMatchObject([{ reason: { code: "CONNECTION_NOT_ACTIVE" }, wasOpen: true }]);
  expect(clock.pendingTimers).toBe(0);
  await peer.closed();
});

test("stop and abort may be called again at any time", async () => {
  const { harness, connection } = await opened();
  await Promise.all([connection.stop(), connection.stop()]);
  connection.abort(undefined);
  await connection.stop();
  expect(harness.closes).toHaveLength(1);
});

test("a stop after an error of the service closes the websocket", async () => {
  const { harness, connection, peer, clock } = await opened();
  peer.send({ kind: "serviceError", errorMessage: "bye" });
  await eventually(() => connection.state === "draining");
  await connection.stop();
  await peer.closed();
  expect(harness.closes).toEqual([{ reason: undefined, wasOpen: true }]);
  expect(clock.pendingTimers).toBe(0);
});

// --- graceful shutdown

test("offline sends fin, again after five seconds, and ends with finack", async () => {
  const { connection, peer, clock } = await opened();
  const done = connection.offline(2);
  expect((await peer.take("ping"))[0]?.messages).toEqual(["shutdown", "fin:2"]);
  clock.advance(5_000);
  await peer.take("ping", 2);
  peer.send(finAckPing());
  await expect(done).resolves.toBe(true);
  expect(connection.isOpen).toBe(true);
});

test("offline gives up after the last attempt, and when the connection ends", async () => {
  const { connection, clock } = await opened({ tuning: { finAttempts: 2 } });
  const inVain = connection.offline(1);
  clock.advance(5_000);
  await turns();
  clock.advance(5_000);
  await expect(inVain).resolves.toBe(false);
  const cut = connection.offline(1);
  connection.abort(undefined);
  await expect(cut).resolves.toBe(false);
  expect(clock.pendingTimers).toBe(0);
});
