import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { UserGroups } from "./user-groups.js";

describe("groups of users", () => {
  test("end with their time, and are freed by a sweep", () => {
    const clock = new ManualClock();
    const groups = new UserGroups(clock);
    groups.remember("ann", "short", 1);
    groups.remember("ann", "long", 2);
    groups.remember("ann", "present-only", 0);
    expect(groups.of("ann")).toEqual(["short", "long"]);
    clock.advance(1000);
    expect(groups.of("ann")).toEqual(["long"]);
    expect([groups.has("ann", "short"), groups.has("ann", "long")]).toEqual([false, true]);
    clock.advance(1000);
    groups.sweep();
    expect(groups.userCount).toBe(0);
  });

  test("last a year when no time was given", () => {
    const clock = new ManualClock();
    const groups = new UserGroups(clock);
    groups.remember("ann", "fans", undefined);
    clock.advance(364 * 24 * 3_600_000);
    expect(groups.has("ann", "fans")).toBe(true);
    clock.advance(24 * 3_600_000);
    expect(groups.has("ann", "fans")).toBe(false);
  });

  test("are the last hundred of a user", () => {
    const groups = new UserGroups(new ManualClock());
    for (let n = 0; n < 101; n += 1) groups.remember("ann", `g${n}`, undefined);
    groups.remember("ann", "g1", undefined);
    groups.remember("ann", "g101", undefined);
    expect(groups.of("ann").length).toBe(100);
    expect([groups.has("ann", "g0"), groups.has("ann", "g1"), groups.has("ann", "g2")]).toEqual([false, true, false]);
  });

  test("do not grow without end", () => {
    const groups = new UserGroups(new ManualClock(), 2);
    for (const user of ["a", "b", "c"]) groups.remember(user, "g", undefined);
    expect([groups.has("a", "g"), groups.has("b", "g"), groups.has("c", "g")]).toEqual([false, true, true]);
  });

  test("are forgotten one by one or all at once", () => {
    const groups = new UserGroups(new ManualClock());
    groups.remember("ann", "one", undefined);
    groups.remember("ann", "two", undefined);
    groups.forget("ann", "one");
    expect(groups.of("ann")).toEqual(["two"]);
    groups.forgetAll("ann");
    expect(groups.userCount).toBe(0);
  });
});
