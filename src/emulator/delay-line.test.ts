import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { DelayLine } from "./delay-line.js";

function build() {
  const clock = new ManualClock();
  const arrived: string[] = [];
  const line = new DelayLine(clock, (bytes) => arrived.push(bytes.toString()));
  const push = (text: string, latencyMs: number) => line.push(Buffer.from(text), latencyMs);
  return { clock, arrived, line, push };
}

test("what was sent with less latency waits for what was sent before it", () => {
  const { clock, arrived, line, push } = build();
  push("a", 100);
  push("b", 10);
  clock.advance(50);
  push("c", 100);
  expect([arrived, line.bytes]).toEqual([[], 3]);
  clock.advance(50);
  expect(arrived).toEqual(["a", "b"]);
  clock.advance(50);
  expect(arrived).toEqual(["a", "b", "c"]);
  expect([line.bytes, line.isEmpty, clock.pendingTimers]).toEqual([0, true, 0]);
});

test("all arrives at once when flushed, nothing when cleared", () => {
  const { clock, arrived, line, push } = build();
  push("a", 100);
  push("b", 100);
  line.flush();
  expect(arrived).toEqual(["a", "b"]);
  push("c", 100);
  line.clear();
  clock.advance(1000);
  expect(arrived).toEqual(["a", "b"]);
  expect([line.bytes, line.isEmpty, clock.pendingTimers]).toEqual([0, true, 0]);
});

test("what arrives may send and clear", () => {
  const clock = new ManualClock();
  const arrived: string[] = [];
  const line = new DelayLine(clock, (bytes) => {
    arrived.push(bytes.toString());
    if (arrived.length === 1) line.push(Buffer.from("again"), 5);
    else line.clear();
  });
  line.push(Buffer.from("first"), 10);
  clock.advance(20);
  expect(arrived).toEqual(["first", "again"]);
  expect(clock.pendingTimers).toBe(0);
});
