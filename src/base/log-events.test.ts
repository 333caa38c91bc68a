import { expect, test } from "vitest";
import { LOG_EVENTS, logEventRow } from "./log-events.js";

test("an event is found by its category and its name, and nowhere else", () => {
  expect(logEventRow("Microsoft.Azure.SignalR.ServiceConnection", "ConnectionDropped")).toMatchObject({
    id: 4,
    level: "info",
  });
  expect(logEventRow("Microsoft.Azure.SignalR", "ConnectionDropped")).toBeUndefined();
});

test("numbers are unique in their category", () => {
  for (const [category, events] of Object.entries(LOG_EVENTS)) {
    const ids = Object.values(events).map(({ id }) => id);
    expect(new Set(ids).size, category).toBe(ids.length);
  }
});
