import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { Hub, type HubClass } from "./hub.js";
import { hubMethods } from "./method-options.js";
import { collectMethods, hubNameOf } from "./methods.js";
import type { HubProtocolName } from "./options.js";

const UNEXPECTED = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;
const BINDING = (method: string): string => `Failed to invoke '${method}' due to an error on the server.`;
const MISFIT =
  " InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.";

const names = (hubClass: HubClass): string[] => [...collectMethods(hubClass).values()].map((method) => method.name);

describe("which methods clients may call", () => {
  test("those of the class and its bases below Hub, whatever kind of function", () => {
    class BaseHub extends Hub {
      base() {}
      shared() {
        return "base";
      }
    }
    class DerivedHub extends BaseHub {
      async later() {}
      async *stream() {}
      override shared() {
        return "derived";
      }
    }
    expect(names(DerivedHub).sort()).toEqual(["base", "later", "shared", "stream"]);
    expect(collectMethods(DerivedHub).get("shared")?.run()).toBe("derived");
    expect(collectMethods(DerivedHub).get("stream")?.isStream).toBe(true);
  });

  test("never lifecycle methods, names of Object.prototype, accessors, private or underscored members, statics", () => {
    class QuietHub extends Hub {
      static sharedByAll() {}
      field = () => "no method";
      override onConnected() {}
      override onDisconnected() {}
      override toString() {
        return "hub";
      }
      override valueOf() {
        return 1;
      }
      override hasOwnProperty() {
        return true;
      }
      get accessor() {
        return () => "no method";
      }
      set assigned(_value: unknown) {}
      _hidden() {}
      #secret() {}
      reveal() {
        this.#secret();
      }
      [Symbol.iterator]() {}
    }
    expect(names(QuietHub)).toEqual(["reveal"]);
  });

  test.each<HubProtocolName>(["json", "messagepack"])(
    "a client that asks for them over %s hears that there is no such method",
    async (protocol) => {
      class ProtoHub extends Hub {
        _internal() {}
        override toString() {
          return "hub";
        }
      }
      const client = await new HubHarness(ProtoHub).connect(protocol);
      const targets = [
        "constructor",
        "__proto__",
        "toString",
        "hasOwnProperty",
        "__defineGetter__",
        "clients",
        "context",
        "onConnected",
        "ONDISCONNECTED",
        "_internal",
        "then",
        "prototype",
      ];
      for (const target of targets) {
        expect(await client.failure(target)).toBe(`${BINDING(target)} HubException: Method does not exist.`);
      }
    },
  );

  test("an accessor over a method of the base hides it", () => {
    class WithMethod extends Hub {
      state() {}
    }
    class WithAccessor extends WithMethod {}
    Object.defineProperty(WithAccessor.prototype, "state", { get: () => () => "accessor" });
    expect(names(WithAccessor)).toEqual([]);
  });

  test("two names that differ by case only stop the start, also when one of them was given", () => {
    class TwiceHub extends Hub {
      ping() {}
      Ping() {}
    }
    class GivenHub extends Hub {
      static override readonly methods = hubMethods<GivenHub>({ other: { name: "PING" } });
      ping() {}
      other() {}
    }
    const refusal = { code: "HUB_INVALID", message: "Duplicate definitions of 'Ping'. Overloading is not supported." };
    expect(() => collectMethods(TwiceHub)).toThrow(expect.objectContaining(refusal));
    expect(() => collectMethods(GivenHub)).toThrow("Duplicate definitions of 'PING'. Overloading is not supported.");
  });

  test("a class that is no hub, or has no name, is refused", () => {
    class Stranger {
      onConnected() {}
      onDisconnected() {}
    }
    expect(() => collectMethods(Stranger)).toThrow("Stranger must extend Hub of azure-signalr-server to be mapped");
    expect(() => hubNameOf(class extends Hub {})).toThrow("a hub class without a name needs a static hubName");
    expect(
      hubNameOf(
        class extends Hub {
          static override readonly hubName = "chat";
        },
      ),
    ).toBe("chat");
  });
});

describe("the methods map", () => {
  test("merges along the inheritance chain; an entry of the derived class replaces the base's", () => {
    class BaseHub extends Hub {
      static override readonly methods = hubMethods<BaseHub>({
        hidden: false,
        renamed: { name: "by-base" },
        replaced: { name: "by-base-too" },
      });
      hidden() {}
      renamed() {}
      replaced() {}
    }
    class DerivedHub extends BaseHub {
      static override readonly methods = hubMethods<DerivedHub>({ replaced: { name: "by-derived" }, own: false });
      own() {}
    }
    class PlainHub extends DerivedHub {
      more() {}
    }
    expect(names(PlainHub).sort()).toEqual(["by-base", "by-derived", "more"]);
  });

  test("a hidden method can be shown again by a derived class, and is callable by server code all along", async () => {
    class BaseHub extends Hub {
      static override readonly methods = hubMethods<BaseHub>({ helper: false });
      helper() {
        return "helped";
      }
      ask() {
        return this.helper();
      }
    }
    class OpenHub extends BaseHub {
      static override readonly methods = hubMethods<OpenHub>({ helper: {} });
    }
    expect(names(BaseHub)).toEqual(["ask"]);
    expect(names(OpenHub).sort()).toEqual(["ask", "helper"]);
    const client = await new HubHarness(BaseHub).connect();
    expect(await client.call("ask")).toBe("helped");
    expect(await client.failure("helper")).toContain("Method does not exist.");
  });

  test.each<[string, object, string]>([
    ["a name", { absent: {} }, 'BadHub.methods names "absent", which is no callable method of the hub'],
    ["a lifecycle method", { onConnected: {} }, 'BadHub.methods names "onConnected", which is no callable method'],
    ["args", { act: { args: [{}] } }, "BadHub.methods.act: args must be Standard Schemas"],
    [
      "streams",
      { act: { streams: [1, 1] } },
      "BadHub.methods.act: streams must be different parameter positions from 0",
    ],
    ["streams below 0", { act: { streams: [-1] } }, "streams must be different parameter positions from 0, got [-1]"],
    ["an empty name", { act: { name: "" } }, "BadHub.methods.act: name must be a text that is not empty"],
    ["argumentCount", { act: { argumentCount: [2, 1] } }, "argumentCount must be [fewest, most] in whole numbers"],
    ["roles", { act: { authorize: { role: "admin" } } }, 'BadHub.methods.act: authorize must be { roles: ["..."] }'],
    ["a rule", { act: { authorize: "admin" } }, 'authorize must be { roles: ["..."] } or a function'],
    ["an unknown member", { act: { authorise: () => false } }, 'BadHub.methods.act: "authorise" means nothing here'],
    ["returns", { act: { returns: "streams" } }, 'BadHub.methods.act: returns can only be "stream"'],
  ])("refuses %s that fits nothing", (_what, methods, text) => {
    class BadHub extends Hub {
      act(_one: unknown, _two: unknown) {}
    }
    Object.defineProperty(BadHub, "methods", { value: methods });
    expect(() => collectMethods(BadHub)).toThrow(text);
  });

  test("argumentCount opens a range, and what is left out is undefined", async () => {
    class TailHub extends Hub {
      static override readonly methods = hubMethods<TailHub>({ tail: { argumentCount: [1, 3] } });
      tail(first: string, second = "default", ...rest: unknown[]) {
        return [first, second, rest.length];
      }
      exact(_first: string, _second = "default") {
        return _second;
      }
    }
    const client = await new HubHarness(TailHub, { enableDetailedErrors: true }).connect();
    expect(await client.call("tail", "a")).toEqual(["a", "default", 0]);
    expect(await client.call("tail", "a", "b")).toEqual(["a", "b", 0]);
    expect(await client.call("tail", "a", "b", "c")).toEqual(["a", "b", 1]);
    expect(await client.failure("tail")).toContain("Invocation provides 0 argument(s) but target expects 1.");
    expect(await client.failure("tail", 1, 2, 3, 4)).toContain(
      "Invocation provides 4 argument(s) but target expects 3.",
    );
    expect(await client.call("exact", "a")).toBe("default");
    expect(await client.failure("exact", "a", "b")).toContain(
      "Invocation provides 2 argument(s) but target expects 1.",
    );
  });
});

describe("schemas", () => {
  const slow = <T>(schema: z.ZodType<T>): z.ZodType<T> => schema.refine(async () => true);

  class SchemaHub extends Hub {
    static override readonly methods = hubMethods<SchemaHub>({
      zodded: { args: [z.string().max(3).toUpperCase(), z.coerce.number()] },
      valibotted: { args: [v.pipe(v.string(), v.trim()), undefined] },
      later: { args: [slow(z.string()), z.number()] },
      allLater: { args: [slow(z.string()), slow(z.string())] },
      optional: { args: [z.string(), z.string().default("by schema")], argumentCount: [1, 2] },
      broken: {
        args: [
          {
            "~standard": {
              version: 1,
              vendor: "test",
              validate: () => {
                throw new Error("schema is broken");
              },
            },
          },
        ],
      },
    });
    zodded(text: string, count: number) {
      return [text, count];
    }
    valibotted(text: string, anything: unknown) {
      return [text, anything];
    }
    later(text: string, count: number) {
      return [text, count];
    }
    allLater(one: string, two: string) {
      return one + two;
    }
    optional(one: string, two?: string) {
      return [one, two];
    }
    broken(_value: unknown) {}
  }

  test.each<HubProtocolName>(["json", "messagepack"])("give the method their output over %s", async (protocol) => {
    const client = await new HubHarness(SchemaHub).connect(protocol);
    expect(await client.call("zodded", "abc", "12")).toEqual(["ABC", 12]);
    expect(await client.call("valibotted", "  trimmed ", { any: 1 })).toEqual(["trimmed", { any: 1 }]);
    expect(await client.call("later", "text", 1)).toEqual(["text", 1]);
    expect(await client.call("allLater", "a", "b")).toBe("ab");
    expect(await client.call("optional", "a")).toEqual(["a", "by schema"]);
  });

  test("a value that does not fit is the binding error of ASP.NET Core, sync or async", async () => {
    const client = await new HubHarness(SchemaHub).connect();
    const informed = await new HubHarness(SchemaHub, { enableDetailedErrors: true }).connect();
    const calls: Array<[string, unknown[]]> = [
      ["zodded", ["long text", 1]],
      ["zodded", [null, 1]],
      ["valibotted", [1, 1]],
      ["later", [1, 1]],
      ["later", ["text", "no number"]],
      ["allLater", [1, 2]],
      ["optional", [1]],
    ];
    for (const [target, args] of calls) {
      expect(await client.failure(target, ...args)).toBe(BINDING(target));
      expect(await informed.failure(target, ...args)).toBe(BINDING(target) + MISFIT);
    }
    expect(await informed.failure("broken", 1)).toBe(`${BINDING("broken")} Error: schema is broken`);
  });

  test("an async schema that fails beside a sync one that failed first is nobody's unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const client = await new HubHarness(SchemaHub).connect();
    expect(await client.failure("later", 1, "no number")).toBe(BINDING("later"));
    await turns();
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("calls with async schemas keep their order and their turn", async () => {
    const log: string[] = [];
    class OrderHub extends Hub {
      static override readonly methods = hubMethods<OrderHub>({ slowly: { args: [slow(z.string())] } });
      async slowly(text: string) {
        log.push(`begin ${text}`);
        await turns(2);
        log.push(`end ${text}`);
      }
      quickly(text: string) {
        log.push(text);
      }
    }
    const client = await new HubHarness(OrderHub).connect();
    client.invoke("slowly", "a");
    client.invoke("quickly", "b");
    client.invoke("slowly", "c");
    for (let count = 0; count < 3; count += 1) await client.completion();
    expect(log).toEqual(["begin a", "end a", "b", "begin c", "end c"]);
  });
});

describe("uploads without declared positions", () => {
  class UploadHub extends Hub {
    static override readonly methods = hubMethods<UploadHub>({ noUploads: { streams: [] } });
    last(_text: string, items: AsyncIterable<unknown>) {
      return typeof items[Symbol.asyncIterator];
    }
    noUploads(_text: string) {}
    onlyStream(_items: AsyncIterable<unknown>) {}
  }

  test("bind last, and must fill exactly the parameters that are left", async () => {
    const client = await new HubHarness(UploadHub, { enableDetailedErrors: true }).connect();
    const outcomeOf = async (target: string, streamIds: string[], ...args: unknown[]): Promise<unknown> => {
      client.upload(target, streamIds, ...args);
      const { error, result } = await client.completion();
      return error ?? result;
    };
    expect(await outcomeOf("last", ["s1"], "text")).toBe("function");
    expect(await outcomeOf("last", ["s1"], "text", 2)).toBe(
      `${UNEXPECTED("last")} HubException: Client sent 1 stream(s), Hub method expects 0.`,
    );
    expect(await outcomeOf("last", ["s1", "s2"], "text")).toContain(
      "InvalidDataException: Invocation provides 1 argument(s)",
    );
    expect(await outcomeOf("noUploads", ["s1"], "text")).toBe(
      `${UNEXPECTED("noUploads")} HubException: Client sent 1 stream(s), Hub method expects 0.`,
    );
    expect(await outcomeOf("onlyStream", [])).toContain("Invocation provides 0 argument(s) but target expects 1.");
  });
});
