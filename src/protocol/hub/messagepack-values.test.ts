import { runInNewContext } from "node:vm";
import { decode, ExtData } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue } from "./messagepack-values.js";
import { InvalidDataException } from "./protocol.js";

const hexOf = (value: unknown): string => Buffer.from(encodeValue(value)).toString("hex");
const through = (value: unknown): unknown => decodeValue(Uint8Array.from(encodeValue(value)));
const fromHex = (hex: string): unknown => decodeValue(Buffer.from(hex.replaceAll(" ", ""), "hex"));

class Moment extends Date {
  override toJSON(): string {
    return "not a moment";
  }
}

describe("integers", () => {
  it.each<[number | bigint, string]>([
    [0, "00"],
    [0xffff_ffff, "ceffffffff"],
    [0x1_0000_0000, "cf0000000100000000"],
    [-0x8000_0001, "d3ffffffff7fffffff"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
    [5n, "05"],
    [-33n, "d0df"],
    [2n ** 53n, "cf0020000000000000"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [-(2n ** 63n), "d38000000000000000"],
  ])("%s takes the shortest form", (value, hex) => {
    expect(hexOf(value)).toBe(hex);
    expect(hexOf([value])).toBe(`91${hex}`);
    expect(hexOf([value, new Map()])).toBe(`92${hex}80`);
  });

  it("beyond 64 bits cannot be written", () => {
    expect(() => encodeValue(2n ** 64n)).toThrow(RangeError);
    expect(() => encodeValue({ a: [-(2n ** 63n) - 1n] })).toThrow(RangeError);
  });

  it("are numbers in the safe range and bigints beyond, at any depth", () => {
    expect(fromHex("cf001fffffffffffff")).toBe(Number.MAX_SAFE_INTEGER);
    expect(fromHex("cf0020000000000000")).toBe(2n ** 53n);
    expect(fromHex("d3ffe0000000000001")).toBe(Number.MIN_SAFE_INTEGER);
    expect(fromHex("d3ffe0000000000000")).toBe(-(2n ** 53n));
    expect(fromHex("91 81 a161 92 cf0000000000000001 d38000000000000000")).toStrictEqual([{ a: [1, -(2n ** 63n)] }]);
  });

  it("above 2^53 that are numbers stay floats", () => {
    expect(hexOf([2 ** 60, 1n])).toBe("92cb43b000000000000001");
    expect(through(2 ** 60)).toBe(2 ** 60);
  });
});

describe("other values", () => {
  it.each<[string, unknown, unknown]>([
    ["undefined is nil", [undefined, { a: undefined }], [null, { a: null }]],
    ["bytes", Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    ["a Buffer is bytes", [Buffer.from("ab")], [Uint8Array.of(97, 98)]],
    ["an ArrayBuffer is bytes", Uint8Array.of(1).buffer, Uint8Array.of(1)],
    ["a DataView is bytes", { a: new DataView(Uint8Array.of(1).buffer) }, { a: Uint8Array.of(1) }],
    ["a typed array of numbers is a list", Float32Array.of(0.5, 1), [0.5, 1]],
    ["a date", new Date(1_795_527_679_425), new Date(1_795_527_679_425)],
    ["a date before 1970", new Date(-1), new Date(-1)],
    ["a date far away", new Date(8.64e15), new Date(8.64e15)],
    ["an invalid date is nil", [new Date(Number.NaN)], [null]],
    ["a subclass of Date", { at: new Moment(5) }, { at: new Date(5) }],
    [
      "a Map is a map",
      new Map<unknown, unknown>([
        ["a", 1n],
        [2, "b"],
      ]),
      { a: 1, 2: "b" },
    ],
    ["a Set is a list", new Set([1, "b"]), [1, "b"]],
    ["toJSON", { a: { toJSON: (key: string) => ({ key, big: 2n ** 60n }) } }, { a: { key: "a", big: 2n ** 60n } }],
    ["toJSON that gives a date", { toJSON: () => new Date(5) }, new Date(5)],
    ["functions and symbols are left out", { a: () => 1, b: Symbol("x"), c: [() => 1] }, { c: [null] }],
    ["a float", [0.1, Number.POSITIVE_INFINITY, Number.NaN], [0.1, Number.POSITIVE_INFINITY, Number.NaN]],
    ["boxed values", [new String("a"), new Number(1)], ["a", 1]],
  ])("%s", (_name, value, expected) => {
    expect(through(value)).toStrictEqual(expected);
  });

  it("are the own enumerable members of a class instance", () => {
    class Point {
      x = 1;
      at = 1_795_527_679_425;
      readonly #hidden = 2;
      get hidden(): number {
        return this.#hidden;
      }
    }
    expect(through(new Point())).toStrictEqual({ x: 1, at: 1_795_527_679_425 });
    expect(through([new Point(), 1n])).toStrictEqual([{ x: 1, at: 1_795_527_679_425 }, 1]);
  });

  it("of another realm are known", () => {
    const foreign: unknown = runInNewContext(
      '({ at: new Date(7), bytes: new Uint8Array([1]), map: new Map([["a", 1n]]) })',
    );
    expect(through(foreign)).toStrictEqual({ at: new Date(7), bytes: Uint8Array.of(1), map: { a: 1 } });
  });

  it("that are plain reach the library as they are", () => {
    const value = { a: [1, -2.5, "é", null, true, { b: [] }], at: new Date(1), bytes: Uint8Array.of(9) };
    expect(decode(encodeValue(value))).toStrictEqual(value);
  });

  it("that contain themselves cannot be written", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = [cyclic];
    expect(() => encodeValue(cyclic)).toThrow(TypeError);
    expect(hexOf(1)).toBe("01");
  });

  it("that are very large do not disturb the ones after them", () => {
    const large = { text: "x".repeat(300_000) };
    expect(through(large)).toStrictEqual(large);
    expect(through([large, 1n])).toStrictEqual([large, 1]);
    expect(through({ a: 1 })).toStrictEqual({ a: 1 });
  });
});

describe("extensions", () => {
  it("of unknown type are kept and written back as they came", () => {
    const value = fromHex("92 c7 03 05 010203 d4 7f 09");
    expect(value).toStrictEqual([new ExtData(5, Uint8Array.of(1, 2, 3)), new ExtData(0x7f, Uint8Array.of(9))]);
    expect(hexOf(value)).toBe("92c70305010203d47f09");
    expect(hexOf([value, 1n])).toBe("9292c70305010203d47f0901");
  });

  it("that are timestamps are dates in all three forms", () => {
    expect(fromHex("d6ff 00000001")).toStrictEqual(new Date(1000));
    expect(fromHex("d7ff 003d0900 00000001")).toStrictEqual(new Date(1001));
    expect(fromHex("c70cff 00000000 ffffffffffffffff")).toStrictEqual(new Date(-1000));
  });

  it("that are timestamps of a wrong size are refused", () => {
    expect(() => fromHex("d5ff 0001")).toThrow(InvalidDataException);
  });
});

describe("hostile bytes", () => {
  it("may not name a member __proto__", () => {
    expect(() => fromHex(`81a9${Buffer.from("__proto__").toString("hex")}80`)).toThrow(InvalidDataException);
  });

  it("may have keys that are numbers or booleans, and no others", () => {
    expect(fromHex("84 01 a161 ff a162 c3 a163 cf0020000000000000 a164")).toStrictEqual({
      1: "a",
      "-1": "b",
      true: "c",
      "9007199254740992": "d",
    });
    expect(() => fromHex("81 c0 01")).toThrow(InvalidDataException);
    expect(() => fromHex("81 90 01")).toThrow(InvalidDataException);
  });

  it("that are cut off or more than a value are refused", () => {
    expect(() => fromHex("92 01")).toThrow(InvalidDataException);
    expect(() => fromHex("01 01")).toThrow(InvalidDataException);
    expect(() => fromHex("")).toThrow(InvalidDataException);
  });

  it("in texts become some text", () => {
    expect(typeof fromHex("a3 ff c3 28")).toBe("string");
    expect(typeof fromHex("81 a1 c3 01")).toBe("object");
  });
});
