import { afterEach, beforeEach, expect, test } from "vitest";
import { ContainerHarness } from "../../test/support/container-harness.js";
import { FakeService } from "../../test/support/fake-service.js";
import { eventually, turns } from "../../test/support/polling.js";
import type { AckableMessage, ServiceMessage } from "../protocol/service/messages.js";
import type { ServiceContainerOptions } from "./endpoints.js";
import type { EndpointRouter, RoutableEndpoint } from "./router.js";
import { askRouter } from "./routing.js";

let east: FakeService;
let west: FakeService;
let harness: ContainerHarness;

beforeEach(async () => {
  east = await FakeService.start();
  west = await FakeService.start();
});

afterEach(async () => {
  const stopped = harness?.container.stop();
  await Promise.all([east.stop(), west.stop()]);
  await stopped;
});

const eastEndpoint = () => east.endpoint("east");
const westEndpoint = () => west.endpoint("west");

async function started(router: EndpointRouter, options: Partial<ServiceContainerOptions> = {}) {
  harness = await new ContainerHarness({ endpoints: [eastEndpoint(), westEndpoint()], router, ...options }).start();
  return harness.container;
}

const named = (endpoints: readonly RoutableEndpoint[], name: string) => endpoints.filter((each) => each.name === name);
const broadcast: ServiceMessage = { kind: "broadcastData", excludedList: [], payloads: [["json", Buffer.from("x")]] };
const join = (ackId: number): AckableMessage => ({
  kind: "joinGroupWithAck",
  connectionId: "c",
  groupName: "g",
  ackId,
});
const count = (service: FakeService, kind: ServiceMessage["kind"]) =>
  service.connections.flatMap((connection) => connection.ofKind(kind)).length;

const bytes = { payloads: [] } as const;
const ack = { ackId: 1 } as const;
const MESSAGES: ReadonlyArray<readonly [ServiceMessage, string]> = [
  [{ kind: "broadcastData", excludedList: [], ...bytes }, "broadcast"],
  [{ kind: "closeConnectionsWithAck", reason: null, excludedList: [], ...ack }, "broadcast"],
  [
    {
      kind: "groupBroadcastData",
      groupName: "g",
      excludedList: [],
      excludedUserList: [],
      callerUserId: null,
      ...bytes,
    },
    "group g",
  ],
  [{ kind: "multiGroupBroadcastData", groupList: ["g", "h"], ...bytes }, "group g, group h"],
  [{ kind: "joinGroupWithAck", connectionId: "c", groupName: "g", ...ack }, "group g"],
  [{ kind: "leaveGroupWithAck", connectionId: "c", groupName: "g", ...ack }, "group g"],
  [{ kind: "leaveGroupWithAck", connectionId: "c", groupName: null, ...ack }, "connection c"],
  [{ kind: "checkUserInGroupWithAck", userId: "u", groupName: "g", ...ack }, "group g"],
  [{ kind: "checkGroupExistenceWithAck", groupName: "g", ...ack }, "group g"],
  [
    { kind: "groupMemberQuery", groupName: "g", top: null, continuationToken: null, maxPageSize: null, ...ack },
    "group g",
  ],
  [{ kind: "userData", userId: "u", ...bytes }, "user u"],
  [{ kind: "multiUserData", userList: ["u", "v"], ...bytes }, "user u, user v"],
  [{ kind: "userJoinGroupWithAck", userId: "u", groupName: "g", ...ack }, "user u"],
  [{ kind: "userLeaveGroupWithAck", userId: "u", groupName: null, ...ack }, "user u"],
  [{ kind: "checkUserExistenceWithAck", userId: "u", ...ack }, "user u"],
  [{ kind: "multiConnectionData", connectionList: ["c", "d"], ...bytes }, "connection c, connection d"],
  [{ kind: "closeConnectionWithAck", connectionId: "c", reason: null, ...ack }, "connection c"],
  [{ kind: "checkConnectionExistenceWithAck", connectionId: "c", ...ack }, "connection c"],
  [{ kind: "clientInvocation", invocationId: "i", connectionId: "c", callerServerId: "s", ...bytes }, "connection c"],
];

test.each(MESSAGES.map(([message, asked]) => [message.kind, asked, message] as const))(
  "%s is a matter of %s",
  (_kind, expected, message) => {
    const asked: string[] = [];
    const note = (text: string): readonly RoutableEndpoint[] => {
      asked.push(text);
      return [];
    };
    const router: EndpointRouter = {
      broadcast: () => note("broadcast"),
      user: (userId) => note(`user ${userId}`),
      group: (name) => note(`group ${name}`),
      connection: (id) => note(`connection ${id}`),
    };
    expect(askRouter(router, message, [])).toEqual([]);
    expect(asked.join(", ")).toBe(expected);
    expect(askRouter({}, message, [])).toBeUndefined();
  },
);

test("the router sees its endpoints as they are, and its choice alone gets the message", async () => {
  const seen: Array<readonly RoutableEndpoint[]> = [];
  const container = await started({
    broadcast(endpoints) {
      seen.push(endpoints);
      return named(endpoints, "west");
    },
  });
  void container.send(broadcast);
  await west.until(() => count(west, "broadcastData") === 1);
  expect(count(east, "broadcastData")).toBe(0);
  const metrics = { clientConnectionCount: 0, serverConnectionCount: 0, connectionCapacity: 0 };
  const state = { type: "primary", isOnline: true, isActive: true, metrics };
  expect(
    seen[0]?.map(({ name, type, url, isOnline, isActive, metrics: full }) => ({
      name,
      type,
      url,
      isOnline,
      isActive,
      metrics: full,
    })),
  ).toEqual([
    { name: "east", url: eastEndpoint().endpoint, ...state },
    { name: "west", url: westEndpoint().endpoint, ...state },
  ]);
  void container.send(broadcast);
  expect(seen[1]?.[0]).toBe(seen[0]?.[0]);
  // A kind that it says nothing about goes everywhere.
  void container.send({ kind: "userData", userId: "u", payloads: [] });
  await east.until(() => count(east, "userData") === 1);
  await west.until(() => count(west, "userData") === 1);
});

test("an endpoint chosen twice gets a message once, one that is not the hub's is passed over", async () => {
  const stranger = { url: "https://elsewhere.example" } as RoutableEndpoint;
  const container = await started({
    broadcast: (endpoints) => [...named(endpoints, "east"), stranger, ...named(endpoints, "east")],
  });
  void container.send(broadcast);
  await east.until(() => count(east, "broadcastData") === 1);
  await turns();
  expect([count(east, "broadcastData"), count(west, "broadcastData")]).toEqual([1, 0]);
  expect(harness.probe.of("EndpointNotExists")).toMatchObject([
    { level: "error", message: expect.stringContaining("https://elsewhere.example") },
  ]);
});

test("an endpoint that was remembered from another hub is known by its address", async () => {
  const container = await started({ broadcast: () => [{ url: westEndpoint().endpoint } as RoutableEndpoint] });
  void container.send(broadcast);
  await west.until(() => count(west, "broadcastData") === 1);
  expect(harness.probe.of("EndpointNotExists")).toEqual([]);
});

test("nobody chosen: nothing is sent, a question is answered with no, and the log says so", async () => {
  const container = await started({ broadcast: () => [], group: () => [] });
  expect(container.send(broadcast)).toBeUndefined();
  expect(await container.request(join)).toMatchObject({ status: 2 });
  await turns();
  expect([count(east, "broadcastData"), count(west, "joinGroupWithAck")]).toEqual([0, 0]);
  expect(harness.probe.of("NoEndpointRouted")).toMatchObject([{ level: "warn" }, { level: "warn" }]);
  expect(harness.acks.size).toBe(0);
});

test("of the chosen ones those that are online get the message; none online is an error", async () => {
  const container = await started({ user: (_id, endpoints) => named(endpoints, "west"), broadcast: (all) => all });
  west.refuseWith = 503;
  west.connections[0]?.drop();
  await west.until(() => west.requests.length > 1);
  expect(container.send(broadcast)).toBeUndefined();
  await east.until(() => count(east, "broadcastData") === 1);
  expect(harness.probe.of("FailedWritingMessageToEndpoint")).toHaveLength(1);
  expect(() => container.send({ kind: "userData", userId: "u", payloads: [] })).toThrow(
    expect.objectContaining({ code: "NOT_CONNECTED" }),
  );
});

test("what the router throws reaches the sender, and what is no list is refused in words", async () => {
  const container = await started({
    broadcast: () => {
      throw new Error("no idea");
    },
    user: (() => Promise.resolve([])) as unknown as NonNullable<EndpointRouter["user"]>,
    group: (() => undefined) as unknown as NonNullable<EndpointRouter["group"]>,
  });
  expect(() => container.send(broadcast)).toThrow("no idea");
  expect(() => container.send({ kind: "userData", userId: "u", payloads: [] })).toThrow(/user must return an array/);
  await expect(container.request(join)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
});

test("one endpoint asks its router, too", async () => {
  const container = await started({ broadcast: () => [] }, { endpoints: [eastEndpoint()] });
  container.send(broadcast);
  await turns();
  expect(count(east, "broadcastData")).toBe(0);
});

test("clients go where the router says, now or later, and the request is handed to it", async () => {
  const requests: unknown[] = [];
  const container = await started({
    negotiate(request, endpoints) {
      requests.push(request);
      return Promise.resolve(endpoints[1]);
    },
  });
  expect((await container.routeClient({ id: 1 }))?.name).toBe("west");
  expect(requests).toEqual([{ id: 1 }]);
  expect(container.negotiateEndpoint()?.name).toBe("east");
});

test("a router that sends a client nowhere, or to a stranger, gives a code of its own", async () => {
  let answer: RoutableEndpoint | null | undefined;
  const container = await started({ negotiate: () => answer });
  for (const wrong of [undefined, null, { url: "https://elsewhere.example" } as RoutableEndpoint]) {
    answer = wrong;
    await expect(container.routeClient({})).rejects.toMatchObject({ code: "NO_ENDPOINT_ROUTED" });
  }
  expect(harness.probe.of("EndpointNotExists")).toHaveLength(1);
});

test("a router is not asked about clients before the start and after the stop", async () => {
  const router: EndpointRouter = { negotiate: (_request, endpoints) => endpoints[0] };
  harness = new ContainerHarness({ endpoints: [eastEndpoint()], router });
  expect(harness.container.routeClient({})).toBeUndefined();
  await harness.start();
  await harness.container.stop();
  expect(harness.container.routeClient({})).toBeUndefined();
});

test("a message to a client of this process goes to its endpoint alone, whatever the router says", async () => {
  const messages: Array<Parameters<ServiceContainerOptions["onMessage"]>> = [];
  const container = await started({ connection: () => [] }, { onMessage: (...args) => void messages.push(args) });
  west.connections[0]?.send({ kind: "closeConnection", connectionId: "x", errorMessage: null, headers: [] });
  await eventually(() => messages.length > 0);
  const home = messages[0]?.[1];
  let told = 0;
  const onTargets = (targets: number): void => {
    told = targets;
  };
  void container.send({ kind: "multiConnectionData", connectionList: ["c"], payloads: [] }, { home, onTargets });
  await west.until(() => count(west, "multiConnectionData") === 1);
  expect([told, count(east, "multiConnectionData")]).toEqual([1, 0]);
});
