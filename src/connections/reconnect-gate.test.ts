import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { reconnectDelayMs } from "../base/backoff.js";
import { ReconnectGate } from "./reconnect-gate.js";

function gateWith(names: readonly string[], onBegin?: (name: string, gate: ReconnectGate) => void) {
  const clock = new ManualClock();
  const gate = new ReconnectGate(clock, (failed) => reconnectDelayMs(failed, () => 0));
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
  return { clock, gate, begun, attempt };
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
  gate.succeeded();
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
  gate.succeeded();
  gate.request(attempt("a"));
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
  gate.succeeded();
  clock.advance(120_000);
  expect(begun).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});
