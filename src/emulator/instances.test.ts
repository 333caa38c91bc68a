import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
import { ManualClock } from "../../test/support/manual-clock.js";
import { clientUrl, serverUrl } from "../auth/service-urls.js";
import { MsgpackReader } from "../protocol/msgpack/reader.js";
import { ConnectionType, type OpenConnection, type WireClaim } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

let emulator: Emulator;
let clock: ManualClock;
let first: string;
let second: string;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  emulator = await startEmulator({ port: 0, clock, instances: 2 });
  [first = "", second = ""] = emulator.instances().map(({ id }) => id);
});

afterEach(() => emulator.stop());

const server = (serverId: string, options = {}) => ScriptedServer.connect(emulator, { clock, serverId, ...options });
const stickyTo = (serverId: string, mode: string): WireClaim[] => [
  ["asrs.s.sn", serverId],
  ["asrs.s.ssticky", mode],
];
const instanceOf = ({ headers }: OpenConnection) => headers.find(([name]) => name === "Asrs-Instance-Id")?.[1][0];
const counts = () => emulator.instances().map(({ serverConnections, clients }) => [serverConnections, clients]);
const messageTo = (n: number) => ({ payloads: jsonPayload({ n }) });
const json = (n: number) => `{"n":${n}}${RECORD_END}`;

/** A server on each instance with one client each, all of them of user ann. */
async function oneOnEach() {
  const one = await server("one");
  const two = await server("two");
  const claims: WireClaim[] = [["asrs.s.uid", "ann"]];
  const near = await connectPair(emulator, one, { clock, claims });
  const far = await connectPair(emulator, two, { clock, claims });
  return { one, two, near, far };
}

describe("several instances", () => {
  test("share connections and clients, and a client is served on its own instance", async () => {
    const one = await server("one");
    const two = await server("two");
    expect(counts()).toEqual([
      [1, 0],
      [1, 0],
    ]);
    for (let count = 0; count < 4; count += 1) await RawClient.connect(emulator, { clock });
    expect(counts()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    for (const [of, instance] of [
      [one, first],
      [two, second],
    ] as const) {
      for (let count = 0; count < 2; count += 1) expect(instanceOf(await of.next("openConnection"))).toBe(instance);
    }
    expect(emulator.clients().map(({ instanceId }) => instanceId)).toEqual([first, second, first, second]);
  });

  test("share the connections of each server evenly", async () => {
    for (const serverId of ["one", "one", "two", "two"]) await server(serverId);
    expect(counts().map(([connections]) => connections)).toEqual([2, 2]);
  });

  test("pass on to each other what a server sends", async () => {
    const { one, near, far } = await oneOnEach();
    const { connectionId } = far;
    one.send({ kind: "broadcastData", excludedList: [], ...messageTo(1) });
    one.send({ kind: "userData", userId: "ann", ...messageTo(2) });
    one.send({ kind: "multiConnectionData", connectionList: [near.connectionId, connectionId], ...messageTo(3) });
    one.send({ kind: "joinGroupWithAck", connectionId, groupName: "room", ackId: 1 });
    expect((await one.next("ack")).status).toBe(1);
    one.send({ kind: "multiGroupBroadcastData", groupList: ["room"], ...messageTo(4) });
    await one.settled();
    expect([
      await far.client.next(),
      await far.client.next(),
      await far.client.next(),
      await far.client.next(),
    ]).toEqual([1, 2, 3, 4].map(json));
    expect([await near.client.next(), await near.client.next(), await near.client.next()]).toEqual([1, 2, 3].map(json));
  });

  test("answer for all of them when a server asks", async () => {
    const { one, near, far } = await oneOnEach();
    for (const [ackId, { connectionId }] of [near, far].entries()) {
      one.send({ kind: "joinGroupWithAck", connectionId, groupName: "room", ackId });
      await one.next("ack");
    }
    one.send({ kind: "checkConnectionExistenceWithAck", connectionId: far.connectionId, ackId: 7 });
    expect((await one.next("ack")).status).toBe(1);
    const group = { groupName: "room", top: null, continuationToken: null, maxPageSize: null };
    one.send({ kind: "groupMemberQuery", ...group, ackId: 8 });
    const reader = new MsgpackReader(Buffer.from((await one.next("ack")).payload ?? []));
    expect([reader.arrayHeader(), reader.arrayHeader()]).toEqual([2, 2]);
    one.send({ kind: "closeUserConnectionsWithAck", userId: "ann", reason: "bye", ackId: 9, excludedList: [] });
    expect((await one.next("ack")).status).toBe(1);
    expect([await near.client.closed, await far.client.closed]).toEqual([1000, 1000]);
  });

  test("carry a client result back to the server that asked, with the instance of the client", async () => {
    const { one, two, far } = await oneOnEach();
    const call = { invocationId: "i1", connectionId: far.connectionId } as const;
    one.send({ kind: "clientInvocation", ...call, callerServerId: "one", ...messageTo(1) });
    expect(await one.next("serviceMapping")).toMatchObject({ ...call, instanceId: second });
    expect(await two.next("clientInvocation")).toMatchObject({ ...call, callerServerId: "one" });
    expect(await far.client.next()).toBe(json(1));
    const answer = Buffer.from("answer");
    two.send({ kind: "clientCompletion", ...call, callerServerId: "two", protocol: "json", payload: answer });
    expect((await one.next("clientCompletion")).payload).toEqual(answer);
  });
});

describe("a client whose server has no connection to its instance", () => {
  test("is served across instances when the server is required, which is asked for a connection there, once", async () => {
    const one = await server("one");
    await server("two", { target: second });
    const claims = stickyTo("one", "Required");
    await connectPair(emulator, one, { clock, claims });
    const far = await Promise.all([
      RawClient.connect(emulator, { clock, claims }),
      one.next("openConnection", (opened) => instanceOf(opened) === second),
    ]);
    expect((await one.next("ping")).messages).toEqual(["target", second]);
    far[0].send("across");
    expect((await one.next("connectionData", ({ payload }) => payload.toString() === "across")).connectionId).toBe(
      far[1].connectionId,
    );
    for (let count = 0; count < 2; count += 1) await RawClient.connect(emulator, { clock, claims });
    await one.settled();
    expect(one.received.filter(({ kind }) => kind === "ping")).toHaveLength(1);
    const onDemand = await server("one", { target: second, connectionType: ConnectionType.OnDemand });
    for (let count = 0; count < 2; count += 1) await RawClient.connect(emulator, { clock, claims });
    expect(instanceOf(await onDemand.next("openConnection"))).toBe(second);
  });

  test("goes to another server there when its own is only preferred", async () => {
    await server("one");
    const two = await server("two");
    await RawClient.connect(emulator, { clock });
    await RawClient.connect(emulator, { clock, claims: stickyTo("one", "Preferred") });
    expect(instanceOf(await two.next("openConnection"))).toBe(second);
  });

  test("has its server asked again after a while", async () => {
    const one = await server("one");
    const connectTwo = async () => {
      for (let count = 0; count < 2; count += 1) await RawClient.connect(emulator, { clock });
    };
    await connectTwo();
    expect((await one.next("ping")).messages).toEqual(["target", second]);
    clock.advance(4000);
    await connectTwo();
    clock.advance(5999);
    await connectTwo();
    await one.settled();
    const asked = () => one.received.filter((message) => message.kind === "ping" && message.messages[0] === "target");
    expect(asked()).toHaveLength(1);
    clock.advance(1);
    await connectTwo();
    await one.settled();
    expect(asked()).toHaveLength(2);
  });
});

describe("an instance that stops", () => {
  test("takes its clients and server connections along, and the rest of the service tells the servers", async () => {
    const { one, two, near, far } = await oneOnEach();
    const { connectionId } = far;
    one.send({ kind: "clientInvocation", invocationId: "i1", connectionId, callerServerId: "one", ...messageTo(1) });
    await one.next("serviceMapping");
    expect(emulator.stopInstance(second)).toBe(true);
    expect((await one.next("ping")).messages).toEqual(["offline", second]);
    expect([await two.closed, await far.client.closed]).toEqual([1006, 1006]);
    one.send({ kind: "broadcastData", excludedList: [], ...messageTo(2) });
    expect(await near.client.next()).toBe(json(2));
    // Servers know from the ping alone what that means for clients and calls.
    expect(one.received.some(({ kind }) => kind === "closeConnection" || kind === "errorCompletion")).toBe(false);
    expect(emulator.instances()).toEqual([
      { id: first, isUp: true, serverConnections: 1, clients: 1 },
      { id: second, isUp: false, serverConnections: 0, clients: 0 },
    ]);
  });

  test("sends clients away whose server was connected to it, though they are elsewhere", async () => {
    const one = await server("one", { target: second });
    const { client } = await connectPair(emulator, one, { clock });
    expect(emulator.clients()[0]?.instanceId).toBe(first);
    emulator.stopInstance(second);
    expect(await client.next()).toContain('"allowReconnect":true');
    expect(await client.closed).toBe(1000);
  });

  test("gets nobody until it is up again", async () => {
    emulator.stopInstance(first);
    const one = await server("one", { target: first });
    await connectPair(emulator, one, { clock });
    expect(counts()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(emulator.restartInstance(first)).toBe(true);
    await connectPair(emulator, one, { clock });
    await server("one");
    expect(counts()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test("and is the last one, leaves nobody to let anybody in", async () => {
    for (const id of [first, second]) emulator.stopInstance(id);
    const headers = async (token: Promise<string>) => ({ Authorization: `Bearer ${await token}` });
    const endpoint = endpointOf(emulator);
    const serverToken = tokensOf(emulator, "one", clock).serverToken("chat");
    const url = serverUrl(endpoint, "chat", { connectionId: "cid" });
    expect(await refusedStatus(url, await headers(serverToken))).toBe(503);
    const forClient = await headers(clientToken(emulator, { clock }));
    expect(await refusedStatus(clientUrl(endpoint, "chat"), forClient)).toBe(503);
  });

  test("has to be one of them", () => {
    expect([emulator.stopInstance("emulator-9"), emulator.restartInstance("emulator-9")]).toEqual([false, false]);
    expect([emulator.stopInstance(first), emulator.stopInstance(first)]).toEqual([true, true]);
  });

  test("ends a client that had said nothing yet", async () => {
    await server("one");
    const client = await RawClient.connect(emulator, { clock, shakesHands: false });
    emulator.stopInstance(first);
    expect(await client.closed).toBe(1006);
    const next = await RawClient.connect(emulator, { clock, shakesHands: false });
    next.send(JSON_HANDSHAKE);
    await expect.poll(() => next.received.length).toBe(1);
  });
});

test("a server that is asked to rebalance is asked for the instance on which it has the least", async () => {
  const one = await server("one");
  emulator.rebalance();
  expect((await one.next("ping")).messages).toEqual(["target", second]);
});
