import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { reconnectDelayMs } from "../base/backoff.js";
import { ReconnectGate } from "./reconnect-gate.js";

function gateWith(names: readonly string[], onBegin?: (name: string, gate: ReconnectGate) => void) {
  const clock = new ManualClock();
  const trials: string[] = [];
  const gate = new ReconnectGate({
    clock,
    delayMs: (failed) => reconnectDelayMs(failed, () => 0),
    stableAfterMs: 5000,
    onTrial: () => trials.push("on trial"),
    onProven: () => trials.push("proven"),
  });
  const begun: Array<readonly [name: string, at: number]> = [];
  const attempts = new Map(
    names.map((name) => [
      name,
      {
        begin: () => {
          begun.push([name, clock.now()]);
          onBegin?.(name, gate);
        },
      },
    ]),
  );
  const attempt = (name: string) => {
    const found = attempts.get(name);
    if (found === undefined) throw new Error(`no attempt ${name}`);
    return found;
  };
  return { clock, gate, begun, attempt, trials };
}

test("probes after 0, 1, 2, 4, 8, 16, 32 and then every 60 seconds while each attempt fails at once", () => {
  const { clock, gate, begun, attempt } = gateWith(["a"]);
  const fail = () => {
    gate.failed(attempt("a"));
    gate.request(attempt("a"));
  };
  gate.request(attempt("a"));
  for (let round = 0; round < 9; round += 1) {
    fail();
    clock.advance(round <= 5 ? 2 ** round * 1000 : 60_000);
  }
  expect(begun.map(([, at]) => at / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test("only one probes while the others wait, and all begin at once when it succeeds", () => {
  const { clock, gate, begun, attempt } = gateWith(["a", "b", "c"]);
  for (const name of ["a", "b", "c"]) gate.request(attempt(name));
  expect(begun).toEqual([["a", 0]]);
  clock.advance(500);
  gate.opened(attempt("a"));
  expect(begun).toEqual([
    ["a", 0],
    ["b", 500],
    ["c", 500],
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test("after a failed probe the next one waiting takes over when the delay is over", () => {
  const { clock, gate, begun, attempt } = gateWith(["a", "b"]);
  gate.request(attempt("a"));
  gate.request(attempt("b"));
  clock.advance(100);
  gate.failed(attempt("a"));
  gate.request(attempt("a"));
  clock.advance(899);
  expect(begun).toHaveLength(1);
  clock.advance(1);
  expect(begun).toEqual([
    ["a", 0],
    ["b", 1000],
  ]);
});

test("a probe that is unfinished when its delay is over counts as failed for the others, once", () => {
  const { clock, gate, begun, attempt } = gateWith(["a", "b", "c"]);
  for (const name of ["a", "b", "c"]) gate.request(attempt(name));
  clock.advance(1000);
  gate.failed(attempt("a"));
  gate.request(attempt("a"));
  clock.advance(2000);
  expect(begun).toEqual([
    ["a", 0],
    ["b", 1000],
    ["c", 3000],
  ]);
});

test("a success makes the next loss start at once and from the shortest delay", () => {
  const { clock, gate, begun, attempt } = gateWith(["a"]);
  gate.request(attempt("a"));
  gate.failed(attempt("a"));
  gate.request(attempt("a"));
  clock.advance(1000);
  gate.opened(attempt("a"));
  gate.lost(attempt("a"), 60_000);
  gate.failed(attempt("a"));
  gate.request(attempt("a"));
  clock.advance(1000);
  expect(begun.map(([, at]) => at)).toEqual([0, 1000, 1000, 2000]);
});

test("after a stop nobody begins and no timer is left", () => {
  const { clock, gate, begun, attempt } = gateWith(["a", "b"]);
  gate.request(attempt("a"));
  gate.request(attempt("b"));
  gate.stop();
  gate.request(attempt("a"));
  gate.opened(attempt("a"));
  gate.lost(attempt("a"), 0);
  clock.advance(120_000);
  expect(begun).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

describe("connections that open and break at once", () => {
  /** A service that ends all connections as soon as they are open, until it is told to keep them. */
  function stormOf(names: readonly string[]) {
    const setup = gateWith(names);
    const { gate, begun, attempt } = setup;
    let seen = 0;
    /** Opens and loses all that have begun meanwhile, and those that begin because of that. */
    const breakAll = (livedMs = 0) => {
      while (seen < begun.length) {
        const round = begun.slice(seen).map(([name]) => attempt(name));
        seen = begun.length;
        for (const each of round) gate.opened(each);
        for (const each of round) gate.lost(each, livedMs);
      }
    };
    for (const name of names) attempt(name).begin();
    return { ...setup, breakAll };
  }

  test("are tried one at a time after three rounds, ever more slowly", () => {
    const { clock, begun, breakAll, trials } = stormOf(["a", "b", "c"]);
    breakAll();
    // Two rounds behind a probe, so not all of them begin in each.
    expect(begun).toHaveLength(7);
    expect(trials).toEqual(["on trial"]);
    const storm = begun.length;
    for (let second = 0; second < 123; second += 1) {
      clock.advance(1000);
      breakAll();
    }
    expect(begun.slice(storm).map(([, at]) => at / 1000)).toEqual([1, 3, 7, 15, 31, 63, 123]);
    expect(trials).toEqual(["on trial"]);
  });

  test("let the others through when one has lasted, and are forgiven then", () => {
    const { clock, gate, begun, attempt, breakAll, trials } = stormOf(["a", "b", "c"]);
    breakAll();
    clock.advance(1000);
    const [probe = ""] = begun[7] ?? [];
    gate.opened(attempt(probe));
    clock.advance(4999);
    expect(begun).toHaveLength(8);
    clock.advance(1);
    expect(trials).toEqual(["on trial", "proven"]);
    expect(begun.slice(8).map(([, at]) => at)).toEqual([6000, 6000]);
    for (const [name] of begun.slice(8)) gate.opened(attempt(name));
    gate.lost(attempt(probe), 5000);
    expect(begun).toHaveLength(11);
    expect(clock.pendingTimers).toBe(1);
  });

  test("while another attempt is still on its way: the one that opens late is the one that has to last", () => {
    const { clock, gate, begun, attempt, breakAll, trials } = stormOf(["a", "b"]);
    breakAll();
    clock.advance(1000);
    clock.advance(1000);
    expect(begun).toHaveLength(7);
    const [late = "", probing = ""] = begun.slice(5).map(([name]) => name);
    gate.opened(attempt(late));
    gate.opened(attempt(probing));
    gate.lost(attempt(probing), 10);
    clock.advance(4999);
    expect(begun).toHaveLength(7);
    clock.advance(1);
    expect(trials).toEqual(["on trial", "proven"]);
    expect(begun.at(-1)).toEqual([probing, 7000]);
  });

  test("are not on trial when they last, however often they are lost", () => {
    const { begun, breakAll, gate, attempt, trials } = stormOf(["a"]);
    for (let round = 0; round < 20; round += 1) {
      gate.opened(attempt("a"));
      gate.lost(attempt("a"), 5000);
    }
    expect(begun).toHaveLength(21);
    expect(trials).toEqual([]);
    breakAll(5000 - 1);
    expect(trials).toEqual(["on trial"]);
  });

  test("leave no timer after a stop", () => {
    const { clock, gate, begun, attempt, breakAll } = stormOf(["a", "b"]);
    breakAll();
    clock.advance(1000);
    gate.opened(attempt(begun.at(-1)?.[0] ?? ""));
    gate.stop();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(100_000);
    expect(begun).toHaveLength(6);
  });
});
