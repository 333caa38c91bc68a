import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectPair, jsonPayload, RawClient, ScriptedServer, tokensOf } from "../../../test/support/emulator-peers.js";
import { ManualClock } from "../../../test/support/manual-clock.js";
import { askPage, PageClient } from "../../../test/support/page-client.js";
import { eventually } from "../../../test/support/polling.js";
import { silentProbe } from "../../base/probe.js";
import { Secret } from "../../base/secret.js";
import { type Emulator, startEmulator } from "../index.js";
import { Instances } from "../instances.js";
import { resolveEmulatorOptions } from "../options.js";
import { createServerlessMode } from "../serverless/serverless-mode.js";
import { Service } from "../service.js";
import { TurnEnd } from "../turn-end.js";
import type { ClientDetails } from "./client-details.js";
import type { ClientRow, NamedRow } from "./member-lists.js";
import type { MessageLine } from "./message-line.js";
import type { FaultsShown, HubRow, Rows } from "./overview.js";
import { PageDoor } from "./page-door.js";
import { PAGE_LIMITS } from "./page-limits.js";

interface Messages {
  readonly lines: readonly MessageLine[];
  readonly leftOut: number;
}

const UPDATE_MS = PAGE_LIMITS.updateIntervalMs;
const END = "\u001e";

let clock: ManualClock;
let emulator: Emulator;
let server: ScriptedServer;
let page: PageClient;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  emulator = await startEmulator({ port: 0, clock });
  server = await ScriptedServer.connect(emulator, { clock, connectionId: "link-1" });
  page = await PageClient.open(emulator.url);
});

afterEach(() => emulator.stop());

const call = (target: string, ...args: unknown[]) => JSON.stringify({ type: 1, target, arguments: args }) + END;
const invocation = (target: string, ...args: unknown[]) => jsonPayload({ type: 1, target, arguments: args });

/** The messages of the next update, when all that was sent before has passed. */
async function passed(): Promise<Messages> {
  await server.settled();
  page.skip();
  clock.advance(UPDATE_MS);
  return page.part<Messages>("messages");
}

let serial = 0;

/** Resolves when the page is told by this filter. */
async function filtered(filter: object): Promise<void> {
  serial += 1;
  page.filter({ ...filter, serial });
  // The page's words reach the emulator in some later turn.
  await expect.poll(() => page.known["serial"] === serial || clock.advance(UPDATE_MS)).toBe(true);
  page.skip();
}

/** Lists are looked at every so many updates. */
const lists = () => clock.advance(UPDATE_MS * PAGE_LIMITS.updatesPerList);

describe("a page that is opened", () => {
  test("is told at once how things stand", () => {
    expect(page.known["hubNames"]).toEqual(["chat"]);
    expect(page.known["figures"]).toEqual({ clients: 0, users: 0, groups: 0, servers: 1, serverConnections: 1 });
    expect(page.known["hubs"] as Rows<HubRow>).toMatchObject({
      total: 1,
      rows: [
        { name: "chat", servers: { total: 1, rows: [{ id: "server-a", connections: { rows: [{ id: "link-1" }] } }] } },
      ],
    });
    const noFaults: FaultsShown = { serverStatus: null, clientStatus: null, latencyMs: 0, acksToLose: 0 };
    expect(page.known["faults"]).toEqual(noFaults);
    expect(page.known["about"]).toEqual({ version: expect.stringMatching(/^\d+\./) });
  });

  test("hears of changes, and not again of what has not changed", async () => {
    clock.advance(UPDATE_MS);
    expect(Object.keys(await page.next())).toEqual(["rates"]);
    const { connectionId } = await connectPair(emulator, server, { clock, claims: [["nameid", "ann"]] });
    server.send({ kind: "joinGroup", connectionId, groupName: "lobby" });
    await server.settled();
    lists();
    expect(await page.part<Rows<ClientRow>>("clients")).toEqual({
      total: 1,
      rows: [{ connectionId, hub: "chat", userId: "ann", transport: "WebSockets", protocol: "json", groups: 1 }],
    });
    const one = (name: string): Rows<NamedRow> => ({ total: 1, rows: [{ hub: "chat", name, connections: 1 }] });
    expect(page.known["groups"]).toEqual(one("lobby"));
    expect(page.known["users"]).toEqual(one("ann"));
    expect(page.known["figures"]).toMatchObject({ clients: 1, users: 1, groups: 1 });
    emulator.refuseClients(429);
    emulator.loseAcks(3);
    clock.advance(UPDATE_MS);
    expect(await page.part<FaultsShown>("faults")).toMatchObject({ clientStatus: 429, acksToLose: 3 });
  });

  test("reads rates for each update", async () => {
    const { client, connectionId } = await connectPair(emulator, server, { clock });
    client.send(call("say", "hi"));
    client.send('{"type":6}\u001e');
    await server.next("connectionData", ({ payload }) => payload.length === 11);
    server.data(connectionId, call("heard"));
    server.send({ kind: "broadcastData", excludedList: [], payloads: invocation("all") });
    await server.settled();
    clock.advance(UPDATE_MS);
    const rates = await page.part<Record<string, number>>("rates");
    // With the handshake of the client, both ways; pings of clients do not count as their messages.
    expect(rates).toMatchObject({ elapsedMs: UPDATE_MS, up: 2, down: 3, event: 1 });
    expect(rates["at"]).toBe(clock.unixTime());
  });
});

describe("the messages", () => {
  test("are shown with what is in them", async () => {
    const { client, connectionId } = await connectPair(emulator, server, { clock, claims: [["nameid", "ann"]] });
    client.send(call("say", "lobby", { deep: [1] }));
    await server.next("connectionData", ({ payload }) => Buffer.from(payload).includes("say"));
    server.send({ kind: "joinGroup", connectionId, groupName: "lobby" });
    server.send({
      kind: "groupBroadcastData",
      groupName: "lobby",
      excludedList: ["x"],
      excludedUserList: [],
      callerUserId: null,
      payloads: invocation("heard", "ann"),
    });
    server.send({ kind: "userData", userId: "ann", payloads: invocation("whisper") });
    const { lines, leftOut } = await passed();
    expect(lines.map(({ flow, what, about, connectionId: id, text }) => [flow, what, about || id, text])).toEqual([
      ["event", "open", connectionId, "a client came"],
      ["up", "handshake", connectionId, "json, version 1"],
      ["down", "handshake", connectionId, "accepted"],
      ["up", "call", connectionId, 'say("lobby", {"deep":[1]})'],
      ["event", "join", connectionId, "lobby"],
      ["down", "call", "group lobby but 1", 'heard("ann")'],
      ["down", "call", "user ann", "whisper()"],
    ]);
    expect(leftOut).toBe(0);
    expect(lines[3]).toMatchObject({ hub: "chat", serverId: "server-a", direction: "toServer" });
  });

  test("that keep service and servers going are shown when they are asked for", async () => {
    await filtered({ hasServiceMessages: true });
    server.send({ kind: "ping", messages: ["echo", "1"] });
    const { lines } = await passed();
    expect(lines.map(({ what, text }) => `${what} ${text}`)).toEqual(
      expect.arrayContaining(["ping echo 1", "check connection existence "]),
    );
  });

  test("are a sample when there are many, and the others are counted", async () => {
    const { connectionId } = await connectPair(emulator, server, { clock });
    await passed();
    for (let index = 0; index < 500; index += 1) server.data(connectionId, call("tick", index));
    const first = await passed();
    // What the update before did not use was saved up.
    expect(first.lines).toHaveLength(PAGE_LIMITS.messagesPerBurst);
    expect(first.leftOut).toBe(500 - PAGE_LIMITS.messagesPerBurst);
    for (let index = 0; index < 500; index += 1) server.data(connectionId, call("tick", index));
    const second = await passed();
    expect(second.lines).toHaveLength(PAGE_LIMITS.messagesPerUpdate);
    expect(second.leftOut).toBe(500 - PAGE_LIMITS.messagesPerUpdate);
  });

  test("of one client are those from it, for it, and for its groups and user", async () => {
    const ann = await connectPair(emulator, server, { clock, claims: [["nameid", "ann"]] });
    const ben = await connectPair(emulator, server, { clock, claims: [["nameid", "ben"]] });
    server.send({ kind: "joinGroup", connectionId: ann.connectionId, groupName: "lobby" });
    await passed();
    await filtered({ connectionId: ann.connectionId });
    const group = { excludedUserList: [], callerUserId: null, payloads: invocation("group") };
    server.data(ben.connectionId, call("ben only"));
    server.data(ann.connectionId, call("ann only"));
    server.send({ kind: "broadcastData", excludedList: [ann.connectionId], payloads: invocation("others") });
    server.send({ kind: "broadcastData", excludedList: [], payloads: invocation("all") });
    server.send({ kind: "groupBroadcastData", groupName: "lobby", excludedList: [], ...group });
    server.send({ kind: "groupBroadcastData", groupName: "attic", excludedList: [], ...group });
    server.send({ kind: "multiGroupBroadcastData", groupList: ["attic", "lobby"], payloads: invocation("groups") });
    server.send({ kind: "multiUserData", userList: ["ben"], payloads: invocation("ben") });
    server.send({ kind: "multiUserData", userList: ["ben", "ann"], payloads: invocation("users") });
    server.send({ kind: "multiConnectionData", connectionList: [ben.connectionId], payloads: invocation("no") });
    const { lines } = await passed();
    expect(lines.map(({ text }) => text)).toEqual(["ann only()", "all()", "group()", "groups()", "users()"]);
    expect((page.known["selected"] as ClientDetails).connectionId).toBe(ann.connectionId);
    await ann.client.close();
    await server.next("closeConnection");
    const last = await passed();
    expect(last.lines.map(({ what }) => what)).toEqual(["close"]);
    expect(page.known["selected"]).toBeNull();
  });

  test("of one hub are chosen by its name, in any case, and so are the lists", async () => {
    const other = await ScriptedServer.connect(emulator, { clock, hub: "other", connectionId: "link-2" });
    await connectPair(emulator, server, { clock });
    await passed();
    await filtered({ hub: "Other" });
    server.send({ kind: "broadcastData", excludedList: [], payloads: invocation("chat") });
    other.send({ kind: "broadcastData", excludedList: [], payloads: invocation("other") });
    await other.settled();
    const { lines } = await passed();
    expect(lines.map(({ text }) => text)).toEqual(["other()"]);
    expect(page.known["figures"]).toMatchObject({ clients: 0, servers: 1 });
    expect(page.known["clients"]).toEqual({ rows: [], total: 0 });
    expect(page.known["hubNames"]).toEqual(["chat", "other"]);
  });

  test("of the REST API and of clients without a server are among them", async () => {
    const webhook = "http://127.0.0.1:9/{hub}";
    await using other = await startEmulator({
      port: 0,
      clock,
      mode: "serverless",
      upstream: [{ urlTemplate: webhook }],
    });
    const there = await PageClient.open(other.url);
    const client = await RawClient.connect(other, { hub: "Work", clock });
    client.send(call("say", "hi"));
    const token = await tokensOf(other, "rest", clock).restToken(`${other.url}/api/hubs/work/:send`);
    const reply = await askPage(other.url, "/api/hubs/work/:send?api-version=2022-06-01", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: '{"target":"hear","arguments":[1]}',
    });
    expect(reply.status).toBe(202);
    await expect
      .poll(() => {
        clock.advance(UPDATE_MS);
        const lines = there.updates.flatMap((update) => (update["messages"] as Messages | undefined)?.lines ?? []);
        return lines.map(({ flow, what, text, about, serverId }) => [flow, what, text || about, serverId]);
      })
      .toEqual([
        ["event", "open", "a client came", "upstream"],
        ["up", "call", 'say("hi")', "upstream"],
        ["down", "call", "hear(1)", "REST API"],
      ]);
  });

  test("are not looked into while the page pauses", async () => {
    await filtered({ isPaused: true });
    server.send({ kind: "broadcastData", excludedList: [], payloads: invocation("unseen") });
    await server.settled();
    clock.advance(UPDATE_MS);
    expect(await page.part<Record<string, number>>("rates")).toMatchObject({ down: 1 });
    expect(page.updates.some((update) => "messages" in update)).toBe(false);
  });
});

describe("the lists", () => {
  test("are cut, with the whole number beside them", async () => {
    const { connectionId } = await connectPair(emulator, server, { clock });
    for (let index = 0; index < 150; index += 1) {
      server.send({ kind: "joinGroup", connectionId, groupName: `group ${index}` });
    }
    await server.settled();
    lists();
    await eventually(() => (page.known["groups"] as Rows<NamedRow>).total === 150);
    expect((page.known["groups"] as Rows<NamedRow>).rows).toHaveLength(PAGE_LIMITS.rows);
  });

  test("are looked through for ids, users and groups", async () => {
    const ann = await connectPair(emulator, server, { clock, claims: [["nameid", "Ann"]] });
    const ben = await connectPair(emulator, server, { clock, claims: [["nameid", "ben"]] });
    server.send({ kind: "joinGroup", connectionId: ben.connectionId, groupName: "Attic" });
    await server.settled();
    const found = async (find: string): Promise<string[]> => {
      await filtered({ find });
      const { rows, total } = page.known["clients"] as Rows<ClientRow>;
      expect(total).toBe(rows.length);
      return rows.map(({ userId }) => userId ?? "");
    };
    expect(await found("ANN")).toEqual(["Ann"]);
    expect(await found("atti")).toEqual(["ben"]);
    expect(await found(ann.connectionId.slice(2))).toEqual(["Ann"]);
    expect(await found("nobody")).toEqual([]);
    expect(await found("")).toEqual(["Ann", "ben"]);
  });
});

test("the chosen client is shown without its secrets", async () => {
  const { connectionId } = await connectPair(emulator, server, {
    clock,
    claims: [
      ["nameid", "ann"],
      ["refresh_token", "SECRET-1"],
      ["asrs.s.derror", "True"],
    ],
    query: "room=1&access_token=SECRET-2&invite_token=SECRET-3",
    headers: { Cookie: "session=SECRET-4" },
  });
  await filtered({ connectionId });
  const details = page.known["selected"] as ClientDetails;
  expect(details).toMatchObject({ connectionId, userId: "ann", serverId: "server-a", serverConnectionId: "link-1" });
  expect(details.query).toBe("hub=chat&room=1&invite_token=(hidden)");
  expect(details.claims).toContainEqual(["refresh_token", "(hidden)"]);
  expect(details.claims.map(([type]) => type)).not.toContain("asrs.s.derror");
  expect(JSON.stringify(page.updates)).not.toMatch(/SECRET-|eyJ/);
});

describe("what pages cost", () => {
  function serviceWith(time: ManualClock): Service {
    const options = resolveEmulatorOptions({ clock: time });
    return new Service({
      instances: new Instances(1),
      capacity: 10,
      clock: time,
      probe: silentProbe,
      lentKey: undefined,
      ...createServerlessMode(options, new Secret(options.accessKey)),
    });
  }

  let http: Server | undefined;

  afterEach(() => {
    http?.closeAllConnections();
    http?.close();
  });

  test("is nothing while none is open", async () => {
    const time = new ManualClock();
    const service = serviceWith(time);
    const door = new PageDoor({ service, host: undefined, turnEnd: new TurnEnd(), clock: time });
    const timers = time.pendingTimers;
    http = createServer().listen(0, "127.0.0.1");
    http.on("upgrade", (request, socket, head) => door.upgrade(request, socket, head, new URL("http://x/page/live")));
    await eventually(() => http?.listening === true);
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (let round = 0; round < 2; round += 1) {
      const pages = [await PageClient.open(url), await PageClient.open(url)];
      expect([time.pendingTimers, service.taps.isWatched]).toEqual([timers + 1, true]);
      await Promise.all(pages.map((each) => each.close()));
      await eventually(() => !service.taps.isWatched);
      expect(time.pendingTimers).toBe(timers);
    }
    service.stop();
  });

  test("is bounded for a page that does not read, which is cut off in the end", async () => {
    const patience = { ...PAGE_LIMITS, bufferedBytes: -1, patienceMs: 1000 };
    const time = new ManualClock();
    const service = serviceWith(time);
    const door = new PageDoor({ service, host: undefined, turnEnd: new TurnEnd(), clock: time, limits: patience });
    http = createServer().listen(0, "127.0.0.1");
    http.on("upgrade", (request, socket, head) => door.upgrade(request, socket, head, new URL("http://x/page/live")));
    await eventually(() => http?.listening === true);
    const stalled = await PageClient.open(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    time.advance(900);
    expect(service.taps.isWatched).toBe(true);
    time.advance(1000);
    expect(await stalled.closed).toBe(1006);
    await eventually(() => !service.taps.isWatched);
    expect(stalled.updates).toHaveLength(1);
    service.stop();
  });
});
