import { afterEach, beforeEach, expect, test } from "vitest";
import { countedTokens } from "../../test/support/connection-harness.js";
import { endpointAt, FakeService } from "../../test/support/fake-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { eventually, turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { SignalRError } from "../base/errors.js";
import type { ServiceMessage } from "../protocol/service/messages.js";
import { finAckPing, keepAlivePing, offlinePing, statusPing, targetPing } from "../protocol/service/pings.js";
import { AckRegistry } from "./acks.js";
import { ServiceContainer, type ServiceContainerOptions } from "./endpoints.js";
import type { ServerConnection } from "./server-connection.js";

let service: FakeService;
let other: FakeService;
let clock: ManualClock;
let probe: RecordingProbe;
let acks: AckRegistry;
const containers: ServiceContainer[] = [];
const closes: Array<{ readonly connection: ServerConnection; readonly reason: SignalRError | undefined }> = [];
const messages: Array<{ readonly message: ServiceMessage; readonly connection: ServerConnection }> = [];
const offline: string[] = [];

beforeEach(async () => {
  service = await FakeService.start();
  other = await FakeService.start();
  clock = new ManualClock();
  probe = new RecordingProbe();
  acks = new AckRegistry({ clock });
});

afterEach(async () => {
  const stops = containers.splice(0).map((container) => container.stop());
  await Promise.all([service.stop(), other.stop()]);
  await Promise.all(stops);
  closes.length = 0;
  messages.length = 0;
  offline.length = 0;
});

function containerOf(options: Partial<ServiceContainerOptions> = {}, connectionCount = 2): ServiceContainer {
  const container = new ServiceContainer({
    hub: "chathub",
    endpoints: [service.endpoint()],
    tokens: countedTokens,
    settings: { connectionCount },
    serverName: "server-1",
    acks,
    probe,
    clock,
    random: () => 0,
    clientsInHub: () => 0,
    onMessage: (message, connection) => messages.push({ message: structuredClone(message), connection }),
    onConnectionClosed: (connection, reason) => closes.push({ connection, reason }),
    onInstanceOffline: (instanceId) => offline.push(instanceId),
    ...options,
  });
  containers.push(container);
  return container;
}

const openIn = (container: ServiceContainer) =>
  container
    .status()
    .endpoints.reduce(
      (sum, endpoint) => sum + endpoint.connections.filter((connection) => connection.state === "open").length,
      0,
    );

async function opened(options: Partial<ServiceContainerOptions> = {}, connectionCount = 2): Promise<ServiceContainer> {
  const container = containerOf(options, connectionCount);
  container.start();
  const endpoints = options.endpoints?.length ?? 1;
  await eventually(() => openIn(container) === connectionCount * endpoints);
  return container;
}

const groupMessage = (groupName: string, text: string): ServiceMessage => ({
  kind: "groupBroadcastData",
  groupName,
  excludedList: [],
  payloads: [["json", Buffer.from(text)]],
  excludedUserList: [],
  callerUserId: null,
});
const broadcast = (text: string): ServiceMessage => ({
  kind: "broadcastData",
  excludedList: [],
  payloads: [["json", Buffer.from(text)]],
});
const join = (ackId: number) => ({ kind: "joinGroupWithAck", connectionId: "c", groupName: "g", ackId }) as const;
const broadcastsAt = (peer: FakeService) =>
  peer.connections.flatMap((connection) => connection.ofKind("broadcastData"));

/** The connection object behind a message that came in on the peer's connection with this number. */
async function viaOf(peer: FakeService, index: number): Promise<ServerConnection> {
  const before = messages.length;
  peer.connections[index]?.send({ kind: "closeConnection", connectionId: "x", errorMessage: null, headers: [] });
  await eventually(() => messages.length > before);
  const last = messages.at(-1);
  if (last === undefined) throw new Error("no message came");
  return last.connection;
}

// --- opening and health

test("opens its connections in parallel, each with its own id and token, and tells when the first is open", async () => {
  const container = containerOf({}, 3);
  expect(container.isConnected).toBe(false);
  expect(container.negotiateEndpoint()).toBeUndefined();
  container.start();
  container.start();
  await container.opened();
  expect(container.isConnected).toBe(true);
  expect(container.negotiateEndpoint()?.endpoint).toBe(service.endpoint().endpoint);
  await eventually(() => openIn(container) === 3);
  const ids = service.connections.map((connection) => connection.url.searchParams.get("cid"));
  expect(new Set(ids).size).toBe(3);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(service.requests.map((request) => request.headers.authorization)).size).toBe(3);
  expect(probe.of("EndpointOnline")).toHaveLength(1);
});

test("without any connections wanted it only negotiates", async () => {
  const container = containerOf({}, 0);
  container.start();
  await container.opened();
  expect(container.negotiateEndpoint()).toBeDefined();
  expect(service.requests).toHaveLength(0);
  const sent = container.send(broadcast("x"));
  clock.advance(400);
  await expect(sent).rejects.toMatchObject({ code: "NOT_CONNECTED" });
});

test("without a primary endpoint it cannot be made", () => {
  expect(() => containerOf({ endpoints: [service.endpoint("s", "secondary")] })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});

test("the status tells endpoints, connections, counts and the last failure", async () => {
  const container = await opened();
  service.connections[0]?.send(statusPing({ active: true, clientCount: 5, serverCount: 2, capacity: 100 }));
  await eventually(() => container.status().endpoints[0]?.metrics.capacity === 100);
  expect(container.status()).toMatchObject({
    hub: "chathub",
    isConnected: true,
    endpoints: [
      {
        isOnline: true,
        isActive: true,
        metrics: { clientCount: 5, serverCount: 2, capacity: 100 },
        failure: undefined,
        connections: [{ state: "open", connectionType: 0, clientCount: 0 }, { state: "open" }],
      },
    ],
  });
});

test("the service is asked for its status every ten seconds, once for the hub", async () => {
  await opened();
  const requests = () =>
    service.connections
      .flatMap((connection) => connection.ofKind("ping"))
      .filter((ping) => ping.messages[0] === "status");
  clock.advance(10_000);
  await service.until(() => requests().length === 1);
  clock.advance(10_000);
  await service.until(() => requests().length === 2);
  expect(requests()[0]?.messages).toEqual(["status", "1"]);
});

// --- losing and replacing

test("a lost connection is told once and replaced at once", async () => {
  const container = await opened();
  service.connections[0]?.drop();
  await eventually(() => service.connections.length === 3 && openIn(container) === 2);
  expect(closes).toMatchObject([{ reason: { code: "CONNECTION_LOST" } }]);
  expect(service.connections[2]?.url.searchParams.get("cid")).not.toBe(
    service.connections[0]?.url.searchParams.get("cid"),
  );
  expect(container.isConnected).toBe(true);
});

test("when all are lost one probes, the others wait for its outcome, and the endpoint is offline meanwhile", async () => {
  const container = await opened({}, 3);
  service.handshake = "silent";
  for (const connection of service.connections) connection.drop();
  await eventually(() => closes.length === 3 && service.connections.length === 4);
  await turns();
  expect(service.connections).toHaveLength(4);
  expect(container.isConnected).toBe(false);
  expect(container.negotiateEndpoint()).toBeUndefined();
  expect(probe.of("EndpointOffline")).toHaveLength(1);
  service.handshake = "accept";
  service.connections[3]?.send({ kind: "handshakeResponse", errorMessage: "", connectionId: null });
  await eventually(() => openIn(container) === 3);
  expect(service.connections).toHaveLength(6);
  expect(probe.of("EndpointOnline")).toHaveLength(2);
});

test("while the service refuses, attempts follow the schedule, and one failure is reported loudly once", async () => {
  service.refuseWith = 503;
  const container = containerOf({}, 1);
  container.start();
  // The first attempt, and its replacement at once, which begins the back-off.
  await eventually(() => service.requests.length === 2);
  let expected = 2;
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    const failures = expected;
    await eventually(() => probe.of("FailedToConnect").length === failures);
    clock.advance(seconds * 1000 - 1);
    await turns();
    expect(service.requests).toHaveLength(expected);
    clock.advance(1);
    expected += 1;
    await eventually(() => service.requests.length === expected);
  }
  expect(probe.of("FailedToConnect").filter((record) => record.level === "warn")).toHaveLength(1);
  service.refuseWith = 401;
  await eventually(() => probe.of("FailedToConnect").length === expected);
  clock.advance(60_000);
  await eventually(() => probe.of("FailedToConnect").filter((record) => record.level === "warn").length === 2);
  expect(container.status().endpoints[0]?.failure).toMatchObject({
    code: "CONNECTION_REFUSED",
    message: expect.stringContaining("401"),
  });
  service.refuseWith = undefined;
  clock.advance(60_000);
  await container.opened();
  expect(container.status().endpoints[0]?.failure).toBeUndefined();
});

test("connections that open and break at once are slowed down after the third time", async () => {
  const container = await opened({}, 1);
  for (let round = 0; round < 2; round += 1) {
    service.openConnections[0]?.drop();
    await eventually(() => closes.length === round + 1 && openIn(container) === 1);
  }
  service.openConnections[0]?.drop();
  await eventually(() => closes.length === 3);
  await turns();
  expect(service.requests).toHaveLength(3);
  clock.advance(1_000);
  await eventually(() => openIn(container) === 1);
  expect(service.requests).toHaveLength(4);
});

test("a handler of closes that throws does not cost the replacement", async () => {
  const container = await opened({
    onConnectionClosed: () => {
      throw new Error("bug of the host");
    },
  });
  service.connections[0]?.drop();
  await eventually(() => service.connections.length === 3 && openIn(container) === 2);
  expect(probe.of("ErrorProcessingMessages")).toHaveLength(1);
});

// --- connections on demand

test("a target ping opens one more connection to that instance, up to the cap, and it is not replaced", async () => {
  const container = await opened({ settings: { connectionCount: 2, maxHubServerConnectionCount: 3 } });
  service.connections[0]?.send(targetPing("instance-7"), targetPing("instance-8"));
  await eventually(() => openIn(container) === 3);
  await turns();
  expect(service.connections).toHaveLength(3);
  const extra = service.connections[2];
  expect(extra?.url.searchParams.get("target")).toBe("instance-7");
  expect(extra?.ofKind("handshakeRequest")[0]).toMatchObject({ connectionType: 1 });
  extra?.drop();
  await eventually(() => closes.length === 1);
  clock.advance(5_000);
  await turns();
  expect(service.connections).toHaveLength(3);
  expect(openIn(container)).toBe(2);
});

test("a storm of target pings opens no more than sixteen at a time", async () => {
  await opened();
  service.handshake = "silent";
  service.connections[0]?.send(...Array.from({ length: 100 }, (_, index) => targetPing(`i${index}`)));
  await eventually(() => service.connections.length === 18);
  await turns();
  expect(service.connections).toHaveLength(18);
});

test("an offline ping names the instance that is gone", async () => {
  await opened();
  service.connections[0]?.send(offlinePing("instance-1"));
  await eventually(() => offline.length === 1);
  expect(offline).toEqual(["instance-1"]);
});

// --- sending

test("messages of one key keep to one connection, in order, and move when it is lost", async () => {
  let count = 0;
  const container = await opened({ random: () => (count++ % 3) / 3 }, 3);
  for (let index = 0; index < 30; index += 1)
    expect(container.send(groupMessage("room", String(index)))).toBeUndefined();
  const carrier = () =>
    service.openConnections.filter((connection) => connection.ofKind("groupBroadcastData").length > 0);
  await service.until(() => carrier().some((connection) => connection.ofKind("groupBroadcastData").length === 30));
  expect(carrier()).toHaveLength(1);
  const [first] = carrier();
  expect(
    first?.ofKind("groupBroadcastData").map((message) => Buffer.from(message.payloads[0]?.[1] ?? []).toString()),
  ).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
  first?.drop();
  await eventually(() => closes.length === 1);
  container.send(groupMessage("room", "after"));
  await service.until(() => carrier().length === 1);
  expect(carrier()[0]).not.toBe(first);
});

test("in a client's name messages travel on its own connection", async () => {
  const container = await opened({}, 3);
  const via = await viaOf(service, 2);
  for (let index = 0; index < 20; index += 1)
    container.send(index % 2 === 0 ? broadcast(String(index)) : groupMessage("g", "x"), { via });
  await service.connections[2]?.take("broadcastData", 10);
  expect(service.connections[2]?.ofKind("groupBroadcastData")).toHaveLength(10);
});

test("without a connection a send waits a moment for one, and then goes first", async () => {
  service.refuseWith = 503;
  const container = containerOf({}, 1);
  container.start();
  await eventually(() => service.requests.length === 2);
  const payload = Buffer.from("early");
  const early = container.send({ kind: "broadcastData", excludedList: [], payloads: [["json", payload]] });
  payload.fill(0);
  expect(early).toBeInstanceOf(Promise);
  service.refuseWith = undefined;
  clock.advance(399);
  await turns();
  clock.advance(1);
  await expect(early).rejects.toMatchObject({ code: "NOT_CONNECTED", message: expect.stringContaining("503") });
  clock.advance(500);
  const waiting = container.send(broadcast("waiting"));
  clock.advance(100);
  await eventually(() => openIn(container) === 1);
  expect(container.send(broadcast("later"))).toBeUndefined();
  await waiting;
  await service.until(() => broadcastsAt(service).length === 2);
  expect(broadcastsAt(service).map((message) => Buffer.from(message.payloads[0]?.[1] ?? []).toString())).toEqual([
    "waiting",
    "later",
  ]);
});

test("a send that nobody awaits fails without an unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const container = containerOf({}, 1);
  void container.send(broadcast("x"));
  clock.advance(400);
  await turns();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test("a full buffer is thrown to the sender, and a filling one asks to wait", async () => {
  const container = await opened(
    { tuning: { highWaterBytes: 1_000, maxBufferedBytes: 10_000, flushBytes: 2 ** 30 } },
    1,
  );
  expect(container.send(broadcast("x"))).toBeUndefined();
  const wait = container.send(broadcast("y".repeat(20_000)));
  expect(wait).toBeInstanceOf(Promise);
  expect(() => container.send(broadcast("z"))).toThrow(expect.objectContaining({ code: "SEND_BUFFER_FULL" }));
  await wait;
  expect(container.send(broadcast("z"))).toBeUndefined();
});

// --- asking

test("Ok and NotFound answer a request, other statuses fail it", async () => {
  const container = await opened({}, 1);
  const answers = [1, 2, 3, 4].map((status) =>
    container.request(join).then(
      (ack) => ack.status,
      (error: SignalRError) => `${error.code} ${status}`,
    ),
  );
  const asked = (await service.connections[0]?.take("joinGroupWithAck", 4)) ?? [];
  expect(asked.map((message) => message.ackId)).toEqual([1, 2, 3, 4]);
  for (const [index, message] of asked.entries()) {
    service.connections[0]?.send({ kind: "ack", ackId: message.ackId, status: index + 1, message: "", payload: null });
  }
  await expect(Promise.all(answers)).resolves.toEqual([1, 2, "ACK_TIMEOUT 3", "ACK_FAILED 4"]);
});

test("a request without an answer times out, and one whose connection is lost fails at once", async () => {
  const container = await opened({}, 1);
  const unanswered = container.request(join);
  await service.connections[0]?.take("joinGroupWithAck");
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1_000);
    service.connections[0]?.send(keepAlivePing());
  }
  await expect(unanswered).rejects.toMatchObject({ code: "ACK_TIMEOUT" });
  const cut = container.request(join);
  await service.connections[0]?.take("joinGroupWithAck", 2);
  service.connections[0]?.drop();
  await expect(cut).rejects.toMatchObject({ code: "ACK_FAILED", cause: { code: "CONNECTION_LOST" } });
  expect(acks.size).toBe(0);
});

test("a request without a connection fails after a moment with NOT_CONNECTED", async () => {
  service.refuseWith = 503;
  const container = containerOf({}, 1);
  container.start();
  await eventually(() => service.requests.length === 2);
  const asked = container.request(join);
  clock.advance(400);
  await expect(asked).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  expect(acks.size).toBe(0);
});

// --- several endpoints

test("every online endpoint gets what is sent, a client's own data only its own", async () => {
  const container = await opened({ endpoints: [service.endpoint("a"), other.endpoint("b")] });
  container.send(broadcast("all"));
  await service.until(() => broadcastsAt(service).length === 1);
  await other.until(() => broadcastsAt(other).length === 1);
  const via = await viaOf(other, 1);
  container.send({ kind: "connectionData", connectionId: "c", payload: Buffer.from("own") }, { via });
  for (let index = 0; index < 10; index += 1) container.send(broadcast(String(index)), { via });
  await other.connections[1]?.take("broadcastData", 10);
  expect(other.connections[1]?.ofKind("connectionData")).toHaveLength(1);
  await service.until(() => broadcastsAt(service).length === 11);
  expect(service.connections.flatMap((connection) => connection.ofKind("connectionData"))).toEqual([]);
  const companions = service.connections.filter((connection) => connection.ofKind("broadcastData").length >= 10);
  expect(companions).toHaveLength(1);
});

test("secondary endpoints get weak connections, no on-demand ones, and clients only when no primary is online", async () => {
  const container = await opened({ endpoints: [service.endpoint("a"), other.endpoint("b", "secondary")] });
  expect(other.connections[0]?.ofKind("handshakeRequest")[0]).toMatchObject({ connectionType: 2 });
  other.connections[0]?.send(targetPing("x"));
  expect(container.negotiateEndpoint()?.name).toBe("a");
  service.refuseWith = 503;
  for (const connection of service.connections) connection.drop();
  await eventually(() => container.negotiateEndpoint()?.name === "b");
  await turns();
  expect(other.connections).toHaveLength(2);
  expect(container.send(broadcast("x"))).toBeUndefined();
  await other.until(() => broadcastsAt(other).length === 1);
});

test("each endpoint is asked under its own id, and the answers are merged", async () => {
  const container = await opened({ endpoints: [service.endpoint("a"), other.endpoint("b")] }, 1);
  const answer = container.request(join);
  const [first] = (await service.connections[0]?.take("joinGroupWithAck")) ?? [];
  const [second] = (await other.connections[0]?.take("joinGroupWithAck")) ?? [];
  expect([first?.ackId, second?.ackId]).toEqual([1, 2]);
  service.connections[0]?.send({ kind: "ack", ackId: 1, status: 2, message: "", payload: null });
  other.connections[0]?.send({ kind: "ack", ackId: 2, status: 1, message: "found", payload: null });
  await expect(answer).resolves.toMatchObject({ status: 1, message: "found" });
});

// --- the way down

test("a stop closes all, tells each once without a reason, and leaves no timer", async () => {
  const container = await opened();
  const request = container.request(join).catch((error: SignalRError) => error.code);
  await turns(2);
  await Promise.all([container.stop(), container.stop()]);
  expect(closes.map((close) => close.reason)).toEqual([undefined, undefined]);
  expect(await request).toBe("STOPPED");
  expect(container.isConnected).toBe(false);
  expect(() => container.send(broadcast("x"))).toThrow(expect.objectContaining({ code: "STOPPED" }));
  await expect(container.request(join)).rejects.toMatchObject({ code: "STOPPED" });
  await expect(container.opened()).resolves.toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
  await turns();
  expect(service.connections).toHaveLength(2);
});

test("a stop in back-off ends the waiting: opened and sends reject with STOPPED, no attempt follows", async () => {
  service.refuseWith = 503;
  const container = containerOf();
  container.start();
  await eventually(() => service.requests.length === 3 && probe.of("FailedToConnect").length === 3);
  const opening = container.opened();
  const sent = container.send(broadcast("x"));
  await container.stop();
  await expect(opening).rejects.toMatchObject({ code: "STOPPED" });
  await expect(sent).rejects.toMatchObject({ code: "STOPPED" });
  expect(clock.pendingTimers).toBe(0);
  clock.advance(120_000);
  await turns();
  expect(service.requests).toHaveLength(3);
});

test("a stop while dialing, and one before the start, end everything", async () => {
  service.refuseWith = 0;
  const dialing = containerOf();
  dialing.start();
  await service.until(() => service.unanswered === 2);
  await dialing.stop();
  await service.until(() => service.unanswered === 0);
  const unstarted = containerOf();
  await unstarted.stop();
  unstarted.start();
  await expect(unstarted.opened()).rejects.toMatchObject({ code: "STOPPED" });
  expect(closes).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test("going offline announces it on every connection of primaries and replaces none from then on", async () => {
  const container = await opened({
    settings: { connectionCount: 2, gracefulShutdown: { mode: "MigrateClients", timeout: 30_000 } },
  });
  expect(service.connections[0]?.ofKind("handshakeRequest")[0]).toMatchObject({ migrationLevel: 1 });
  const done = container.offline("MigrateClients");
  for (const connection of service.connections) {
    const [fin] = await connection.take("ping");
    expect(fin?.messages).toEqual(["shutdown", "fin:1"]);
    connection.send(finAckPing(), targetPing("x"));
  }
  await done;
  service.connections[0]?.drop();
  await eventually(() => closes.length === 1);
  await turns();
  expect(service.connections).toHaveLength(2);
  expect(container.isConnected).toBe(true);
});

test("an endpoint that cannot be reached does not keep the other one from working", async () => {
  const port = other.port;
  await other.stop();
  const container = containerOf({ endpoints: [service.endpoint("a"), endpointAt(port, "b")] });
  container.start();
  await container.opened();
  expect(container.negotiateEndpoint()?.name).toBe("a");
  await eventually(() => probe.of("FailedToConnect").length > 0);
  other = await FakeService.start();
});
