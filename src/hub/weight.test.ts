import { expect, test } from "vitest";
import { weightOf } from "./weight.js";

test("a value weighs what it takes in memory, not what it took on the wire", () => {
  const empties = Array.from({ length: 1000 }, () => ({}));
  expect(weightOf(empties)).toBeGreaterThan(50_000);
  expect(weightOf(Array.from({ length: 1000 }, () => []))).toBeGreaterThan(30_000);
  expect(weightOf("x".repeat(1000))).toBeGreaterThanOrEqual(1000);
  expect(weightOf(new Uint8Array(1000))).toBeGreaterThanOrEqual(1000);
  expect(weightOf({ ["k".repeat(1000)]: null })).toBeGreaterThanOrEqual(1000);
});

test("small values weigh little, and every value weighs something", () => {
  for (const value of [undefined, null, true, 1, 1n, "", [], {}, new Date()]) {
    expect(weightOf(value)).toBeGreaterThan(0);
    expect(weightOf(value)).toBeLessThan(100);
  }
});

test("nested values add up, whatever their names", () => {
  const bare: unknown = JSON.parse(`{"__proto__":["${"x".repeat(500)}"]}`);
  expect(weightOf([bare, { inner: bare }])).toBeGreaterThan(1000);
});
