import { afterEach, beforeEach, expect, test } from "vitest";
import { answering, ContainerHarness, ScaleAnswers } from "../../test/support/container-harness.js";
import { endpointAt, FakeService } from "../../test/support/fake-service.js";
import { turns } from "../../test/support/polling.js";
import type { TokenSource } from "../auth/token-source.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { ServiceMessage } from "../protocol/service/messages.js";

let east: FakeService;
let west: FakeService;
let answers: { readonly east: ScaleAnswers; readonly west: ScaleAnswers };
let harness: ContainerHarness;

beforeEach(async () => {
  east = await FakeService.start();
  west = await FakeService.start();
  answers = { east: new ScaleAnswers(east), west: new ScaleAnswers(west) };
  harness = await new ContainerHarness({ endpoints: [east.endpoint("east")] }).start();
});

afterEach(async () => {
  const stopped = harness.container.stop();
  await Promise.all([east.stop(), west.stop()]);
  await stopped;
  expect(harness.clock.pendingTimers).toBe(0);
});

const all = () => [answers.east, answers.west];
const broadcast: ServiceMessage = { kind: "broadcastData", excludedList: [], payloads: [["json", Buffer.from("x")]] };
const sentTo = (service: FakeService) =>
  service.connections.flatMap((connection) => connection.ofKind("broadcastData")).length;
const asked = (service: FakeService, key: string) =>
  service.connections
    .flatMap((connection) => connection.ofKind("ping"))
    .filter(({ messages }) => messages[0] === key)
    .map(({ messages }) => messages[1]);

/** An update with a flag that tells its end. */
function update(endpoints: readonly ServiceEndpoint[]): { isDone: boolean; readonly promise: Promise<void> } {
  const running = { isDone: false, promise: harness.container.update(endpoints) };
  void running.promise.then(() => {
    running.isDone = true;
  });
  return running;
}

test("a new endpoint gets messages when it is connected, and clients when all servers are there too", async () => {
  answers.east.servers = ["server-1", "server-2"];
  const adding = update([west.endpoint("west"), east.endpoint("east")]);
  await answering(all(), () => asked(west, "servers").length > 0 && west.openConnections.length === 1);
  await turns();
  expect(harness.negotiated).toBe(east.endpoint().endpoint);
  void harness.container.send(broadcast);
  await west.until(() => sentTo(west) === 1);
  expect(adding.isDone).toBe(false);
  // The other server has come; this one is told at the next round.
  answers.west.servers = ["server-1", "server-2"];
  harness.clock.advance(5_000);
  await answering([answers.east], () => asked(east, "servers").length === 2);
  west.openConnections[0]?.send({ kind: "ping", messages: ["servers", "2:Server-1;server-2"] });
  await answering([answers.east], () => adding.isDone);
  expect(harness.negotiated).toBe(west.endpoint().endpoint);
  expect(east.connections).toHaveLength(1);
  expect(harness.closes).toEqual([]);
});

test("a new endpoint that cannot be reached ends the waiting at the limit, and is used as soon as it is there", async () => {
  west.refuseWith = 503;
  const adding = update([west.endpoint("west"), east.endpoint("east")]);
  await answering(all(), () => west.requests.length === 2);
  harness.clock.advance(299_999);
  await turns();
  expect(adding.isDone).toBe(false);
  harness.clock.advance(1);
  await adding.promise;
  expect(harness.probe.of("TimeoutWaitingForAddingEndpoint")).toHaveLength(1);
  expect(harness.negotiated).toBe(east.endpoint().endpoint);
  west.refuseWith = undefined;
  for (let seconds = 0; seconds < 70 && west.openConnections.length === 0; seconds += 1) {
    harness.clock.advance(1_000);
    await turns();
  }
  await answering(all(), () => harness.negotiated === west.endpoint().endpoint);
});

test("a secondary endpoint is not waited for any less", async () => {
  const adding = update([east.endpoint("east"), west.endpoint("west", "secondary")]);
  await answering(all(), () => adding.isDone);
  expect(west.connections[0]?.ofKind("handshakeRequest")[0]).toMatchObject({ connectionType: 2 });
  expect(harness.negotiated).toBe(east.endpoint().endpoint);
});

test("an endpoint that leaves is told, gets no more clients, and goes when its clients have gone", async () => {
  await harness.container.stop();
  harness = await new ContainerHarness({ endpoints: [east.endpoint("east"), west.endpoint("west")] }).start();
  const connection = west.connections[0];
  answers.west.hasClients = true;
  const removing = update([east.endpoint("east")]);
  expect(harness.negotiated).toBe(east.endpoint().endpoint);
  await answering(all(), () => asked(west, "status").length === 1);
  await turns();
  expect(asked(west, "shutdown")).toEqual(["fin:0"]);
  expect(asked(east, "shutdown")).toEqual([]);
  expect(connection?.isOpen).toBe(true);
  // Its clients still get what is sent.
  void harness.container.send(broadcast);
  await west.until(() => sentTo(west) === 1);
  expect(harness.container.status().endpoints.map(({ name }) => name)).toEqual(["east"]);
  answers.west.hasClients = false;
  harness.clock.advance(5_000);
  await answering(all(), () => removing.isDone);
  await connection?.closed();
  expect(connection?.closeCode).toBe(1000);
  expect(harness.closes).toHaveLength(1);
  expect(east.openConnections).toHaveLength(1);
});

test("an endpoint that leaves is closed at the limit, whoever is left there", async () => {
  await harness.container.stop();
  const settings = { connectionCount: 1, serviceScaleTimeout: 20_000 };
  const endpoints = [east.endpoint("east"), west.endpoint("west")];
  harness = await new ContainerHarness({ endpoints, settings }).start();
  answers.west.hasClients = true;
  const removing = update([east.endpoint("east")]);
  for (let round = 0; round < 4; round += 1) {
    await answering(all(), () => asked(west, "status").length > round);
    expect(removing.isDone).toBe(false);
    harness.clock.advance(5_000);
  }
  await answering(all(), () => removing.isDone);
  expect(harness.probe.of("TimeoutWaitingClientsDisconnect")).toHaveLength(1);
});

test("an endpoint that leaves while it is offline is not waited for", async () => {
  await harness.container.stop();
  west.refuseWith = 503;
  harness = new ContainerHarness({ endpoints: [east.endpoint("east"), west.endpoint("west")] });
  harness.container.start();
  await harness.container.opened();
  await harness.container.update([east.endpoint("east")]);
  expect(harness.container.status().endpoints).toHaveLength(1);
});

test("while the new endpoint is not ready, clients go to the one that it replaces", async () => {
  west.handshake = "silent";
  const replacing = update([west.endpoint("west")]);
  await west.until(() => west.connections.length === 1);
  expect(harness.negotiated).toBe(east.endpoint().endpoint);
  expect(asked(east, "shutdown")).toEqual([]);
  west.connections[0]?.send({ kind: "handshakeResponse", errorMessage: "", connectionId: null });
  await answering(all(), () => replacing.isDone);
  expect(harness.negotiated).toBe(west.endpoint().endpoint);
  expect(asked(east, "shutdown")).toEqual(["fin:0"]);
});

test("another name and another key change nothing but what is opened from now on", async () => {
  const tokens: string[] = [];
  await harness.container.stop();
  harness = await new ContainerHarness({
    endpoints: [east.endpoint("old")],
    tokens: (endpoint) => {
      const token = () => Promise.resolve(`of ${endpoint.name}`);
      tokens.push(endpoint.name);
      return { serverToken: token, clientToken: token, restToken: token } satisfies TokenSource;
    },
  }).start();
  await harness.container.update([east.endpoint("new")]);
  expect(harness.closes).toEqual([]);
  expect(tokens).toEqual(["old", "new"]);
  expect(harness.container.status().endpoints).toMatchObject([{ name: "new", connections: [{ state: "open" }] }]);
  east.openConnections[0]?.drop();
  await east.until(() => east.requests.at(-1)?.headers.authorization === "Bearer of new");
});

test("an endpoint of another type replaces itself, and its clients get everything once", async () => {
  const third = await FakeService.start();
  await harness.container.stop();
  const before = [east.endpoint("east"), third.endpoint("third")];
  harness = await new ContainerHarness({ endpoints: before }).start();
  const changing = update([third.endpoint("third"), east.endpoint("east", "secondary")]);
  const thirdAnswers = new ScaleAnswers(third);
  await answering([thirdAnswers], () => east.openConnections.length === 2);
  await turns();
  // Both are connected to the same service now.
  void harness.container.send(broadcast);
  await east.until(() => sentTo(east) >= 1);
  await turns();
  expect(sentTo(east)).toBe(1);
  await answering([answers.east, thirdAnswers], () => changing.isDone);
  expect(east.openConnections).toHaveLength(1);
  expect(east.openConnections[0]?.ofKind("handshakeRequest")[0]).toMatchObject({ connectionType: 2 });
  expect(harness.negotiated).toBe(third.endpoint().endpoint);
  const stopped = harness.container.stop();
  await third.stop();
  await stopped;
});

test("the way down ends an update that is under way, and refuses later ones", async () => {
  west.refuseWith = 503;
  const adding = update([east.endpoint("east"), west.endpoint("west")]);
  await west.until(() => west.requests.length > 0);
  let isGone = false;
  void harness.container.offline("Off").then(() => {
    isGone = true;
  });
  await answering(all(), () => isGone);
  expect(adding.isDone).toBe(true);
  await harness.container.update([west.endpoint("west")]);
  expect(harness.container.status().endpoints.map(({ name }) => name)).toEqual(["east", "west"]);
});

test("before the start an update only changes what is started", async () => {
  const waiting = new ContainerHarness({ endpoints: [endpointAt(1, "nowhere")] });
  await waiting.container.update([west.endpoint("west")]);
  await waiting.start();
  expect(waiting.negotiated).toBe(west.endpoint().endpoint);
  await waiting.container.stop();
});
