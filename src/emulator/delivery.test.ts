import { decode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  connectPair,
  jsonPayload,
  type RawClient,
  RECORD_END,
  ScriptedServer,
  tokensOf,
} from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { type AckableMessage, AckStatus, ConnectionType, type ServiceMessage } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

interface Pair {
  readonly client: RawClient;
  readonly connectionId: string;
}

let emulator: Emulator;
let server: ScriptedServer;
let ann: Pair;
let annToo: Pair;
let bob: Pair;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  server = await ScriptedServer.connect(emulator);
  ann = await connectPair(emulator, server, { claims: [["asrs.s.uid", "ann"]] });
  annToo = await connectPair(emulator, server, { claims: [["nameid", "ann"]] });
  bob = await connectPair(emulator, server, { claims: [["sub", "bob"]] });
});

afterEach(() => emulator.stop());

let nextAck = 1;

async function asked(message: (ackId: number) => AckableMessage, of = server): Promise<number> {
  const ackId = nextAck++;
  of.send(message(ackId));
  return (await of.next("ack", (ack) => ack.ackId === ackId)).status;
}

const joined = ({ connectionId }: Pair, groupName: string) =>
  asked((ackId) => ({ kind: "joinGroupWithAck", connectionId, groupName, ackId }));
const left = ({ connectionId }: Pair, groupName: string | null) =>
  asked((ackId) => ({ kind: "leaveGroupWithAck", connectionId, groupName, ackId }));
const hasGroup = (groupName: string) => asked((ackId) => ({ kind: "checkGroupExistenceWithAck", groupName, ackId }));
const userInGroup = (userId: string, groupName: string) =>
  asked((ackId) => ({ kind: "checkUserInGroupWithAck", userId, groupName, ackId }));

let nextText = 1;
const MARK = `{"end":true}${RECORD_END}`;

/** How often each of the three got what the message carries, in the order ann, annToo, bob. */
async function received(message: (payloads: ReturnType<typeof jsonPayload>) => ServiceMessage): Promise<number[]> {
  const text = `{"n":${nextText}}${RECORD_END}`;
  server.send(message(jsonPayload({ n: nextText++ })));
  server.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ end: true }) });
  return Promise.all(
    [ann, annToo, bob].map(async ({ client }) => {
      let count = 0;
      for (let got = await client.next(); got !== MARK; got = await client.next()) {
        expect(got).toBe(text);
        count += 1;
      }
      return count;
    }),
  );
}

describe("messages", () => {
  test("to all, without the excluded", async () => {
    const none = ["a", "b", "c", "d", "e", bob.connectionId];
    expect(await received((payloads) => ({ kind: "broadcastData", excludedList: [], payloads }))).toEqual([1, 1, 1]);
    expect(
      await received((payloads) => ({ kind: "broadcastData", excludedList: [ann.connectionId], payloads })),
    ).toEqual([0, 1, 1]);
    expect(await received((payloads) => ({ kind: "broadcastData", excludedList: none, payloads }))).toEqual([1, 1, 0]);
  });

  test("to connections, each once", async () => {
    const connectionList = [bob.connectionId, "unknown", bob.connectionId, ann.connectionId];
    expect(await received((payloads) => ({ kind: "multiConnectionData", connectionList, payloads }))).toEqual([
      1, 0, 1,
    ]);
  });

  test("to users, whichever claim names them", async () => {
    expect(await received((payloads) => ({ kind: "userData", userId: "ann", payloads }))).toEqual([1, 1, 0]);
    expect(await received((payloads) => ({ kind: "userData", userId: "nobody", payloads }))).toEqual([0, 0, 0]);
    const userList = ["ann", "bob", "ann"];
    expect(await received((payloads) => ({ kind: "multiUserData", userList, payloads }))).toEqual([1, 1, 1]);
  });

  test("to a group, without excluded connections and users", async () => {
    for (const pair of [ann, annToo, bob]) expect(await joined(pair, "room")).toBe(AckStatus.Ok);
    const group = { kind: "groupBroadcastData", groupName: "room", callerUserId: null } as const;
    const everybody = { excludedList: [], excludedUserList: [] };
    expect(await received((payloads) => ({ ...group, ...everybody, payloads }))).toEqual([1, 1, 1]);
    expect(
      await received((payloads) => ({ ...group, ...everybody, excludedList: [annToo.connectionId], payloads })),
    ).toEqual([1, 0, 1]);
    expect(await received((payloads) => ({ ...group, ...everybody, excludedUserList: ["ann"], payloads }))).toEqual([
      0, 0, 1,
    ]);
    expect(await received((payloads) => ({ ...group, ...everybody, groupName: "other", payloads }))).toEqual([0, 0, 0]);
  });

  test("to several groups, twice to a member of two", async () => {
    await joined(ann, "red");
    await joined(ann, "blue");
    await joined(bob, "blue");
    const groupList = ["red", "blue", "green"];
    expect(await received((payloads) => ({ kind: "multiGroupBroadcastData", groupList, payloads }))).toEqual([2, 0, 1]);
  });

  test("from a weak connection reach everybody, though it carries no clients", async () => {
    const weak = await ScriptedServer.connect(emulator, { serverId: "manager", connectionType: ConnectionType.Weak });
    weak.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ hello: 1 }) });
    expect(await bob.client.next()).toBe(`{"hello":1}${RECORD_END}`);
    await connectPair(emulator, server);
    expect(weak.received.some(({ kind }) => kind === "openConnection")).toBe(false);
  });

  test("stay in their hub", async () => {
    const other = await ScriptedServer.connect(emulator, { hub: "other" });
    const { client } = await connectPair(emulator, other, { hub: "other" });
    await received((payloads) => ({ kind: "broadcastData", excludedList: [], payloads }));
    other.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ other: 1 }) });
    expect(await client.next()).toBe(`{"other":1}${RECORD_END}`);
  });
});

describe("groups", () => {
  test("are joined and left, with and without an answer", async () => {
    const group = { kind: "groupBroadcastData", excludedList: [], excludedUserList: [], callerUserId: null } as const;
    const inRoom = () => received((payloads) => ({ ...group, groupName: "room", payloads }));
    expect(await joined(ann, "room")).toBe(AckStatus.Ok);
    server.send({ kind: "joinGroup", connectionId: bob.connectionId, groupName: "room" });
    expect(await inRoom()).toEqual([1, 0, 1]);
    expect(await joined(ann, "room")).toBe(AckStatus.Ok);
    expect(await left(ann, "room")).toBe(AckStatus.Ok);
    server.send({ kind: "leaveGroup", connectionId: bob.connectionId, groupName: "room" });
    expect(await inRoom()).toEqual([0, 0, 0]);
    expect(await hasGroup("room")).toBe(AckStatus.NotFound);
  });

  test("are all left at once when none is named", async () => {
    await joined(ann, "red");
    await joined(ann, "blue");
    expect(await left(ann, null)).toBe(AckStatus.Ok);
    expect([await hasGroup("red"), await hasGroup("blue")]).toEqual([AckStatus.NotFound, AckStatus.NotFound]);
  });

  test("cannot be joined by somebody who is not there", async () => {
    const ghost = { ...ann, connectionId: "ghost" };
    expect(await joined(ghost, "room")).toBe(AckStatus.NotFound);
    expect(await left(ghost, "room")).toBe(AckStatus.NotFound);
    expect(await hasGroup("room")).toBe(AckStatus.NotFound);
  });

  test("are forgotten with the connection", async () => {
    await joined(ann, "room");
    expect(emulator.hubs()[0]).toMatchObject({ clients: 3, users: 2, groups: 1 });
    await ann.client.close();
    await server.next("closeConnection");
    expect(await hasGroup("room")).toBe(AckStatus.NotFound);
    expect(emulator.hubs()[0]).toMatchObject({ clients: 2, users: 2, groups: 0 });
  });

  test("tell their members page by page", async () => {
    for (const pair of [ann, annToo, bob]) await joined(pair, "room");
    const page = async (top: number | null, continuationToken: string | null, maxPageSize: number | null) => {
      const ackId = nextAck++;
      server.send({ kind: "groupMemberQuery", groupName: "room", ackId, top, continuationToken, maxPageSize });
      const ack = await server.next("ack", (answer) => answer.ackId === ackId);
      expect(ack.status).toBe(AckStatus.Ok);
      return decode(ack.payload ?? new Uint8Array()) as [unknown[], string | null];
    };
    const everybody = [
      [ann.connectionId, "ann"],
      [annToo.connectionId, "ann"],
      [bob.connectionId, "bob"],
    ];
    expect(await page(null, null, null)).toEqual([everybody, null]);
    const [first, token] = await page(null, null, 2);
    expect(first).toEqual(everybody.slice(0, 2));
    expect(await page(null, token, 2)).toEqual([everybody.slice(2), null]);
    expect(await page(1, null, null)).toEqual([everybody.slice(0, 1), null]);
    expect(await page(null, "nonsense", null)).toEqual([everybody, null]);
  });
});

describe("groups of users", () => {
  const userJoin = (userId: string, ttl?: number) =>
    asked((ackId) => ({
      kind: "userJoinGroupWithAck",
      userId,
      groupName: "fans",
      ackId,
      ...(ttl === undefined ? {} : { ext: { ttl } }),
    }));
  const group = { kind: "groupBroadcastData", excludedList: [], excludedUserList: [], callerUserId: null } as const;
  const inFans = () => received((payloads) => ({ ...group, groupName: "fans", payloads }));

  test("hold all connections of the user, with and without an answer", async () => {
    server.send({ kind: "userJoinGroup", userId: "bob", groupName: "fans" });
    expect(await userJoin("ann")).toBe(AckStatus.Ok);
    expect(await inFans()).toEqual([1, 1, 1]);
    server.send({ kind: "userLeaveGroup", userId: "bob", groupName: "fans" });
    expect(await inFans()).toEqual([1, 1, 0]);
    const leave = await asked((ackId) => ({ kind: "userLeaveGroupWithAck", userId: "ann", groupName: null, ackId }));
    expect(leave).toBe(AckStatus.Ok);
    expect(await inFans()).toEqual([0, 0, 0]);
  });

  test("hold connections that come later, for a user who is away too", async () => {
    expect(await userJoin("eve")).toBe(AckStatus.Ok);
    expect(await userInGroup("eve", "fans")).toBe(AckStatus.Ok);
    expect(await hasGroup("fans")).toBe(AckStatus.NotFound);
    await connectPair(emulator, server, { claims: [["asrs.s.uid", "eve"]] });
    expect(await hasGroup("fans")).toBe(AckStatus.Ok);
  });

  test("hold present connections only with a ttl of 0", async () => {
    expect(await userJoin("bob", 0)).toBe(AckStatus.Ok);
    expect(await inFans()).toEqual([0, 0, 1]);
    await bob.client.close();
    await server.next("closeConnection");
    await connectPair(emulator, server, { claims: [["asrs.s.uid", "bob"]] });
    expect(await hasGroup("fans")).toBe(AckStatus.NotFound);
  });

  test("forget later connections when the ttl is over", async () => {
    const clock = new ManualClock(Date.now());
    await using timed = await startEmulator({ port: 0, clock });
    const other = await ScriptedServer.connect(timed, { clock });
    const eve = { claims: [["asrs.s.uid", "eve"] as const], clock };
    const check = (ackId: number) => ({ kind: "checkGroupExistenceWithAck", groupName: "fans", ackId }) as const;
    other.send({ kind: "userJoinGroup", userId: "eve", groupName: "fans", ext: { ttl: 10 } });
    await other.settled();
    clock.advance(9999);
    const { client } = await connectPair(timed, other, eve);
    expect(await asked(check, other)).toBe(AckStatus.Ok);
    await client.close();
    await other.next("closeConnection");
    clock.advance(1);
    await connectPair(timed, other, eve);
    expect(await asked(check, other)).toBe(AckStatus.NotFound);
  });
});

describe("questions", () => {
  test("about connections, users and members are answered", async () => {
    await joined(ann, "room");
    const connectionId = ann.connectionId;
    const about = {
      connection: await asked((ackId) => ({ kind: "checkConnectionExistenceWithAck", connectionId, ackId })),
      noConnection: await asked((ackId) => ({ kind: "checkConnectionExistenceWithAck", connectionId: "x", ackId })),
      user: await asked((ackId) => ({ kind: "checkUserExistenceWithAck", userId: "bob", ackId })),
      noUser: await asked((ackId) => ({ kind: "checkUserExistenceWithAck", userId: "eve", ackId })),
      group: await hasGroup("room"),
      member: await userInGroup("ann", "room"),
      noMember: await userInGroup("bob", "room"),
    };
    const { Ok, NotFound } = AckStatus;
    expect(about).toEqual({
      connection: Ok,
      noConnection: NotFound,
      user: Ok,
      noUser: NotFound,
      group: Ok,
      member: Ok,
      noMember: NotFound,
    });
  });

  test("for an access key are answered with the reason why there is none", async () => {
    server.send({ kind: "accessKeyRequest", token: "secret", kid: null });
    const response = await server.next("accessKeyResponse");
    expect(response).toMatchObject({ accessKey: null, errorType: "NotSupported" });
    expect(response.errorMessage).toContain("connection string");
  });
});

describe("closing from afar", () => {
  const reasonText = `{"type":7,"error":"enough","allowReconnect":true}${RECORD_END}`;

  test("one connection", async () => {
    const manager = await ScriptedServer.connect(emulator, {
      serverId: "manager",
      connectionType: ConnectionType.Weak,
    });
    const { connectionId } = bob;
    const close = (ackId: number) =>
      ({ kind: "closeConnectionWithAck", connectionId, reason: "enough", ackId }) as const;
    expect(await asked(close, manager)).toBe(AckStatus.Ok);
    expect(await bob.client.closed).toBe(1000);
    expect(bob.client.received.at(-1)).toBe(reasonText);
    expect(await server.next("closeConnection")).toMatchObject({ connectionId, errorMessage: "enough" });
    expect(await asked(close, manager)).toBe(AckStatus.NotFound);
  });

  test("one connection by the plain message of another server", async () => {
    const other = await ScriptedServer.connect(emulator, { serverId: "server-b" });
    other.send({ kind: "closeConnection", connectionId: bob.connectionId, errorMessage: "enough", headers: [] });
    expect(await bob.client.closed).toBe(1000);
    expect(await server.next("closeConnection")).toMatchObject({ connectionId: bob.connectionId });
  });

  test.each([
    ["a user", () => ({ kind: "closeUserConnectionsWithAck", userId: "ann" }) as const],
    ["a group", () => ({ kind: "closeGroupConnectionsWithAck", groupName: "room" }) as const],
    ["all", () => ({ kind: "closeConnectionsWithAck" }) as const],
  ])("%s, without the excluded", async (_who, message) => {
    for (const pair of [ann, annToo]) await joined(pair, "room");
    const excludedList = [annToo.connectionId, bob.connectionId];
    expect(await asked((ackId) => ({ ...message(), reason: "enough", excludedList, ackId }))).toBe(AckStatus.Ok);
    expect(await ann.client.closed).toBe(1000);
    expect(ann.client.received.at(-1)).toBe(reasonText);
    expect(emulator.hubs()[0]?.clients).toBe(2);
  });
});

describe("claims of a connected client", () => {
  test("are not told to somebody who knows its public id only", async () => {
    const about = (connectionToken: string) =>
      asked((ackId) => ({ kind: "getConnectionClaims", connectionToken, ackId }));
    expect(await about("unknown")).toBe(AckStatus.NotFound);
    expect(await about(bob.connectionId)).toBe(AckStatus.NotFound);
  });

  test("are pushed to the server that carries the client", async () => {
    const response = await fetchNegotiation();
    const other = await ScriptedServer.connect(emulator, { serverId: "server-b" });
    const { connectionId } = await connectPair(emulator, other, {
      query: `id=${response.connectionToken}`,
      claims: [["asrs.s.sn", "server-b"]],
    });
    const claims = [["role", "admin"] as const, ["role", "user"] as const];
    const ackId = nextAck++;
    const refresh = { kind: "refreshAuth", connectionToken: response.connectionToken, claims, ackId } as const;
    server.send({ ...refresh, expireTime: new Date(Date.now() + 3_600_000) });
    const ack = await server.next("ack", (answer) => answer.ackId === ackId);
    expect(ack.status).toBe(AckStatus.Ok);
    expect(ack.payload?.[0]).toBe(0x82);
    expect(await other.next("updateConnectionClaims")).toMatchObject({ connectionId, claims });
    server.send({ kind: "getConnectionClaims", connectionToken: response.connectionToken, ackId: nextAck });
    const told = await server.next("ack", (answer) => answer.ackId === nextAck);
    expect(Buffer.from(told.payload ?? []).equals(Buffer.from(ack.payload ?? []))).toBe(true);
    nextAck += 1;
  });
});

async function fetchNegotiation(): Promise<{ connectionToken: string }> {
  const token = await tokensOf(emulator).clientToken("chat", []);
  const response = await fetch(`${emulator.url}/client/negotiate?hub=chat&negotiateVersion=1`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  return (await response.json()) as { connectionToken: string };
}
