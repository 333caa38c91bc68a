import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  connectPair,
  jsonPayload,
  type RawClient,
  RECORD_END,
  ScriptedServer,
} from "../../test/support/emulator-peers.js";
import type { ClientCompletion, WireClaim } from "../protocol/service/messages.js";
import { finPing } from "../protocol/service/pings.js";
import { type Emulator, startEmulator } from "./index.js";

let emulator: Emulator;
let caller: ScriptedServer;
let owner: ScriptedServer;
let client: RawClient;
let connectionId: string;

const TO_OWNER: WireClaim[] = [
  ["asrs.s.sn", "owner"],
  ["asrs.s.ssticky", "Preferred"],
];
const CALL = `{"type":1,"invocationId":"i1","target":"ask","arguments":[]}${RECORD_END}`;
const ANSWER = `{"type":3,"invocationId":"i1","result":42}${RECORD_END}`;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  caller = await ScriptedServer.connect(emulator, { serverId: "caller" });
  owner = await ScriptedServer.connect(emulator, { serverId: "owner" });
  ({ client, connectionId } = await connectPair(emulator, owner, { claims: TO_OWNER }));
});

afterEach(() => emulator.stop());

function call(from: ScriptedServer, id = connectionId): void {
  const payloads = jsonPayload({ type: 1, invocationId: "i1", target: "ask", arguments: [] });
  from.send({
    kind: "clientInvocation",
    invocationId: "i1",
    connectionId: id,
    callerServerId: from.serverId,
    payloads,
  });
}

/** What the owner sends when its client has answered; it names itself as the caller, as the SDK does. */
const completion = (by: ScriptedServer, payload = ANSWER): ClientCompletion => ({
  kind: "clientCompletion",
  invocationId: "i1",
  connectionId,
  callerServerId: by.serverId,
  protocol: "json",
  payload: Buffer.from(payload),
});

describe("a call of a client on another server", () => {
  test("is announced to that server, which then hands over the answer", async () => {
    call(caller);
    expect(await caller.next("serviceMapping")).toMatchObject({
      invocationId: "i1",
      connectionId,
      instanceId: expect.stringMatching(/^emulator-/),
    });
    expect(await owner.next("clientInvocation")).toMatchObject({ invocationId: "i1", callerServerId: "caller" });
    expect(await client.next()).toBe(CALL);
    client.send(ANSWER);
    await owner.next("connectionData", ({ payload }) => payload.toString() === ANSWER);
    owner.send(completion(owner));
    const completed = await caller.next("clientCompletion");
    expect(completed).toMatchObject({ invocationId: "i1", connectionId, protocol: "json" });
    expect(completed.payload.toString()).toBe(ANSWER);
  });

  test("is answered on another connection of the caller when the first is gone", async () => {
    const spare = await ScriptedServer.connect(emulator, { serverId: "caller" });
    call(caller);
    await owner.next("clientInvocation");
    await caller.close();
    owner.send(completion(owner));
    expect((await spare.next("clientCompletion")).payload.toString()).toBe(ANSWER);
  });

  test("is forgotten when the caller is gone altogether", async () => {
    call(caller);
    await owner.next("clientInvocation");
    await caller.close();
    await owner.settled();
    const back = await ScriptedServer.connect(emulator, { serverId: "caller" });
    owner.send(completion(owner));
    await owner.settled();
    await back.settled();
    expect(back.received.some(({ kind }) => kind === "clientCompletion")).toBe(false);
  });

  test("fails in words when the client goes away", async () => {
    call(caller);
    await owner.next("clientInvocation");
    await client.close();
    expect(await caller.next("errorCompletion")).toMatchObject({
      invocationId: "i1",
      connectionId,
      error: `Connection '${connectionId}' disconnected.`,
    });
  });

  test("hands over an error of the owner", async () => {
    call(caller);
    await owner.next("clientInvocation");
    owner.send({ kind: "errorCompletion", invocationId: "i1", connectionId, callerServerId: "owner", error: "no" });
    expect(await caller.next("errorCompletion")).toMatchObject({ invocationId: "i1", error: "no" });
  });

  test("is answered once", async () => {
    call(caller);
    await owner.next("clientInvocation");
    owner.send(completion(owner), completion(owner));
    await caller.next("clientCompletion");
    await owner.settled();
    await caller.settled();
    expect(caller.received.filter(({ kind }) => kind === "clientCompletion").length).toBe(1);
  });

  test("survives the client's move to a third server", async () => {
    call(caller);
    await owner.next("clientInvocation");
    await client.next();
    const third = await ScriptedServer.connect(emulator, { serverId: "third" });
    await connectPair(emulator, caller);
    owner.send(finPing(1));
    await third.next("openConnection");
    expect(await third.next("clientInvocation")).toMatchObject({ invocationId: "i1", callerServerId: "caller" });
    third.send(completion(third));
    expect((await caller.next("clientCompletion")).payload.toString()).toBe(ANSWER);
    expect(client.received.filter((text) => text === CALL).length).toBe(1);
  });
});

describe("a call of a client on the own server", () => {
  test("goes to the client alone, and is forgotten at the server's word", async () => {
    call(owner);
    await owner.next("serviceMapping");
    expect(await client.next()).toBe(CALL);
    owner.send(completion(owner, ""));
    await owner.settled();
    await client.close();
    await owner.next("closeConnection");
    const kinds = owner.received.map(({ kind }) => kind);
    expect(kinds.includes("clientInvocation") || kinds.includes("errorCompletion")).toBe(false);
    expect(caller.received.map(({ kind }) => kind)).toEqual(["handshakeResponse"]);
  });
});

test("a call of a client that is not there fails in words", async () => {
  call(caller, "ghost");
  expect(await caller.next("errorCompletion")).toMatchObject({
    invocationId: "i1",
    connectionId: "ghost",
    callerServerId: "caller",
    error: "Connection 'ghost' does not exist.",
  });
});

test("an answer to a call that nobody made is ignored", async () => {
  owner.send(completion(owner));
  await owner.settled();
  await caller.settled();
  expect(caller.received.some(({ kind }) => kind === "clientCompletion")).toBe(false);
});
