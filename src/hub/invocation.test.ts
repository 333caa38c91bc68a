import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { HubException } from "../base/errors.js";
import { Hub } from "./hub.js";
import { hubMethods } from "./method-options.js";
import type { HubProtocolName } from "./options.js";

const THEN = "then";

class LimitExceeded extends HubException {}
class DatabaseError extends Error {}

class ErrorHub extends Hub {
  static override readonly methods = hubMethods<ErrorHub>({
    Renamed: { name: "given-name" },
    roleOnly: { authorize: { roles: ["admin"] } },
    ruled: { authorize: (invocation) => invocation.args[0] === "open" },
    ruledLater: { authorize: async () => false },
    ruledWrongly: {
      authorize: () => {
        throw new Error("policy is broken");
      },
    },
    guardedStream: { authorize: { roles: ["admin"] } },
    notAStream: { returns: "stream" },
    refusesToStream: { returns: "stream" },
    declared: { streams: [0] },
  });

  plain() {}
  echo(value: unknown) {
    return value;
  }
  async later(value: unknown) {
    return value;
  }
  two(_one: unknown, _two: unknown) {}
  fails() {
    throw new Error("secret of the server");
  }
  async failsLater() {
    throw new DatabaseError("table is gone");
  }
  named() {
    throw Object.assign(new Error("odd"), { name: "OddError" });
  }
  hubException() {
    throw new HubException("say something");
  }
  async derivedException() {
    throw new LimitExceeded("3 at most");
  }
  emptyException() {
    throw new HubException();
  }
  throwsText() {
    throw "just a text";
  }
  throwsNothingReadable() {
    throw Object.create(null);
  }
  async rejectsWithNothingReadable() {
    throw Object.create(null);
  }
  Renamed() {
    return "renamed";
  }
  roleOnly() {
    return "admin";
  }
  ruled(_how: string) {
    return "ruled";
  }
  ruledLater() {}
  ruledWrongly() {}
  async *guardedStream() {
    yield 1;
  }
  async *counts(to: number) {
    for (let at = 1; at <= to; at += 1) yield at;
  }
  notAStream() {
    return [1, 2];
  }
  refusesToStream() {
    throw new HubException("no stream today");
  }
  declared(_items: AsyncIterable<unknown>) {}
  cyclic() {
    const value: Record<string, unknown> = {};
    value["self"] = value;
    return value;
  }
  foreign() {
    return { [THEN]: (resolve: (value: string) => void) => [resolve("first"), resolve("second")] };
  }
  brokenThenable() {
    return {
      get [THEN](): never {
        throw new Error("then cannot be read");
      },
    };
  }
}

const INVOKING = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;
const BINDING = (method: string): string => `Failed to invoke '${method}' due to an error on the server.`;

/** Each row: what is called, the text without details, the text with details (undefined: the same). */
const FAILURES: ReadonlyArray<[target: string, args: unknown[], text: string, detailed?: string]> = [
  ["fails", [], INVOKING("fails"), `${INVOKING("fails")} Error: secret of the server`],
  ["FAILS", [], INVOKING("fails"), `${INVOKING("fails")} Error: secret of the server`],
  ["failsLater", [], INVOKING("failsLater"), `${INVOKING("failsLater")} DatabaseError: table is gone`],
  ["named", [], INVOKING("named"), `${INVOKING("named")} OddError: odd`],
  ["hubException", [], `${INVOKING("hubException")} HubException: say something`],
  ["derivedException", [], `${INVOKING("derivedException")} LimitExceeded: 3 at most`],
  ["emptyException", [], `${INVOKING("emptyException")} HubException: `],
  ["throwsText", [], INVOKING("throwsText"), `${INVOKING("throwsText")} Error: just a text`],
  [
    "throwsNothingReadable",
    [],
    INVOKING("throwsNothingReadable"),
    `${INVOKING("throwsNothingReadable")} Error: a value that cannot be shown was thrown`,
  ],
  [
    "rejectsWithNothingReadable",
    [],
    INVOKING("rejectsWithNothingReadable"),
    `${INVOKING("rejectsWithNothingReadable")} Error: a value that cannot be shown was thrown`,
  ],
  ["absent", [], `${BINDING("absent")} HubException: Method does not exist.`],
  ["onConnected", [], `${BINDING("onConnected")} HubException: Method does not exist.`],
  ["Renamed", [], `${BINDING("Renamed")} HubException: Method does not exist.`],
  [
    "TWO",
    [1],
    BINDING("two"),
    `${BINDING("two")} InvalidDataException: Invocation provides 1 argument(s) but target expects 2.`,
  ],
  [
    "plain",
    [1],
    BINDING("plain"),
    `${BINDING("plain")} InvalidDataException: Invocation provides 1 argument(s) but target expects 0.`,
  ],
  ["roleOnly", [], "Failed to invoke 'roleOnly' because user is unauthorized"],
  ["ROLEONLY", [], "Failed to invoke 'roleOnly' because user is unauthorized"],
  ["ruled", ["shut"], "Failed to invoke 'ruled' because user is unauthorized"],
  ["ruledLater", [], "Failed to invoke 'ruledLater' because user is unauthorized"],
  ["ruledWrongly", [], INVOKING("ruledWrongly"), `${INVOKING("ruledWrongly")} Error: policy is broken`],
  ["counts", [3], "The client attempted to invoke the streaming 'counts' method with a non-streaming invocation."],
  ["guardedStream", [], "Failed to invoke 'guardedStream' because user is unauthorized"],
  ["declared", [], `${INVOKING("declared")} HubException: Client sent 0 stream(s), Hub method expects 1.`],
  ["brokenThenable", [], INVOKING("brokenThenable"), `${INVOKING("brokenThenable")} Error: then cannot be read`],
];

describe.each<HubProtocolName>(["json", "messagepack"])("calls over %s", (protocol) => {
  test.each(FAILURES)("%s(%j) tells the client no more than it may know", async (target, args, text, detailed) => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    expect(await client.failure(target, ...args)).toBe(text);
    const informed = await new HubHarness(ErrorHub, { enableDetailedErrors: true }).connect(protocol);
    expect(await informed.failure(target, ...args)).toBe(detailed ?? text);
    expect(client.session.isOpen && informed.session.isOpen).toBe(true);
  });

  test.each(FAILURES)("%s(%j) without an invocation id is answered by nothing", async (target, args) => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    client.send({ type: 1, target, arguments: args });
    expect(await client.call("echo", "alive")).toBe("alive");
    expect(client.received).toHaveLength(1);
  });

  test("a stream invocation of a plain method is refused by the name as shown for the protocol", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    client.stream("PLAIN");
    const shown = protocol === "json" ? "plain" : "PLAIN";
    expect(await client.completion()).toMatchObject({
      error: `The client attempted to invoke the non-streaming '${shown}' method with a streaming invocation.`,
      hasResult: false,
    });
  });

  test("stream methods fail by the same texts as plain ones", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    const failures: Array<string | undefined> = [];
    for (const target of ["Absent", "guardedStream", "notAStream", "refusesToStream"]) {
      client.stream(target);
      failures.push((await client.completion()).error);
    }
    expect(failures).toEqual([
      `${BINDING("Absent")} HubException: Method does not exist.`,
      "Failed to invoke 'guardedStream' because user is unauthorized",
      "The value returned by the streaming method 'notAStream' is not a ChannelReader<> or IAsyncEnumerable<>.",
      `${INVOKING("refusesToStream")} HubException: no stream today`,
    ]);
  });

  test("results are values, void is null, and promises are awaited", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    expect(await client.call("plain")).toBeNull();
    expect(await client.call("ECHO", { text: "ü", list: [1, 2.5, null] })).toEqual({ text: "ü", list: [1, 2.5, null] });
    expect(await client.call("later", undefined)).toBeNull();
    expect(await client.call("later", false)).toBe(false);
    expect(await client.call("given-NAME")).toBe("renamed");
    client.invoke("plain");
    expect(await client.completion()).toEqual({ type: 3, invocationId: "5", hasResult: true, result: null });
  });

  test("a member of the role, or one whom the rule lets through, may call", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol, { claims: [{ type: "role", value: "admin" }] });
    expect(await client.call("roleOnly")).toBe("admin");
    expect(await client.call("ruled", "open")).toBe("ruled");
  });

  test("a result that cannot be written fails its call only", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    expect(await client.failure("cyclic")).toBe(INVOKING("cyclic"));
    expect(await client.call("echo", 1)).toBe(1);
  });

  test("a thenable of another library counts once", async () => {
    const client = await new HubHarness(ErrorHub).connect(protocol);
    expect(await client.call("foreign")).toBe("first");
    await turns();
    expect(client.unread).toEqual([]);
  });
});

test("failures of hub code are reported with the connection; expected refusals are not", async () => {
  const harness = new HubHarness(ErrorHub);
  const client = await harness.connect();
  await client.failure("fails");
  await client.failure("roleOnly");
  await client.failure("absent");
  expect(harness.probe.records).toHaveLength(1);
  expect(harness.probe.records[0]).toMatchObject({
    level: "error",
    event: "FailedInvokingHubMethod",
    message: "ErrorHub.fails failed: secret of the server",
    attributes: { connectionId: "c1" },
  });
});

test("a call that fails because its client has left is no error to report", async () => {
  const left: { reject: (error: Error) => void } = { reject: () => {} };
  class LeavingHub extends Hub {
    wait() {
      return new Promise((_resolve, reject) => {
        left.reject = reject;
      });
    }
  }
  const harness = new HubHarness(LeavingHub);
  const client = await harness.connect();
  client.invoke("wait");
  client.session.gone();
  left.reject(new Error("aborted"));
  await turns();
  expect(harness.probe.events("error")).toEqual([]);
  expect(harness.probe.events("debug")).toEqual(["FailedInvokingHubMethod"]);
});

test("a method does not start after its client has left, however long its policy took", async () => {
  const log: string[] = [];
  let decide: (isAllowed: boolean) => void = () => {};
  class SlowPolicyHub extends Hub {
    static override readonly methods = hubMethods<SlowPolicyHub>({
      act: {
        authorize: () =>
          new Promise((resolve) => {
            decide = resolve;
          }),
      },
    });
    override onDisconnected() {
      log.push("onDisconnected");
    }
    act() {
      log.push("act");
    }
  }
  const client = await new HubHarness(SlowPolicyHub).connect();
  client.invoke("act");
  await turns();
  client.session.gone();
  await client.session.closed;
  decide(true);
  await turns();
  expect(log).toEqual(["onDisconnected"]);
});

test("the signal of a call aborts when the client cancels it, and the call is still completed", async () => {
  const reasons: string[] = [];
  class CancelHub extends Hub {
    async wait() {
      const { signal } = this;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      reasons.push(String(this.signal.aborted));
      return "stopped";
    }
    idle() {
      return this.signal.aborted;
    }
  }
  const client = await new HubHarness(CancelHub).connect();
  const id = client.invoke("wait");
  client.invoke("idle");
  client.cancel(id);
  expect(await client.completion()).toMatchObject({ invocationId: id, result: "stopped" });
  expect(await client.completion()).toMatchObject({ result: false });
  expect(reasons).toEqual(["true"]);
});

test("a call that was cancelled while it waited for its turn starts with an aborted signal", async () => {
  let release: () => void = () => {};
  class QueueHub extends Hub {
    first() {
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    }
    second() {
      return this.signal.aborted;
    }
  }
  const client = await new HubHarness(QueueHub).connect();
  client.invoke("first");
  client.cancel(client.invoke("second"));
  release();
  expect(await client.completion()).toMatchObject({ result: null });
  expect(await client.completion()).toMatchObject({ result: true });
});

test("fields of a hub object do not survive the call, items of the connection do", async () => {
  class StateHub extends Hub {
    count = 0;
    more() {
      this.count += 1;
      const items = (this.context.items.get("count") as number | undefined) ?? 0;
      this.context.items.set("count", items + 1);
      return [this.count, items + 1];
    }
  }
  const client = await new HubHarness(StateHub).connect();
  expect(await client.call("more")).toEqual([1, 1]);
  expect(await client.call("more")).toEqual([1, 2]);
});
