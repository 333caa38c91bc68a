import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { MemoryOutlet } from "../../test/support/memory-outlet.js";
import { type HubClients, OutletClients } from "./clients.js";
import { OutletGroups } from "./groups.js";
import { Hub } from "./hub.js";

class SendingHub extends Hub {
  async toCaller(count: number) {
    for (let at = 0; at < count; at += 1) await this.clients.caller.send("item", at);
    return "done";
  }
  async toOthers() {
    await this.clients.others.send("news");
  }
  async toOthersInGroup(group: string) {
    await this.clients.othersInGroup(group).send("news");
  }
  async join(group: string) {
    await this.groups.add(this.context.connectionId, group);
  }
  async leave(group: string) {
    await this.groups.remove(this.context.connectionId, group);
  }
}

describe("inside a hub call", () => {
  test("what is sent to the caller comes before the completion, in order, by the caller's own way", async () => {
    const harness = new HubHarness(SendingHub);
    const client = await harness.connect("messagepack");
    client.invoke("toCaller", 3);
    for (let at = 0; at < 3; at += 1)
      expect(await client.next()).toMatchObject({ type: 1, target: "item", arguments: [at] });
    expect((await client.completion()).result).toBe("done");
    expect(harness.outlet.sent.every((sent) => sent.origin === client.session.wire)).toBe(true);
  });

  test("others are all but the caller, in a group too", async () => {
    const harness = new HubHarness(SendingHub);
    const [one, two, three] = [await harness.connect(), await harness.connect("messagepack"), await harness.connect()];
    await one.call("join", "room");
    await two.call("join", "room");
    await one.call("toOthers");
    await one.call("toOthersInGroup", "room");
    expect([one.unread.length, two.unread.length, three.unread.length]).toEqual([0, 2, 1]);
    await two.next();
    await two.next();
    await two.call("leave", "room");
    await one.call("toOthersInGroup", "room");
    expect(two.unread).toEqual([]);
  });
});

describe("addresses", () => {
  const reach = async (send: (clients: HubClients) => Promise<void>): Promise<string[]> => {
    const harness = new HubHarness(SendingHub);
    const users: Record<string, string> = { c1: "ann", c2: "ann", c3: "bob", c4: "Ann" };
    const clients = [];
    for (const userId of Object.values(users)) clients.push(await harness.connect("json", { userId }));
    await harness.outlet.addToGroup("c1", "g1");
    await harness.outlet.addToGroup("c1", "g2");
    await harness.outlet.addToGroup("c3", "g2");
    await send(new OutletClients(harness.outlet));
    return clients.flatMap((client) => client.unread.map(() => client.id));
  };

  test.each<[string, (clients: HubClients) => Promise<void>, string[]]>([
    ["all", (clients) => clients.all.send("m"), ["c1", "c2", "c3", "c4"]],
    ["allExcept", (clients) => clients.allExcept(["c2", "unknown"]).send("m"), ["c1", "c3", "c4"]],
    ["client", (clients) => clients.client("c2").send("m"), ["c2"]],
    ["an absent client", (clients) => clients.client("absent").send("m"), []],
    ["clients", (clients) => clients.clients(["c1", "c4"]).send("m"), ["c1", "c4"]],
    ["group", (clients) => clients.group("g2").send("m"), ["c1", "c3"]],
    ["a group of another case", (clients) => clients.group("G2").send("m"), []],
    ["groups", (clients) => clients.groups(["g1", "g2"]).send("m"), ["c1", "c1", "c3"]],
    ["groupExcept", (clients) => clients.groupExcept("g2", ["c1"]).send("m"), ["c3"]],
    ["user", (clients) => clients.user("ann").send("m"), ["c1", "c2"]],
    ["users", (clients) => clients.users(["ann", "bob"]).send("m"), ["c1", "c2", "c3"]],
  ])("%s reaches whom it names", async (_name, send, reached) => {
    expect(await reach(send)).toEqual(reached);
  });
});

describe("what cannot be an address", () => {
  const outlet = new MemoryOutlet();
  const clients = new OutletClients(outlet);
  const groups = new OutletGroups(outlet);
  /** Arguments as plain JavaScript may give them. */
  const wrong = (value: unknown): never => value as never;

  test.each<[string, () => unknown, string]>([
    ["client()", () => clients.client(""), "connectionId must be a text that is not empty, got an empty string"],
    ["client(null)", () => clients.client(wrong(null)), "connectionId must be a text that is not empty, got null"],
    ["group(undefined)", () => clients.group(wrong(undefined)), "name must be a text that is not empty, got undefined"],
    ["user(5)", () => clients.user(wrong(5)), "userId must be a text that is not empty, got number"],
    ["clients(text)", () => clients.clients(wrong("c1")), "connectionIds must be an array of strings"],
    ["users([1])", () => clients.users(wrong([1])), "userIds must be an array of strings"],
    ["groupExcept", () => clients.groupExcept("g", wrong("c1")), "connectionIds must be an array of strings"],
    ["groups([''])", () => clients.groups([""]), "Cannot send to an empty group name."],
  ])("%s is refused at once", (_name, act, text) => {
    expect(act).toThrow(text);
  });

  test("a method without a name, and groups without names, are refused by the promise", async () => {
    await expect(clients.all.send("")).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    await expect(clients.client("c").invoke(wrong(undefined))).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    await expect(groups.add("c1", "")).rejects.toThrow("group must be a text that is not empty, got an empty string");
    await expect(groups.remove(wrong(null), "g")).rejects.toThrow("connectionId must be a text that is not empty");
    expect(outlet.sent).toEqual([]);
  });
});
