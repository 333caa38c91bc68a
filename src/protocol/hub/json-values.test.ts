import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { stringifyJson } from "./json-values.js";

class Money {
  readonly amount: number;
  readonly currency = "EUR";
  readonly #secret = "hidden";
  constructor(amount: number) {
    this.amount = amount;
  }
  get length(): number {
    return this.#secret.length;
  }
  format(): string {
    return `${this.amount}`;
  }
}

class Moment extends Date {
  override toJSON(): string {
    return "not an ISO text";
  }
}

const bytes = Uint8Array.of(1, 2, 255);

describe("the JSON text of a value", () => {
  it.each<[string, unknown, string]>([
    ["undefined", undefined, "null"],
    ["null", null, "null"],
    ["a text", 'a"\u001e', '"a\\"\\u001e"'],
    ["a number", -1.5e300, "-1.5e+300"],
    ["no number", Number.NaN, "null"],
    ["an infinity", [Number.POSITIVE_INFINITY], "[null]"],
    ["undefined in a list", [undefined, 1], "[null,1]"],
    ["an undefined member", { a: undefined, b: 1 }, '{"b":1}'],
    ["a function and a symbol", { a: () => 1, b: Symbol("x"), c: [() => 1, Symbol("x")] }, '{"c":[null,null]}'],
    ["a hole in a list", [new Array(2), 1n], "[[null,null],1]"],
    ["a function alone", () => 1, "null"],
    ["a bigint", 12345678901234567890n, "12345678901234567890"],
    ["a bigint inside", { a: [-1n, { b: 2n ** 70n }], c: undefined }, '{"a":[-1,{"b":1180591620717411303424}]}'],
    ["a Uint8Array", bytes, '"AQL/"'],
    ["a Uint8Array inside", { a: [bytes] }, '{"a":["AQL/"]}'],
    ["a Buffer", [Buffer.from(bytes)], '["AQL/"]'],
    ["a view into a larger buffer", { a: new Uint8Array([9, 1, 2, 255, 9]).subarray(1, 4) }, '{"a":"AQL/"}'],
    ["an ArrayBuffer", bytes.buffer, '"AQL/"'],
    ["a DataView", new DataView(bytes.buffer), '"AQL/"'],
    ["clamped bytes", Uint8ClampedArray.of(1, 2, 255), '"AQL/"'],
    ["a typed array of numbers", { a: Float64Array.of(0.5, 2) }, '{"a":[0.5,2]}'],
    ["a typed array of bigints", BigInt64Array.of(-5n), "[-5]"],
    ["a date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["a date inside", { at: new Date(1) }, '{"at":"1970-01-01T00:00:00.001Z"}'],
    ["an invalid date", { at: new Date(Number.NaN) }, '{"at":null}'],
    ["a subclass of Date", { at: new Moment(1) }, '{"at":"1970-01-01T00:00:00.001Z"}'],
    [
      "a Map",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, new Map([[true, "x"]])],
      ]),
      '{"2":{"true":"x"},"a":1}',
    ],
    ["a Set", { a: new Set([1, "b"]) }, '{"a":[1,"b"]}'],
    ["a class instance", new Money(5), '{"amount":5,"currency":"EUR"}'],
    ["a class instance beside a bigint", [new Money(5), 1n], '[{"amount":5,"currency":"EUR"},1]'],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ["boxed values", [new Number(1), new String("a"), new Boolean(false)], '[1,"a",false]'],
    ["an error", new Error("hidden"), "{}"],
    ["toJSON", { toJSON: (key: string) => `key ${key}` }, '"key "'],
    ["toJSON inside", { a: { toJSON: (key: string) => [key, 1n] } }, '{"a":["a",1]}'],
    ["toJSON that gives bytes", { a: { toJSON: () => bytes } }, '{"a":"AQL/"}'],
    ["toJSON that gives a date", [{ toJSON: () => new Moment(0) }], '["1970-01-01T00:00:00.000Z"]'],
    [
      "toJSON that gives itself",
      {
        a: 1,
        toJSON() {
          return this;
        },
      },
      '{"a":1}',
    ],
    ["toJSON that gives nothing", { a: { toJSON: () => undefined }, b: 1 }, '{"b":1}'],
    ["toJSON of a list", Object.assign([1], { toJSON: () => "list" }), '"list"'],
    ["a member named __proto__", [JSON.parse('{"__proto__":{"a":1}}'), 1n], '[{"__proto__":{"a":1}},1]'],
  ])("%s", (_name, value, text) => {
    expect(stringifyJson(value)).toBe(text);
  });

  it("knows dates, bytes and maps of another realm", () => {
    const foreign: unknown = runInNewContext(
      '({ at: new Date(0), bytes: new Uint8Array([1]), map: new Map([["a", 1n]]) })',
    );
    expect(stringifyJson(foreign)).toBe('{"at":"1970-01-01T00:00:00.000Z","bytes":"AQ==","map":{"a":1}}');
  });

  it("is the same as JSON.stringify for plain data", () => {
    const value = { a: [1, 2.5, -0, "é\ud800", true, null, [], {}], "": { deep: { deeper: ["x"] } }, at: new Date(5) };
    expect(stringifyJson(value)).toBe(JSON.stringify(value));
  });

  it("does not exist for a value that contains itself, plain or not", () => {
    const plain: Record<string, unknown> = {};
    plain["self"] = { plain };
    const map = new Map<string, unknown>();
    map.set("self", [map]);
    expect(() => stringifyJson(plain)).toThrow(TypeError);
    expect(() => stringifyJson(map)).toThrow(TypeError);
  });

  it("exists for a value that occurs twice", () => {
    const shared = { a: 1n };
    expect(stringifyJson([shared, shared])).toBe('[{"a":1},{"a":1}]');
  });

  it("does not exist for a Map with keys that are no text", () => {
    expect(() => stringifyJson(new Map([[{}, 1]]))).toThrow(TypeError);
  });

  it("exists for values deeper than any look ahead", () => {
    let value: unknown = 1n;
    for (let level = 0; level < 500; level += 1) value = [value];
    expect(stringifyJson(value)).toBe(`${"[".repeat(500)}1${"]".repeat(500)}`);
  });
});
