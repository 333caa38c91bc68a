import { expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.js";
import { HubModes } from "./hub-modes.js";

test("a hub is in Default mode while it has servers, and for a minute after", () => {
  const clock = new ManualClock();
  const modes = new HubModes("both", clock);
  expect(modes.of("chat", false)).toBe("serverless");
  expect(modes.of("chat", true)).toBe("default");
  modes.serversLeft("chat");
  clock.advance(59_999);
  expect(modes.of("chat", false)).toBe("default");
  clock.advance(1);
  expect(modes.of("chat", false)).toBe("serverless");
  expect(modes.of("other", false)).toBe("serverless");
});

test.each(["default", "serverless"] as const)("an emulator in mode %s has one answer for all hubs", (mode) => {
  const modes = new HubModes(mode, new ManualClock());
  modes.serversLeft("chat");
  expect([modes.of("chat", true), modes.of("chat", false)]).toEqual([mode, mode]);
});

test("the memory is bounded: the hub that lost its servers first is forgotten", () => {
  const modes = new HubModes("both", new ManualClock());
  for (let index = 0; index <= 10_000; index += 1) modes.serversLeft(`hub-${index}`);
  expect([modes.of("hub-0", false), modes.of("hub-1", false)]).toEqual(["serverless", "default"]);
});
