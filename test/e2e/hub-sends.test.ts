import type { HubConnection } from "@microsoft/signalr";
import { Hub, type HubClients } from "azure-signalr-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HubServer, Inbox } from "../support/hub-server.js";

type Target =
  | ["all" | "caller" | "others"]
  | ["client" | "group" | "user" | "othersInGroup", string]
  | ["allExcept" | "clients" | "groups" | "users", string[]]
  | ["groupExcept", string, string[]];

class SendingHub extends Hub {
  id() {
    return this.context.connectionId;
  }
  async join(group: string) {
    await this.groups.add(this.context.connectionId, group);
  }
  async leave(group: string) {
    await this.groups.remove(this.context.connectionId, group);
  }
  async send(target: Target, text: string) {
    const { clients } = this;
    const [kind, first, second] = target;
    if (kind === "caller") await clients.caller.send("message", text);
    else if (kind === "others") await clients.others.send("message", text);
    else if (kind === "othersInGroup") await clients.othersInGroup(first).send("message", text);
    else await sendFromAnywhere(clients, target, text);
    // Comes behind the message wherever that has gone, so a client that gets this alone has missed nothing.
    await clients.all.send("end", second === undefined);
  }
  async inOrder(count: number) {
    for (let at = 0; at < count; at += 1) {
      if (at % 3 === 0) await this.clients.caller.send("message", at);
      else if (at % 3 === 1) await this.clients.all.send("message", at);
      else await this.clients.group("ordered").send("message", at);
    }
    return "after all";
  }
  async joinAndSend(group: string) {
    await this.groups.add(this.context.connectionId, group);
    await this.clients.group(group).send("message", "you are in");
  }
}

async function sendFromAnywhere(clients: HubClients, target: Target, text: string): Promise<void> {
  const [kind, first, second] = target;
  const proxy =
    kind === "all"
      ? clients.all
      : kind === "allExcept"
        ? clients.allExcept(first)
        : kind === "client"
          ? clients.client(first)
          : kind === "clients"
            ? clients.clients(first)
            : kind === "group"
              ? clients.group(first)
              : kind === "groups"
                ? clients.groups(first)
                : kind === "groupExcept"
                  ? clients.groupExcept(first, second)
                  : kind === "user"
                    ? clients.user(first)
                    : kind === "users"
                      ? clients.users(first)
                      : undefined;
  if (proxy === undefined) throw new Error(`${kind} exists in hub calls only`);
  await proxy.send("message", text);
}

let server: HubServer;
beforeAll(async () => {
  server = await HubServer.start({ hubs: { "/send": SendingHub } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(() => server.stopClients());

/** Ann is here twice, by both protocols; Bob and Ann's second connection are in a room. */
async function company() {
  const people = { ann: "json", ann2: "messagepack", bob: "messagepack", cid: "json" } as const;
  const clients = new Map<string, HubConnection>();
  const inboxes = new Map<string, Inbox>();
  const ids = new Map<string, string>();
  for (const [name, protocol] of Object.entries(people)) {
    const client = await server.connect("/send", {
      protocol,
      user: name.replace("2", ""),
      prepare: (connection) => inboxes.set(name, new Inbox(connection, "message", "end")),
    });
    clients.set(name, client);
    ids.set(name, await client.invoke("id"));
  }
  await clients.get("ann2")?.invoke("join", "room");
  await clients.get("bob")?.invoke("join", "room");
  await clients.get("ann")?.invoke("join", "hall");
  await clients.get("bob")?.invoke("join", "hall");
  return { clients, inboxes, id: (name: string): string => ids.get(name) ?? "" };
}

type Company = Awaited<ReturnType<typeof company>>;

/** Names of those who got the message before the end mark, once for each time. */
async function reached({ inboxes }: Company): Promise<string[]> {
  const names: string[] = [];
  for (const [name, inbox] of inboxes) {
    for (let next = await inbox.next(); next[0] !== "end"; next = await inbox.next()) names.push(name);
  }
  return names;
}

const ROWS: ReadonlyArray<[name: string, target: (people: Company) => Target, reached: string[]]> = [
  ["all", () => ["all"], ["ann", "ann2", "bob", "cid"]],
  ["allExcept", (people) => ["allExcept", [people.id("bob"), "unknown"]], ["ann", "ann2", "cid"]],
  ["client", (people) => ["client", people.id("ann2")], ["ann2"]],
  ["an absent client", () => ["client", "absent"], []],
  ["clients", (people) => ["clients", [people.id("ann"), people.id("bob"), "absent"]], ["ann", "bob"]],
  ["no clients", () => ["clients", []], []],
  ["group", () => ["group", "room"], ["ann2", "bob"]],
  ["a group in another case", () => ["group", "ROOM"], []],
  ["an absent group", () => ["group", "nowhere"], []],
  ["groups", () => ["groups", ["room", "hall"]], ["ann", "ann2", "bob", "bob"]],
  ["groupExcept", (people) => ["groupExcept", "room", [people.id("bob")]], ["ann2"]],
  ["user", () => ["user", "ann"], ["ann", "ann2"]],
  ["a user in another case", () => ["user", "Ann"], []],
  ["users", () => ["users", ["bob", "cid", "nobody"]], ["bob", "cid"]],
];

const CALLER_ROWS: typeof ROWS = [
  ["caller", () => ["caller"], ["bob"]],
  ["others", () => ["others"], ["ann", "ann2", "cid"]],
  ["othersInGroup", () => ["othersInGroup", "room"], ["ann2"]],
];

describe("sending from a hub method", () => {
  test("reaches whom each address names, in both protocols", async () => {
    const people = await company();
    for (const [name, target, expected] of [...ROWS, ...CALLER_ROWS]) {
      await people.clients.get("bob")?.invoke("send", target(people), name);
      expect([name, ...(await reached(people))]).toEqual([name, ...expected]);
    }
  });

  test("keeps the order of one call's messages, and its completion comes last", async () => {
    for (const protocol of ["json", "messagepack"] as const) {
      let inbox: Inbox | undefined;
      const client = await server.connect("/send", {
        protocol,
        prepare: (connection) => {
          inbox = new Inbox(connection, "message");
        },
      });
      await client.invoke("join", "ordered");
      const order: unknown[] = [];
      client.on("message", (at) => order.push(at));
      expect(await client.invoke("inOrder", 60)).toBe("after all");
      expect(order).toEqual(Array.from({ length: 60 }, (_, at) => at));
      expect(await inbox?.next()).toEqual(["message", 0]);
      await client.stop();
    }
  });
});

describe("sending from outside of a hub", () => {
  test("reaches whom each address names", async () => {
    const people = await company();
    const context = server.hubs.context(SendingHub);
    for (const [name, target, expected] of ROWS) {
      await sendFromAnywhere(context.clients, target(people), name);
      // A hub call's mark could overtake, it may go another way; so each expected message is waited for.
      const got: string[] = [];
      for (const person of expected) {
        expect(await people.inboxes.get(person)?.next()).toEqual(["message", name]);
        got.push(person);
      }
      expect(got).toEqual(expected);
    }
  });

  test("puts connections into groups and takes them out", async () => {
    const people = await company();
    const { clients, groups } = server.hubs.context(SendingHub);
    await groups.add(people.id("cid"), "late");
    await groups.add(people.id("cid"), "late");
    await groups.add("unknown-connection", "late");
    await clients.group("late").send("message", "one");
    expect(await people.inboxes.get("cid")?.next()).toEqual(["message", "one"]);
    await groups.remove(people.id("cid"), "late");
    await groups.remove(people.id("cid"), "late");
    await clients.group("late").send("message", "two");
    await clients.client(people.id("cid")).send("message", "three");
    expect(await people.inboxes.get("cid")?.next()).toEqual(["message", "three"]);
  });

  test("offers no caller", () => {
    const { clients } = server.hubs.context(SendingHub);
    expect("caller" in clients || "others" in clients || "othersInGroup" in clients).toBe(false);
  });
});

describe("groups", () => {
  test("have a new member as soon as joining is over", async () => {
    let inbox: Inbox | undefined;
    const client = await server.connect("/send", {
      prepare: (connection) => {
        inbox = new Inbox(connection, "message");
      },
    });
    for (let round = 0; round < 20; round += 1) {
      await client.invoke("joinAndSend", `group ${round}`);
      expect(await inbox?.next()).toEqual(["message", "you are in"]);
    }
  });

  test("are left by leaving, and end with the connection", async () => {
    const people = await company();
    await people.clients.get("bob")?.invoke("leave", "room");
    await people.clients.get("cid")?.invoke("send", ["group", "room"], "x");
    expect(await reached(people)).toEqual(["ann2"]);
    await people.clients.get("ann2")?.stop();
    await people.clients.get("ann2")?.start();
    await people.clients.get("cid")?.invoke("send", ["group", "room"], "x");
    expect(await reached(people)).toEqual([]);
  });
});
