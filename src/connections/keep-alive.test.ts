import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { KeepAlive } from "./keep-alive.js";

function started() {
  const clock = new ManualClock();
  const pings: number[] = [];
  const silences: number[] = [];
  const keepAlive = new KeepAlive({
    clock,
    silenceLimitMs: 30_000,
    silenceCheckMs: 5_000,
    pingIntervalMs: 5_000,
    ping: () => pings.push(clock.now()),
    onSilence: (silentMs) => silences.push(silentMs),
  });
  return { clock, keepAlive, pings, silences };
}

test("pings only when bytes arrive and more than the interval has passed", () => {
  const { clock, keepAlive, pings } = started();
  clock.advance(5_000);
  keepAlive.received();
  expect(pings).toEqual([]);
  clock.advance(5_000);
  keepAlive.received();
  keepAlive.received();
  expect(pings).toEqual([10_000]);
  clock.advance(5_001);
  keepAlive.received();
  expect(pings).toEqual([10_000, 15_001]);
});

test("reports silence once, at the first look after more than the limit", () => {
  const { clock, silences } = started();
  clock.advance(30_000);
  expect(silences).toEqual([]);
  clock.advance(5_000);
  expect(silences).toEqual([35_000]);
  clock.advance(120_000);
  expect(silences).toEqual([35_000]);
  expect(clock.pendingTimers).toBe(0);
});

test("any byte ends the silence", () => {
  const { clock, keepAlive, silences } = started();
  clock.advance(29_000);
  keepAlive.received();
  clock.advance(29_000);
  expect(silences).toEqual([]);
});

test("a muted one watches but does not ping", () => {
  const { clock, keepAlive, pings, silences } = started();
  keepAlive.mute();
  clock.advance(10_000);
  keepAlive.received();
  expect(pings).toEqual([]);
  clock.advance(40_000);
  expect(silences).toHaveLength(1);
});

test("a stopped one has no timer", () => {
  const { clock, keepAlive, silences } = started();
  keepAlive.stop();
  clock.advance(100_000);
  expect(silences).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
