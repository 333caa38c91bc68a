import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { SignalRError } from "../base/errors.js";
import { type Ack, AckStatus } from "../protocol/service/messages.js";
import { AckRegistry } from "./acks.js";

const ackOf = (ackId: number, status: number, message = "", payload: Uint8Array | null = null): Ack => ({
  kind: "ack",
  ackId,
  status,
  message,
  payload,
});

function registry() {
  const clock = new ManualClock();
  return { clock, acks: new AckRegistry({ clock }) };
}

test("ids count up from 1", () => {
  const { acks } = registry();
  expect([acks.create().ackId, acks.create().ackId, acks.create().ackId]).toEqual([1, 2, 3]);
  acks.stop();
});

test("Ok and NotFound resolve, each to its own question", async () => {
  const { acks, clock } = registry();
  const first = acks.create();
  const second = acks.create();
  expect(acks.complete(ackOf(second.ackId, AckStatus.NotFound))).toBe(true);
  expect(acks.complete(ackOf(first.ackId, AckStatus.Ok, "fine"))).toBe(true);
  await expect(first.answer).resolves.toMatchObject({ status: AckStatus.Ok, message: "fine" });
  await expect(second.answer).resolves.toMatchObject({ status: AckStatus.NotFound });
  expect(acks.size).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  [AckStatus.Timeout, "ACK_TIMEOUT"],
  [AckStatus.InternalServerError, "ACK_FAILED"],
  [AckStatus.Forbidden, "ACK_FAILED"],
  [77, "ACK_FAILED"],
])("status %i rejects with %s and the service's text", async (status, code) => {
  const { acks } = registry();
  const { ackId, answer } = acks.create();
  acks.complete(ackOf(ackId, status, "because"));
  await expect(answer).rejects.toMatchObject({ code, message: expect.stringContaining("because") });
});

test("an answer that nobody waits for is told apart and does no harm", () => {
  const { acks } = registry();
  expect(acks.complete(ackOf(1, AckStatus.Ok))).toBe(false);
});

test("without an answer each gives up at the first look after 10 seconds", async () => {
  const { acks, clock } = registry();
  const early = acks.create();
  clock.advance(2_500);
  const late = acks.create();
  let isLateOver = false;
  late.answer.catch(() => {
    isLateOver = true;
  });
  clock.advance(7_500);
  await expect(early.answer).rejects.toMatchObject({ code: "ACK_TIMEOUT" });
  expect(isLateOver).toBe(false);
  expect(acks.size).toBe(1);
  clock.advance(3_000);
  await expect(late.answer).rejects.toMatchObject({ code: "ACK_TIMEOUT" });
  expect(acks.timeouts).toBe(2);
  expect(clock.pendingTimers).toBe(0);
});

test("a lost carrier fails only what travelled on it", async () => {
  const { acks } = registry();
  const lost = {};
  const alive = {};
  const onLost = acks.create();
  acks.setCarrier(onLost.ackId, lost);
  const onAlive = acks.create();
  acks.setCarrier(onAlive.ackId, alive);
  acks.failCarrier(lost, new SignalRError("ACK_FAILED", "gone"));
  await expect(onLost.answer).rejects.toMatchObject({ code: "ACK_FAILED" });
  acks.complete(ackOf(onAlive.ackId, AckStatus.Ok));
  await expect(onAlive.answer).resolves.toMatchObject({ status: AckStatus.Ok });
});

test("the payload of an answer is a copy, because the frame it came in does not last", async () => {
  const { acks } = registry();
  const { ackId, answer } = acks.create();
  const frame = Buffer.from([1, 2, 3]);
  acks.complete(ackOf(ackId, AckStatus.Ok, "", frame));
  frame.fill(9);
  expect([...((await answer).payload ?? [])]).toEqual([1, 2, 3]);
});

test("a stop rejects what waits and leaves no timer", async () => {
  const { acks, clock } = registry();
  const { answer } = acks.create();
  acks.stop();
  await expect(answer).rejects.toMatchObject({ code: "STOPPED" });
  expect(clock.pendingTimers).toBe(0);
});
