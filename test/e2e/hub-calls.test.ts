import type { HubConnection } from "@microsoft/signalr";
import { Hub, HubException, hubMethods } from "azure-signalr-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { closeOf, failureOf, HubServer, Inbox } from "../support/hub-server.js";

class OutOfStock extends HubException {}

interface CallClient {
  confirm(question: string): boolean;
  note(text: string): void;
}

const log: string[] = [];
let release: () => void = () => {};

class CallHub extends Hub<CallClient> {
  static override readonly methods = hubMethods<CallHub>({
    checked: { args: [z.string().max(5), z.number().int()] },
    guarded: { authorize: { roles: ["admin"] } },
    original: { name: "given-name" },
    helper: false,
  });
  id() {
    return this.context.connectionId;
  }
  nothing() {}
  echo(value: unknown) {
    return value;
  }
  two(_one: unknown, _two: unknown) {}
  fails() {
    throw new Error("secret");
  }
  async failsForClient() {
    throw new HubException("say something");
  }
  async failsByType() {
    throw new OutOfStock("none left");
  }
  checked(text: string, count: number) {
    return text.repeat(count);
  }
  guarded() {
    return "guarded";
  }
  original() {
    return "renamed";
  }
  helper() {}
  async *numbers() {
    yield 1;
  }
  async record(name: string) {
    log.push(`begin ${name}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`end ${name}`);
  }
  async waitForRelease() {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await this.clients.caller.send("note", "waiting");
    await released;
  }
  release() {
    release();
  }
  async ask(connectionId: string, question: string) {
    return await this.clients.client(connectionId).invoke("confirm", question);
  }
  async askMe() {
    return await this.clients.caller.invoke("confirm", "you?");
  }
  async askWithSignal() {
    const controller = new AbortController();
    const answer = this.clients.caller.invoke("confirm", "quick?", controller.signal);
    setImmediate(() => controller.abort());
    return await answer;
  }
  async leave() {
    await this.clients.caller.send("note", "before");
    this.context.abort();
    await this.clients.caller.send("note", "after");
    return "never";
  }
  bytes(value: Uint8Array) {
    return { isBytes: value instanceof Uint8Array, length: value.length, back: value };
  }
}

let server: HubServer;
let detailed: HubServer;
beforeAll(async () => {
  // Two servers of one hub; each client stays with the one that it asked.
  const serverStickyMode = "Required";
  server = await HubServer.start({ serverStickyMode, hubs: { "/call": CallHub } });
  const hubs = { "/call": [CallHub, { enableDetailedErrors: true }] } as const;
  detailed = await HubServer.start({ serverStickyMode, hubs }, server.emulator);
});
afterAll(async () => {
  await detailed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
afterEach(async () => {
  await Promise.all([server.stopClients(), detailed.stopClients()]);
});

const INVOKING = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;
const BINDING = (method: string): string => `Failed to invoke '${method}' due to an error on the server.`;

const FAILURES: ReadonlyArray<[target: string, args: unknown[], text: string]> = [
  ["fails", [], INVOKING("fails")],
  ["FAILS", [], INVOKING("fails")],
  ["failsForClient", [], `${INVOKING("failsForClient")} HubException: say something`],
  ["failsByType", [], `${INVOKING("failsByType")} OutOfStock: none left`],
  ["absent", [], `${BINDING("absent")} HubException: Method does not exist.`],
  ["helper", [], `${BINDING("helper")} HubException: Method does not exist.`],
  ["original", [], `${BINDING("original")} HubException: Method does not exist.`],
  ["toString", [], `${BINDING("toString")} HubException: Method does not exist.`],
  ["onConnected", [], `${BINDING("onConnected")} HubException: Method does not exist.`],
  ["two", [1], BINDING("two")],
  ["checked", ["too long", 1], BINDING("checked")],
  ["checked", ["ok", null], BINDING("checked")],
  ["guarded", [], "Failed to invoke 'guarded' because user is unauthorized"],
  ["numbers", [], "The client attempted to invoke the streaming 'numbers' method with a non-streaming invocation."],
];

describe.each(["json", "messagepack"] as const)("calls over %s", (protocol) => {
  test("fail with the texts of ASP.NET Core, and the connection goes on", async () => {
    const client = await server.connect("/call", { protocol });
    for (const [target, args, text] of FAILURES) expect(await failureOf(client.invoke(target, ...args))).toBe(text);
    expect(await client.invoke("echo", 1)).toBe(1);
  });

  test("tell more where the hub says so", async () => {
    const client = detailed.client("/call", { protocol });
    await client.start();
    expect(await failureOf(client.invoke("fails"))).toBe(`${INVOKING("fails")} Error: secret`);
    expect(await failureOf(client.invoke("two", 1))).toBe(
      `${BINDING("two")} InvalidDataException: Invocation provides 1 argument(s) but target expects 2.`,
    );
    expect(await failureOf(client.invoke("checked", 1, 1))).toBe(
      `${BINDING("checked")} InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.`,
    );
  });

  test("give results of every kind", async () => {
    const client = await server.connect("/call", { protocol });
    expect(await client.invoke("nothing")).toBeNull();
    const value = { text: "ünï ☺", list: [1, 2.5, -3, null], nested: { yes: true } };
    expect(await client.invoke("ECHO", value)).toEqual(value);
    expect(await client.invoke("given-NAME")).toBe("renamed");
    expect(await client.invoke("checked", "ab", 3)).toBe("ababab");
    expect(await client.invoke("echo", Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("of a member of the role are let through", async () => {
    const client = await server.connect("/call", { protocol, user: "ann", roles: "writer,admin" });
    expect(await client.invoke("guarded")).toBe("guarded");
  });

  test("run one at a time in the order sent, whether answered or not", async () => {
    const client = await server.connect("/call", { protocol });
    log.length = 0;
    const names = ["a", "b", "c", "d"];
    await Promise.all(
      names.map((name, index) => (index % 2 === 0 ? client.send("record", name) : client.invoke("record", name))),
    );
    expect(log).toEqual(names.flatMap((name) => [`begin ${name}`, `end ${name}`]));
  });

  test("of other clients do not wait", async () => {
    const [one, other] = [await server.connect("/call", { protocol }), await server.connect("/call")];
    const inbox = new Inbox(one, "note");
    const waiting = one.invoke("waitForRelease");
    await inbox.next();
    await other.invoke("release");
    await waiting;
    expect(await one.invoke("echo", "free")).toBe("free");
  });

  test("may ask their own client, which may call again meanwhile", async () => {
    const client = await server.connect("/call", { protocol });
    client.on("confirm", async (question: string) => {
      expect(await client.invoke("echo", "inner")).toBe("inner");
      return question === "you?";
    });
    expect(await client.invoke("askMe")).toBe(true);
  });

  test("may ask another client, of the other protocol", async () => {
    const asking = await server.connect("/call", { protocol });
    const asked = await server.connect("/call", { protocol: protocol === "json" ? "messagepack" : "json" });
    asked.on("confirm", (question: string) => ({ question, list: [1, null] }));
    expect(await asking.invoke("ask", await asked.invoke("id"), "really?")).toEqual({
      question: "really?",
      list: [1, null],
    });
  });

  test("that abort their connection send its close and nothing more", async () => {
    let inbox: Inbox | undefined;
    const client = await server.connect("/call", {
      protocol,
      prepare: (connection) => {
        inbox = new Inbox(connection, "note");
      },
    });
    const notes: unknown[] = [];
    client.on("note", (text) => notes.push(text));
    const closed = closeOf(client);
    expect(await failureOf(client.invoke("leave"))).toBe(
      "Invocation canceled due to the underlying connection being closed.",
    );
    expect(await closed).toBeUndefined();
    expect(await inbox?.next()).toEqual(["note", "before"]);
    expect(notes).toEqual(["before"]);
  });
});

describe("client results", () => {
  const failing = async (prepare: (client: HubConnection) => void): Promise<string> => {
    const client = await server.connect("/call");
    prepare(client);
    return failureOf(client.invoke("askMe"));
  };

  test("fail with the client's own text", async () => {
    expect(
      await failing((client) =>
        client.on("confirm", () => {
          throw new Error("from client");
        }),
      ),
    ).toBe(`${INVOKING("askMe")} HubException: Error: from client`);
    expect(await failing(() => {})).toBe(`${INVOKING("askMe")} HubException: Client didn't provide a result.`);
  });

  test("fail when the hub's signal aborts; a late answer is nobody's", async () => {
    const client = await server.connect("/call");
    let answer: (value: boolean) => void = () => {};
    client.on(
      "confirm",
      () =>
        new Promise<boolean>((resolve) => {
          answer = resolve;
        }),
    );
    expect(await failureOf(client.invoke("askWithSignal"))).toBe(
      `${INVOKING("askWithSignal")} HubException: Invocation canceled by the server.`,
    );
    answer(true);
    expect(await client.invoke("echo", "alive")).toBe("alive");
  });

  test("fail when the client is unknown, or leaves without an answer", async () => {
    const [asking, asked] = [await server.connect("/call"), await server.connect("/call")];
    expect(await failureOf(asking.invoke("ask", "unknown-connection", "?"))).toContain(INVOKING("ask"));
    const arrived = new Promise<void>((resolve) => {
      asked.on("confirm", () => {
        resolve();
        return new Promise<boolean>(() => {});
      });
    });
    const failure = failureOf(asking.invoke("ask", await asked.invoke("id"), "?"));
    await arrived;
    await asked.stop();
    expect(await failure).toContain(INVOKING("ask"));
  });

  test("can be asked for from outside of a hub", async () => {
    const client = await server.connect("/call", { protocol: "messagepack" });
    client.on("confirm", (question: string) => question === "from outside?");
    const { clients } = server.hubs.context(CallHub);
    const answer: boolean = await clients.client(await client.invoke("id")).invoke("confirm", "from outside?");
    expect(answer).toBe(true);
    await expect(clients.client("unknown-connection").invoke("confirm", "?")).rejects.toThrow();
  });

  test("of a client that is connected through another server reach the one that asked", async () => {
    const asking = await server.connect("/call");
    const asked = await detailed.connect("/call", { protocol: "messagepack" });
    asked.on("confirm", (question: string) => `${question} yes`);
    expect(await asking.invoke("ask", await asked.invoke("id"), "over there?")).toBe("over there? yes");
  });
});

test("bytes are bytes in MessagePack and base64 in JSON", async () => {
  const binary = await server.connect("/call", { protocol: "messagepack" });
  expect(await binary.invoke("bytes", Uint8Array.of(1, 2, 255))).toEqual({
    isBytes: true,
    length: 3,
    back: Uint8Array.of(1, 2, 255),
  });
  const text = await server.connect("/call");
  const received = new Inbox(text, "data");
  const { clients } = server.hubs.context<Record<string, (...args: unknown[]) => unknown>>(CallHub as never);
  await clients.client(await text.invoke("id")).send("data", Uint8Array.of(1, 2, 255), new Date(0), 12n);
  expect(await received.next()).toEqual(["data", "AQL/", "1970-01-01T00:00:00.000Z", 12]);
});
