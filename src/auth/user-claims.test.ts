import { describe, expect, test } from "vitest";
import { SignalRError } from "../base/errors.js";
import { type ClaimsInput, normalizeClaims } from "./user-claims.js";

const refusal = (given: unknown): SignalRError => {
  try {
    normalizeClaims(given as ClaimsInput);
  } catch (error) {
    if (error instanceof SignalRError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("claims given by the application", () => {
  test("nothing is nobody", () => {
    expect(normalizeClaims(undefined)).toEqual([]);
    expect(normalizeClaims(null)).toEqual([]);
    expect(normalizeClaims({})).toEqual([]);
    expect(normalizeClaims([])).toEqual([]);
  });

  test("a record: arrays repeat, all becomes text, absent values are left out", () => {
    const given = {
      sub: "ann",
      role: ["a", "b"],
      age: 42,
      big: 2n ** 60n,
      admin: true,
      none: null,
      absent: undefined,
      address: { city: "Ulm", tags: ["x"] },
      since: new Date(0),
      nested: [["1", 2]],
      empty: "",
    };
    expect(normalizeClaims(given)).toEqual([
      ["sub", "ann"],
      ["role", "a"],
      ["role", "b"],
      ["age", "42"],
      ["big", "1152921504606846976"],
      ["admin", "true"],
      ["address", '{"city":"Ulm","tags":["x"]}'],
      ["since", "1970-01-01T00:00:00.000Z"],
      ["nested", '["1",2]'],
      ["empty", ""],
    ]);
  });

  test("a list keeps order and repeats", () => {
    const given = [
      { type: "b", value: 1 },
      { type: "a", value: ["x", "y"] },
      { type: "b", value: "2" },
    ];
    expect(normalizeClaims(given)).toEqual([
      ["b", "1"],
      ["a", "x"],
      ["a", "y"],
      ["b", "2"],
    ]);
  });

  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  test.each([
    ["a text", "private", /found a string/],
    ["a Map", new Map([["a", "private"]]), /found a Map/],
    ["a promise", Promise.resolve({}), /found a Promise/],
    ["bytes", new Uint8Array(2), /found a Uint8Array/],
    ["pairs", [["sub", "private"]], /item 0 .*\{ type, value \}, found an array/],
    ["an item without type", [{ value: "private" }], /item 0 .*found nothing/],
    ["a type that is no text", [{ type: 7, value: "private" }], /found a number/],
    ["an empty type", { "": "private" }, /must not be empty/],
    ["a function", { f: () => "private" }, /claim "f" .*found a function/],
    ["a symbol", { s: Symbol("private") }, /claim "s" .*found a symbol/],
    ["not a number", { n: Number.NaN }, /claim "n" must be a finite number/],
    ["a circle", { c: circle }, /claim "c" cannot be written as JSON/],
    ["a wrong date", { d: new Date(Number.NaN) }, /claim "d" is an invalid Date/],
    ["an object without JSON", { o: { toJSON: () => undefined } }, /claim "o" has no JSON form/],
  ])("refuses %s and says why", (_name, given, reason) => {
    const error = refusal(given);
    expect(error.code).toBe("CLAIMS_INVALID");
    expect(error.message).toMatch(reason);
    expect(error.message).not.toContain("private");
  });
});
