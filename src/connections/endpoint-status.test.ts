import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { statusPing } from "../protocol/service/pings.js";
import { EndpointStatus } from "./endpoint-status.js";

const answer = (active: boolean) => statusPing({ active, clientCount: 7, serverCount: 2, capacity: 1000 }).messages;

test("counts are kept, and values that are no numbers are ignored", () => {
  const status = new EndpointStatus(new ManualClock());
  status.take(answer(true));
  expect(status.metrics).toEqual({ clientCount: 7, serverCount: 2, capacity: 1000 });
  expect(status.hasClients).toBe(true);
  status.take(["clientcount", "many", "servercount", null, "capacity", "2000"]);
  expect(status.metrics).toEqual({ clientCount: 7, serverCount: 2, capacity: 2000 });
});

test("an endpoint is inactive after five answers without clients over ten minutes, and active again at once", () => {
  const clock = new ManualClock();
  const status = new EndpointStatus(clock);
  for (let count = 0; count < 5; count += 1) status.take(answer(false));
  expect(status.isActive).toBe(true);
  clock.advance(10 * 60_000);
  expect(status.isActive).toBe(false);
  status.take(answer(true));
  expect(status.isActive).toBe(true);
  clock.advance(60 * 60_000);
  for (let count = 0; count < 4; count += 1) status.take(answer(false));
  clock.advance(60 * 60_000);
  expect(status.isActive).toBe(true);
});

test("an older servers tag does not replace a newer one", () => {
  const status = new EndpointStatus(new ManualClock());
  status.take(["servers", "20:a;b"]);
  status.take(["servers", "10:a"]);
  status.take(["servers", ""]);
  expect(status.servers).toEqual({ updatedAt: 20n, tag: "a;b" });
});

test("a servers tag is forgotten after 16 seconds without news, and saying it again is news", () => {
  const clock = new ManualClock();
  const status = new EndpointStatus(clock);
  status.take(["servers", "20:a;b"]);
  clock.advance(15_999);
  status.take(["servers", "20:a;b"]);
  clock.advance(15_999);
  expect(status.servers?.tag).toBe("a;b");
  clock.advance(1);
  expect(status.servers).toBeUndefined();
});

test("message tracing is turned on and off", () => {
  const status = new EndpointStatus(new ManualClock());
  status.take(["d-m", "1"]);
  expect(status.tracesMessages).toBe(true);
  status.take(["d-m", "0"]);
  expect(status.tracesMessages).toBe(false);
});
