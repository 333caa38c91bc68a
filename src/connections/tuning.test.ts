import { expect, test } from "vitest";
import { CONNECTION_DEFAULTS, resolveConnectionTuning } from "./tuning.js";

test("nothing given gives the defaults, and what is given wins", () => {
  expect(resolveConnectionTuning()).toEqual(CONNECTION_DEFAULTS);
  expect(resolveConnectionTuning({ handshakeTimeoutMs: 20 }).handshakeTimeoutMs).toBe(20);
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 31])("%d is refused with the name and the range", (handshakeTimeoutMs) => {
  expect(() => resolveConnectionTuning({ handshakeTimeoutMs })).toThrow(/handshakeTimeoutMs.*between 1 and 2147483647/);
});

test("a high-water mark above the bound is refused", () => {
  expect(() => resolveConnectionTuning({ highWaterBytes: 11, maxBufferedBytes: 10 })).toThrow(
    /maxBufferedBytes \(10\)/,
  );
});
