import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { Negotiations } from "./negotiations.js";

test("a negotiation is good for 15 seconds, once, for its hub", () => {
  const clock = new ManualClock();
  const negotiations = new Negotiations(clock, 10);
  const [one, two] = [negotiations.create("chat", 1), negotiations.create("chat", 0)];
  expect(two.connectionToken).toBe(two.connectionId);
  expect(negotiations.take(one.connectionToken, "other")).toBeUndefined();
  clock.advance(14_999);
  expect(negotiations.has(one.connectionToken, "chat")).toBe(true);
  expect(negotiations.has(one.connectionToken, "other")).toBe(false);
  expect(negotiations.take(one.connectionToken, "chat")).toMatchObject({ connectionId: one.connectionId });
  expect(negotiations.take(one.connectionToken, "chat")).toBeUndefined();
  clock.advance(1);
  expect(negotiations.take(two.connectionToken, "chat")).toBeUndefined();
  expect(negotiations.size).toBe(0);
});

test("negotiations that nobody comes for do not pile up", () => {
  const negotiations = new Negotiations(new ManualClock(), 3);
  const first = negotiations.create("chat", 1);
  for (let count = 0; count < 10; count += 1) negotiations.create("chat", 1);
  expect(negotiations.size).toBeLessThanOrEqual(3);
  expect(negotiations.take(first.connectionToken, "chat")).toBeUndefined();
});
