import type { HubConnection } from "@microsoft/signalr";
import { defaultEndpointRouter, Hub, type RoutableEndpoint } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import type { ConnectRequest } from "azure-signalr-server/express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HubServer, Inbox } from "../support/hub-server.js";

interface RoomClient {
  heard(text: string): void;
  answer(question: string): string;
}

class RoomHub extends Hub<RoomClient> {
  async join(room: string) {
    await this.groups.add(this.context.connectionId, room);
  }
  async leave(room: string) {
    await this.groups.remove(this.context.connectionId, room);
  }
  async toAll(text: string) {
    await this.clients.all.send("heard", text);
  }
  async toRoom(room: string, text: string) {
    await this.clients.group(room).send("heard", text);
  }
  async toUser(user: string, text: string) {
    await this.clients.user(user).send("heard", text);
  }
  ask(connectionId: string, question: string) {
    return this.clients.client(connectionId).invoke("answer", question);
  }
  me() {
    return this.context.connectionId;
  }
}

const endpointOf = (emulator: Emulator, key: string) => ({ connectionString: emulator.connectionString, key });

/** `?at=name` in the query chooses the endpoint; everything else is left to the default. */
function byQuery(request: ConnectRequest, endpoints: readonly RoutableEndpoint[]): RoutableEndpoint {
  const name = new URL(request.url ?? "", "http://app").searchParams.get("at");
  return endpoints.find((endpoint) => endpoint.name === name) ?? defaultEndpointRouter.negotiate(request, endpoints);
}

async function negotiate(server: HubServer, query = ""): Promise<{ readonly url: string; readonly claims: object }> {
  const reply = await fetch(`${server.origin}/room/negotiate${query}`, { method: "POST" });
  const { url, accessToken } = (await reply.json()) as { url: string; accessToken: string };
  return { url, claims: JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as object };
}

/** Resolves when new clients are sent to this emulator, and to none of the others. */
async function sentTo(server: HubServer, emulator: Emulator): Promise<void> {
  for (let inARow = 0; inARow < 5; ) {
    const reply = await fetch(`${server.origin}/room/negotiate`, { method: "POST" });
    const { url = "" } = reply.ok ? ((await reply.json()) as { url?: string }) : {};
    inARow = url.includes(`:${emulator.port}/`) ? inARow + 1 : 0;
    if (inARow === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let east: Emulator;
let west: Emulator;
let north: Emulator;

beforeAll(async () => {
  [east, west, north] = await Promise.all([
    startEmulator({ port: 0 }),
    startEmulator({ port: 0 }),
    startEmulator({ port: 0 }),
  ]);
});

afterAll(async () => {
  await Promise.all([east.stop(), west.stop(), north.stop()]);
});

describe("two hub servers on three endpoints", () => {
  let one: HubServer;
  let two: HubServer;
  let clients: ReadonlyMap<string, HubConnection>;
  let inboxes: ReadonlyMap<string, Inbox>;

  beforeAll(async () => {
    const options = {
      connectionString: "",
      connectionCount: 2,
      serverStickyMode: "Required",
      endpoints: [endpointOf(east, "east"), endpointOf(west, "west"), endpointOf(north, "north")],
      endpointRouter: { negotiate: byQuery },
      hubs: { "/room": RoomHub },
    } as const;
    one = await HubServer.start(options, east);
    two = await HubServer.start(options, east);
    const places = ["east", "west", "north"];
    const connected = await Promise.all(
      places.map(async (at) => [at, await one.connect(`/room?at=${at}`, { user: "ann" })] as const),
    );
    const stranger = ["two", await two.connect("/room?at=west", { user: "bob" })] as const;
    clients = new Map([...connected, stranger]);
    inboxes = new Map([...clients].map(([name, client]) => [name, new Inbox(client, "heard")]));
    for (const [name, client] of clients) client.on("answer", (question: string) => `${name}: ${question}`);
  });

  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
  });

  const of = (name: string): HubConnection => {
    const client = clients.get(name);
    if (client === undefined) throw new Error(`there is no client ${name}`);
    return client;
  };
  const heard = (...names: readonly string[]) =>
    Promise.all(names.map(async (name) => (await inboxes.get(name)?.next())?.[1]));

  test("each client is where the router sent it, and its token tells how many endpoints there are", async () => {
    expect([east, west, north].map((emulator) => emulator.clients().length)).toEqual([1, 2, 1]);
    expect((await negotiate(one, "?at=north")).url).toContain(`:${north.port}/`);
    expect((await negotiate(one)).claims).toMatchObject({ "asrs.s.secn": "3" });
  });

  test("what is sent to all, to a group and to a user reaches clients on every endpoint", async () => {
    await of("east").invoke("toAll", "all");
    expect(await heard("east", "west", "north", "two")).toEqual(["all", "all", "all", "all"]);
    for (const name of ["east", "north", "two"]) await of(name).invoke("join", "blue");
    await of("west").invoke("toRoom", "blue", "room");
    expect(await heard("east", "north", "two")).toEqual(["room", "room", "room"]);
    await one.hubs.context(RoomHub).clients.user("ann").send("heard", "user");
    expect(await heard("east", "west", "north")).toEqual(["user", "user", "user"]);
    await of("east").invoke("leave", "blue");
    await of("two").invoke("toRoom", "blue", "after");
    expect(await heard("north", "two")).toEqual(["after", "after"]);
  });

  test("groups are joined from anywhere: the answers of all endpoints become one", async () => {
    const id = await of("two").invoke<string>("me");
    await one.hubs.context(RoomHub).groups.add(id, "green");
    await of("north").invoke("toRoom", "green", "found");
    expect(await heard("two")).toEqual(["found"]);
    // A client that is nowhere is no error, as in the service.
    await one.hubs.context(RoomHub).groups.add("nobody", "green");
  });

  test("a client is asked across servers and endpoints, and the endpoints that do not know it do not end the call", async () => {
    const [northId, twoId] = await Promise.all([of("north").invoke("me"), of("two").invoke("me")]);
    expect(await of("east").invoke("ask", northId, "here?")).toBe("north: here?");
    expect(await of("east").invoke("ask", twoId, "there?")).toBe("two: there?");
    expect(await of("two").invoke("ask", northId, "far?")).toBe("north: far?");
    await expect(of("east").invoke("ask", "nobody", "?")).rejects.toThrow(/nobody|exist|HubException/i);
  });

  test("the messages of one client keep their order on each endpoint", async () => {
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    for (const text of texts) void of("east").send("toAll", text);
    for (const name of ["east", "west", "north", "two"]) {
      const received: unknown[] = [];
      for (const _ of texts) received.push(...(await heard(name)));
      expect(received).toEqual(texts);
    }
  });
});

test("clients go where there is room, by what the endpoints say", async () => {
  let seen: readonly RoutableEndpoint[] = [];
  await using server = await HubServer.start(
    {
      connectionString: "",
      connectionCount: 1,
      endpoints: [endpointOf(east, "full"), endpointOf(west, "free")],
      endpointRouter: {
        negotiate(request, endpoints) {
          seen = endpoints;
          return defaultEndpointRouter.negotiate(request, endpoints);
        },
      },
      hubs: { "/room": RoomHub },
    },
    east,
  );
  const tell = (emulator: Emulator, clientCount: number) =>
    emulator.pingServers(["status", "1", "clientcount", String(clientCount), "servercount", "0", "capacity", "1000"]);
  const isTold = () => seen.every(({ metrics }) => metrics.connectionCapacity === 1000);
  do {
    tell(east, 950);
    tell(west, 0);
    await negotiate(server);
  } while (seen.length < 2 || !isTold());
  const urls = await Promise.all(Array.from({ length: 100 }, async () => (await negotiate(server)).url));
  const free = urls.filter((url) => url.includes(`:${west.port}/`)).length;
  // 20 to 1 by their room: about 95.
  expect(free).toBeGreaterThan(75);
});

test("when an endpoint dies, its clients go to the next one, to a secondary when no primary is left, and back", async () => {
  const accessKey = "a-key-of-the-endpoint-that-dies-0123456789";
  await using dying = await startEmulator({ port: 0, accessKey });
  const hubs = { "/room": RoomHub };
  const common = { connectionString: "", connectionCount: 1, hubs };
  // As in two regions: each one's primary is the other one's secondary.
  await using here = await HubServer.start(
    { ...common, endpoints: [endpointOf(dying, "here"), endpointOf(north, "there:secondary")] },
    dying,
  );
  await using there = await HubServer.start(
    { ...common, endpoints: [endpointOf(north, "there"), endpointOf(dying, "here:secondary")] },
    north,
  );
  const client = here.client("/room", { reconnectDelays: Array.from({ length: 200 }, () => 50) });
  const inbox = new Inbox(client, "heard");
  const back = new Promise<void>((resolve) => client.onreconnected(() => resolve()));
  await client.start();
  expect(dying.clients()).toHaveLength(1);
  const { port } = dying;
  await dying.stop();
  // The client negotiates anew by itself.
  await back;
  expect(north.clients()).toHaveLength(1);
  await sentTo(here, north);
  expect(here.hubs.health().status).toBe("degraded");
  await here.hubs.context(RoomHub).clients.all.send("heard", "from here");
  await there.hubs.context(RoomHub).clients.all.send("heard", "from there");
  expect([await inbox.next(), await inbox.next()]).toEqual([
    ["heard", "from here"],
    ["heard", "from there"],
  ]);
  await using again = await startEmulator({ port, accessKey });
  await sentTo(here, again);
  expect(here.hubs.health().status).toBe("healthy");
});

describe("endpoints that change while the hubs run", () => {
  test("clients of the endpoint that stays are not disturbed; the other one is left when its clients have gone", async () => {
    await using server = await HubServer.start(
      { connectionString: "", connectionCount: 1, endpoints: [endpointOf(east, "east")], hubs: { "/room": RoomHub } },
      east,
    );
    const old = await server.connect("/room");
    const inbox = new Inbox(old, "heard");
    let isClosed = false;
    old.onclose(() => {
      isClosed = true;
    });
    await server.hubs.updateEndpoints([endpointOf(east, "renamed"), endpointOf(west, "west")]);
    while (west.clients().length === 0) await server.connect("/room");
    await server.hubs.context(RoomHub).clients.all.send("heard", "both");
    expect(await inbox.next()).toEqual(["heard", "both"]);
    const leaving = server.hubs.updateEndpoints([endpointOf(west, "west")]);
    await sentTo(server, west);
    await server.hubs.context(RoomHub).clients.all.send("heard", "still here");
    expect(await inbox.next()).toEqual(["heard", "still here"]);
    expect(isClosed).toBe(false);
    expect(await old.invoke("me")).toMatch(/^\S+$/);
    const staying = west.clients().length;
    for (const snapshot of east.clients()) east.dropClient(snapshot.connectionId);
    await leaving;
    expect(east.hubs()).toEqual([]);
    expect(west.clients()).toHaveLength(staying);
  });

  test("nothing to go to, or something wrong, changes nothing; updates come one after the other", async () => {
    const records: string[] = [];
    const note = (text: string): void => void records.push(text);
    const logger = { debug: note, info: note, warn: note, error: note };
    await using server = await HubServer.start(
      {
        connectionString: "",
        connectionCount: 1,
        logger,
        endpoints: [endpointOf(east, "east")],
        hubs: { "/room": RoomHub },
      },
      east,
    );
    await server.hubs.updateEndpoints([]);
    await expect(server.hubs.updateEndpoints([endpointOf(east, "east:secondary")])).rejects.toThrow(/No primary/);
    await expect(server.hubs.updateEndpoints(["Endpoint=nonsense;AccessKey=hidden-key"])).rejects.toMatchObject({
      code: "CONNECTION_STRING_INVALID",
    });
    expect(server.hubs.health()).toMatchObject({ status: "healthy", endpoints: [{ name: "east" }] });
    expect(records.filter((text) => text.includes("stay"))).toHaveLength(3);
    expect(records.join()).not.toContain("hidden-key");
    await Promise.all([
      server.hubs.updateEndpoints([endpointOf(east, "east"), endpointOf(west, "west")]),
      server.hubs.updateEndpoints([endpointOf(north, "north")]),
      server.hubs.updateEndpoints(),
    ]);
    expect(server.hubs.health().endpoints).toMatchObject([{ name: "east" }]);
  });

  test("a shutdown in the middle of an update ends both", async () => {
    const server = await HubServer.start(
      { connectionString: "", connectionCount: 1, endpoints: [endpointOf(east, "east")], hubs: { "/room": RoomHub } },
      east,
    );
    const unreachable = "Endpoint=http://127.0.0.1;Port=9;AccessKey=a-key-for-nobody-at-all-0123456789;";
    const update = server.hubs.updateEndpoints([endpointOf(east, "east"), unreachable]);
    const later = server.hubs.updateEndpoints([endpointOf(west, "west")]);
    await sentTo(server, east);
    await server[Symbol.asyncDispose]();
    await expect(update).rejects.toMatchObject({ code: "STOPPED" });
    await expect(later).rejects.toMatchObject({ code: "STOPPED" });
  });
});
