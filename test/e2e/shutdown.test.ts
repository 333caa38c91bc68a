import { connectionMigration, Hub } from "azure-signalr-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Fleet } from "../support/fleet.js";
import { eventually } from "../support/polling.js";

interface Screen {
  said(text: string): void;
  color(): string;
}

/** One per test: hubs of several servers report here, each under its server's name. */
let told: string[];
let gates: Map<string, () => void>;
let fleet: Fleet;

beforeEach(async () => {
  told = [];
  gates = new Map();
  fleet = await Fleet.start();
});

afterEach(() => fleet[Symbol.asyncDispose]());

const opened = (name: string) =>
  new Promise<void>((resolve) => {
    gates.set(name, resolve);
  });

/** A hub class of its own for each server, so that a report says where it comes from; the hub is the same one. */
function roomOf(server: string) {
  return class RoomHub extends Hub<Screen> {
    static override readonly hubName = "room";
    override async onConnected() {
      const move = this.context.features.get(connectionMigration);
      told.push(move === undefined ? `${server} connected` : `${server} took over`);
      await this.groups.add(this.context.connectionId, "all");
    }
    override onDisconnected(error?: Error) {
      const move = this.context.features.get(connectionMigration);
      told.push(
        `${server} ${move?.to === undefined ? "left" : "handed over"}${error === undefined ? "" : error.message}`,
      );
    }
    where() {
      return server;
    }
    /** Answers when the test opens its gate. */
    async gated(name: string) {
      const gate = opened(name);
      told.push(`${server} began ${name}`);
      await gate;
      return `${name} by ${server}`;
    }
    async *ticks() {
      for (let tick = 0; ; tick += 1) {
        yield tick;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    async stubborn() {
      told.push(`${server} began to be stubborn`);
      await new Promise((resolve) => this.signal.addEventListener("abort", resolve));
      return "too late";
    }
  };
}

describe("Off", () => {
  test("sends the clients away, who come back to another server, and their onDisconnected has run", async () => {
    const room = roomOf("a");
    const { hubs, log } = await fleet.add(room, "Off");
    const clients = await Promise.all(Array.from({ length: 5 }, () => fleet.connect([0, 50, 50])));
    await fleet.add(roomOf("b"));
    const errors: unknown[] = [];
    for (const client of clients) client.onreconnecting((error) => errors.push(error));
    const back = clients.map((client) => new Promise<void>((resolve) => client.onreconnected(() => resolve())));
    hubs.onShutdown(room, () => {
      told.push("hook");
    });
    await fleet.retire(hubs);
    expect(told.filter((each) => each === "a left")).toHaveLength(5);
    expect(told).not.toContain("hook");
    await Promise.all(back);
    expect(errors).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(await Promise.all(clients.map((client) => client.invoke("where")))).toEqual(["b", "b", "b", "b", "b"]);
    expect(log).toEqual([]);
  });
});

describe("WaitForClientsClose", () => {
  test("serves the clients that are there until they leave, and no new ones", async () => {
    const { hubs, log } = await fleet.add(roomOf("a"), "WaitForClientsClose");
    const client = await fleet.connect();
    await fleet.add(roomOf("b"), "WaitForClientsClose");
    let isOver = false;
    const over = fleet.retire(hubs).then(() => {
      isOver = true;
    });
    await eventually(() => fleet.emulator.hubs()[0]?.servers.some(({ isDraining }) => isDraining) === true);
    const newcomer = await fleet.connect();
    expect(await newcomer.invoke("where")).toBe("b");
    expect(await client.invoke("where")).toBe("a");
    expect(isOver).toBe(false);
    expect(hubs.health()).toMatchObject({ status: "unhealthy", hubs: [{ clients: 1 }] });
    await client.stop();
    await over;
    expect(told).toContain("a left");
    expect(log).toEqual([]);
  });

  test("ends those that stay too long when the time is over, and says so", async () => {
    const { hubs, log } = await fleet.add(roomOf("a"), "WaitForClientsClose", { timeout: 200 });
    const client = await fleet.connect();
    const closed = new Promise((resolve) => client.onclose(resolve));
    await hubs.shutdown();
    expect(told).toEqual(["a connected", "a left"]);
    await closed;
    expect(log).toHaveLength(1);
    expect(log[0]).toContain("goes on without waiting for clients to leave");
    expect(log[0]).toContain("1 clients are cut off");
  });
});

describe("MigrateClients", () => {
  test("hands clients over, who notice nothing and stay in their groups", async () => {
    const { hubs, log } = await fleet.add(roomOf("a"), "MigrateClients");
    const client = await fleet.connect();
    const heard = new Promise((resolve) => client.on("said", resolve));
    const nextRoom = roomOf("b");
    const next = await fleet.add(nextRoom, "MigrateClients");
    await fleet.retire(hubs);
    expect(await client.invoke("where")).toBe("b");
    expect(told).toEqual(["a connected", "a handed over", "b took over"]);
    await next.hubs.context(nextRoom).clients.group("all").send("said", "hi");
    expect(await heard).toBe("hi");
    expect(log).toEqual([]);
  });

  test("answers the calls that run, and hands on those that come meanwhile", async () => {
    const { hubs } = await fleet.add(roomOf("a"), "MigrateClients");
    const client = await fleet.connect();
    await fleet.add(roomOf("b"), "MigrateClients");
    const running = client.invoke("gated", "one");
    await eventually(() => told.includes("a began one"));
    const waiting = client.invoke("where");
    const over = fleet.retire(hubs);
    await eventually(() => fleet.emulator.hubs()[0]?.servers.some(({ isDraining }) => isDraining) === true);
    // Sent while the client is held back.
    const later = client.invoke("where");
    gates.get("one")?.();
    expect(await running).toBe("one by a");
    expect(await waiting).toBe("a");
    expect(await later).toBe("b");
    await over;
  });

  test("ends streams, and calls that take too long, with an error, once", async () => {
    const { hubs } = await fleet.add(roomOf("a"), "MigrateClients");
    const [streaming, calling] = [await fleet.connect(), await fleet.connect()];
    await fleet.add(roomOf("b"), "MigrateClients");
    const ended = new Promise<string>((resolve, reject) => {
      streaming.stream("ticks").subscribe({
        next: () => {},
        complete: () => reject(new Error("an endless stream does not complete")),
        error: (error: Error) => resolve(error.message),
      });
    });
    const failed = calling.invoke("stubborn").then(
      () => "answered",
      (error: Error) => error.message,
    );
    await eventually(() => told.includes("a began to be stubborn"));
    await fleet.retire(hubs);
    expect(await ended).toContain("The server shut down before the call had ended.");
    expect(await failed).toContain("The server shut down before the call had ended.");
    expect(await Promise.all([streaming.invoke("where"), calling.invoke("where")])).toEqual(["b", "b"]);
  });

  test("gets the answer of a client that was asked before it moved", async () => {
    const room = roomOf("a");
    const { hubs } = await fleet.add(room, "MigrateClients");
    const client = await fleet.connect();
    let answer: (color: string) => void = () => {};
    client.on("color", () => {
      told.push("asked");
      return new Promise<string>((resolve) => {
        answer = resolve;
      });
    });
    await fleet.add(roomOf("b"), "MigrateClients");
    let color: unknown;
    hubs.onShutdown(room, async (context) => {
      const asked = context.clients.client(client.connectionId ?? "").invoke("color");
      asked.then(
        (given) => {
          color = given;
        },
        () => {},
      );
      await eventually(() => told.includes("b took over"));
      answer("red");
      await asked.catch(() => {});
    });
    // The connection id is the service's, which a client behind a redirect knows too.
    await fleet.retire(hubs);
    expect(told).toContain("asked");
    expect(color).toBe("red");
  });
});

describe("hooks", () => {
  test("run in order after the service was told, and reach the clients", async () => {
    const room = roomOf("a");
    const { hubs } = await fleet.add(room, "WaitForClientsClose");
    const client = await fleet.connect();
    const heard = new Promise((resolve) => client.on("said", resolve));
    hubs.onShutdown(room, async (context) => {
      await context.clients.group("all").send("said", "good-bye");
      told.push("first");
    });
    hubs.onShutdown(room, () => {
      told.push("second");
    });
    const over = hubs.shutdown();
    expect(() => hubs.onShutdown(room, () => {})).toThrow(/shut down/);
    expect(await heard).toBe("good-bye");
    await client.stop();
    await over;
    expect(told).toEqual(["a connected", "first", "second", "a left"]);
  });

  test("that fail end the chain, not the shutdown", async () => {
    const room = roomOf("a");
    const { hubs, log } = await fleet.add(room, "WaitForClientsClose");
    hubs.onShutdown(room, () => {
      throw new Error("the hook broke");
    });
    hubs.onShutdown(room, () => {
      told.push("second");
    });
    await hubs.shutdown();
    expect(told).toEqual([]);
    expect(log.some((line) => line.includes("the hook broke"))).toBe(true);
  });

  test("are for mapped hubs, and functions", async () => {
    const room = roomOf("a");
    const { hubs } = await fleet.add(room);
    expect(() => hubs.onShutdown(roomOf("b"), () => {})).toThrow(/not mapped/);
    expect(() => hubs.onShutdown(room, "no" as never)).toThrow(/onShutdown takes a function/);
  });
});
