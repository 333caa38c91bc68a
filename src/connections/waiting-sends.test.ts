import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { SignalRError } from "../base/errors.js";
import { WaitingSends } from "./waiting-sends.js";

function waitingSends(maxBytes = 100) {
  const clock = new ManualClock();
  const notConnected = () => new SignalRError("NOT_CONNECTED", "nobody there");
  return { clock, waiting: new WaitingSends({ clock, waitMs: 400, maxBytes, notConnected }) };
}

test("what waits runs in order and settles as it ends", async () => {
  const { clock, waiting } = waitingSends();
  const ran: number[] = [];
  const first = waiting.add(1, () => ran.push(1));
  const second = waiting.add(1, () => {
    ran.push(2);
    throw new Error("no");
  });
  const third = waiting.add(1, async () => ran.push(3));
  waiting.run();
  await expect(first).resolves.toBe(1);
  await expect(second).rejects.toThrow("no");
  await expect(third).resolves.toBe(3);
  expect(ran).toEqual([1, 2, 3]);
  expect(clock.pendingTimers).toBe(0);
});

test("each waits its own 400 ms and then fails with NOT_CONNECTED", async () => {
  const { clock, waiting } = waitingSends();
  const early = waiting.add(1, () => "never");
  clock.advance(300);
  const late = waiting.add(1, () => "in time");
  clock.advance(100);
  await expect(early).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  clock.advance(200);
  waiting.run();
  await expect(late).resolves.toBe("in time");
  expect(waiting.isEmpty).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test("too many waiting bytes are refused at once, and room comes back", async () => {
  const { waiting } = waitingSends(10);
  const held = waiting.add(10, () => "held");
  expect(() => waiting.add(1, () => "no")).toThrow(expect.objectContaining({ code: "SEND_BUFFER_FULL" }));
  waiting.run();
  await held;
  const again = waiting.add(1, () => "yes");
  waiting.run();
  await expect(again).resolves.toBe("yes");
});
