import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { HubException } from "../base/errors.js";
import type { HubCallerContext } from "./context.js";
import type { HubFilter } from "./filters.js";
import { Hub, type HubClass } from "./hub.js";

/** What a container would give to hubs. */
interface Store {
  readonly name: string;
}

function storeHub() {
  const log: string[] = [];
  class StoreHub extends Hub {
    readonly #store: Store;
    constructor(store: Store) {
      super();
      this.#store = store;
    }
    override onConnected() {
      log.push(`connected ${this.#store.name}`);
    }
    override onDisconnected() {
      log.push(`disconnected ${this.#store.name}`);
    }
    read() {
      return this.#store.name;
    }
    async *stream() {
      yield this.#store.name;
      log.push("stream ends");
    }
    async fail() {
      throw new Error("failed");
    }
    async [Symbol.asyncDispose]() {
      await turns(1);
      log.push("disposed");
    }
  }
  return { log, StoreHub };
}

describe("createHub", () => {
  test("builds the object of each call from the class and the caller's context, and may be async", async () => {
    const { log, StoreHub } = storeHub();
    const seen: Array<[HubClass, HubCallerContext]> = [];
    const client = await new HubHarness(StoreHub, {
      createHub: async (hubClass, context) => {
        seen.push([hubClass, context]);
        return new StoreHub({ name: "shop" });
      },
    }).connect();
    expect(await client.call("read")).toBe("shop");
    await turns(3);
    client.stream("stream");
    expect(await client.next()).toMatchObject({ item: "shop" });
    await client.completion();
    await turns(3);
    client.session.gone();
    await client.session.closed;
    expect(seen).toHaveLength(4);
    expect(new Set(seen.flat())).toEqual(new Set([StoreHub, client.session.context]));
    expect(log).toEqual([
      "connected shop",
      "disposed",
      "disposed",
      "stream ends",
      "disposed",
      "disconnected shop",
      "disposed",
    ]);
  });

  test("is followed by the disposer, also when the method fails", async () => {
    const { log, StoreHub } = storeHub();
    const client = await new HubHarness(StoreHub, { createHub: () => new StoreHub({ name: "x" }) }).connect();
    await client.failure("fail");
    await turns(3);
    expect(log).toEqual(["connected x", "disposed", "disposed"]);
  });

  test("that gives something else, or fails, fails the call like its method would", async () => {
    class OtherHub extends Hub {}
    class PlainHub extends Hub {
      act() {
        return "done";
      }
    }
    const gifts: Array<[gift: () => unknown, detail: string]> = [
      [() => new OtherHub(), "Error: createHub must give an object of PlainHub"],
      [() => null, "Error: createHub must give an object of PlainHub"],
      [() => ({ act: () => "stolen" }), "Error: createHub must give an object of PlainHub"],
      [
        () => {
          throw new HubException("no object left");
        },
        "HubException: no object left",
      ],
    ];
    for (const [gift, detail] of gifts) {
      let isConnected = false;
      const client = await new HubHarness(PlainHub, {
        enableDetailedErrors: true,
        createHub: () => (isConnected ? (gift() as PlainHub) : new PlainHub()),
      }).connect();
      isConnected = true;
      expect(await client.failure("act")).toBe(`An unexpected error occurred invoking 'act' on the server. ${detail}`);
      isConnected = false;
      expect(await client.call("act")).toBe("done");
    }
  });

  test("that gives one object to everybody is found out before it can mix up clients", async () => {
    class SharedHub extends Hub {
      whoami() {
        return this.context.connectionId;
      }
    }
    const shared = new SharedHub();
    const harness = new HubHarness(SharedHub, { createHub: () => shared, enableDetailedErrors: true });
    const first = await harness.connect();
    expect(await first.failure("whoami")).toBe(
      "An unexpected error occurred invoking 'whoami' on the server. Error: createHub must give a new SharedHub for every call",
    );
  });

  test("that fails for onConnected refuses the client", async () => {
    const { StoreHub } = storeHub();
    const client = new HubHarness(StoreHub, {
      createHub: () => {
        throw new HubException("closed today");
      },
    }).open();
    client.handshake();
    expect((await client.close()).error).toBe("Connection closed with an error. HubException: closed today");
  });
});

describe("disposers", () => {
  test("that are synchronous run before the next call starts", async () => {
    const log: string[] = [];
    class DisposedHub extends Hub {
      act(name: string) {
        log.push(name);
      }
      [Symbol.dispose]() {
        log.push("disposed");
      }
    }
    const client = await new HubHarness(DisposedHub).connect();
    log.length = 0;
    client.invoke("act", "a");
    client.invoke("act", "b");
    expect(log).toEqual(["a", "disposed", "b", "disposed"]);
  });

  test("that are asynchronous are waited for, as part of the call's turn", async () => {
    const { log, StoreHub } = storeHub();
    const client = await new HubHarness(StoreHub, { createHub: () => new StoreHub({ name: "x" }) }).connect();
    client.invoke("fail");
    client.invoke("read");
    await client.completion();
    expect(client.received).toHaveLength(1);
    await client.completion();
    expect(log.slice(0, 3)).toEqual(["connected x", "disposed", "disposed"]);
  });

  test.each(["sync", "async"])("that fail (%s) are reported and harm nobody", async (kind) => {
    class FailingHub extends Hub {
      act() {
        return 1;
      }
    }
    Object.defineProperty(FailingHub.prototype, kind === "sync" ? Symbol.dispose : Symbol.asyncDispose, {
      value(this: FailingHub) {
        if (!this.context.items.has("isConnected")) return this.context.items.set("isConnected", true);
        if (kind === "sync") throw new Error("cannot dispose");
        return Promise.reject(new Error("cannot dispose"));
      },
    });
    const harness = new HubHarness(FailingHub);
    const client = await harness.connect();
    expect(await client.call("act")).toBe(1);
    expect(await client.call("act")).toBe(1);
    await turns();
    expect(harness.probe.events()).toEqual(["FailedDisposingHub", "FailedDisposingHub"]);
  });
});

describe("filters", () => {
  class FilteredHub extends Hub {
    static readonly log: string[] = [];
    override onConnected() {
      FilteredHub.log.push("onConnected");
    }
    override onDisconnected(error?: Error) {
      FilteredHub.log.push(`onDisconnected ${error?.message}`);
    }
    join(one: string, two: string) {
      FilteredHub.log.push(`join ${one} ${two}`);
      return one + two;
    }
    async *stream() {
      yield 1;
      yield 2;
    }
    fail() {
      throw new Error("inner");
    }
  }

  const around = (name: string): HubFilter => ({
    async invoke(invocation, next) {
      FilteredHub.log.push(`${name} before ${invocation.methodName}`);
      const result = await next();
      FilteredHub.log.push(`${name} after`);
      return result;
    },
    async connected(lifetime, next) {
      FilteredHub.log.push(`${name} connects ${lifetime.hub instanceof FilteredHub}`);
      await next();
      FilteredHub.log.push(`${name} connected ${lifetime.context.connectionId}`);
    },
    async disconnected(_lifetime, error, next) {
      FilteredHub.log.push(`${name} disconnects ${error?.message}`);
      await next();
    },
  });

  test("stand around the method and the lifecycle, the first one outermost", async () => {
    const { log } = FilteredHub;
    log.length = 0;
    const client = await new HubHarness(FilteredHub, { filters: [around("outer"), around("inner")] }).connect();
    expect(await client.call("JOIN", "a", "b")).toBe("ab");
    client.send({ type: 7, error: "bye" });
    await client.session.closed;
    expect(log).toEqual([
      "outer connects true",
      "inner connects true",
      "onConnected",
      "inner connected c1",
      "outer connected c1",
      "outer before join",
      "inner before join",
      "join a b",
      "inner after",
      "outer after",
      "outer disconnects bye",
      "inner disconnects bye",
      "onDisconnected bye",
    ]);
  });

  const withFilter = (invoke: NonNullable<HubFilter["invoke"]>) =>
    new HubHarness(FilteredHub, { filters: [{ invoke }] }).connect();

  test("may change arguments and the result", async () => {
    const client = await withFilter(async (invocation, next) => {
      invocation.args[0] = "x";
      return `<${await next()}>`;
    });
    expect(await client.call("join", "a", "b")).toBe("<xb>");
  });

  test("may answer in the method's place, also at once", async () => {
    const client = await withFilter(() => "cached");
    FilteredHub.log.length = 0;
    expect(await client.call("join", "a", "b")).toBe("cached");
    expect(FilteredHub.log).toEqual([]);
  });

  test("may refuse with a text for the client, and may turn an error into a result", async () => {
    const refusing = await withFilter(() => {
      throw new HubException("not now");
    });
    expect(await refusing.failure("join", 1, 2)).toBe(
      "An unexpected error occurred invoking 'join' on the server. HubException: not now",
    );
    const catching = await withFilter((_invocation, next) => next().catch(() => "saved"));
    expect(await catching.call("fail")).toBe("saved");
  });

  test("get the stream of a stream method and may wrap it", async () => {
    const client = await withFilter(async (_invocation, next) => {
      const stream = (await next()) as AsyncIterable<number>;
      return (async function* () {
        for await (const item of stream) yield item * 10;
      })();
    });
    client.stream("stream");
    expect([await client.next(), await client.next()]).toMatchObject([{ item: 10 }, { item: 20 }]);
    expect((await client.completion()).error).toBeUndefined();
  });

  test("never see calls that cannot be bound, or that are in the wrong mode", async () => {
    let calls = 0;
    const client = await withFilter((_invocation, next) => {
      calls += 1;
      return next();
    });
    await client.failure("absent");
    await client.failure("join", 1);
    await client.failure("stream");
    expect(calls).toBe(0);
  });

  test("of the lifecycle may refuse a client", async () => {
    const client = new HubHarness(FilteredHub, {
      filters: [
        {
          connected() {
            throw new HubException("full");
          },
        },
      ],
    }).open();
    client.handshake();
    expect((await client.close()).error).toBe("Connection closed with an error. HubException: full");
  });
});

test("what a hub is given cannot be used in its constructor, and the error says so", () => {
  class EagerHub extends Hub {
    readonly id = this.context.connectionId;
  }
  expect(() => new EagerHub()).toThrow("exist in its methods, not yet in its constructor");
});
