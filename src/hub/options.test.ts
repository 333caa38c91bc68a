import { describe, expect, test } from "vitest";
import type { HubFilter } from "./filters.js";
import { HUB_DEFAULTS, type HubOptions, resolveHubOptions } from "./options.js";

describe("hub options", () => {
  test("have the defaults of ASP.NET Core, and are frozen", () => {
    const resolved = resolveHubOptions();
    expect(resolved).toEqual({
      handshakeTimeout: 15_000,
      keepAliveInterval: 15_000,
      clientTimeoutInterval: 30_000,
      maximumReceiveMessageSize: 32_768,
      streamBufferCapacity: 10,
      maximumBufferedBytesPerClient: 8_388_608,
      maximumActiveCallsPerClient: 1000,
      observableCapacity: 10_000,
      maximumParallelInvocationsPerClient: 1,
      enableDetailedErrors: false,
      supportedProtocols: ["json", "messagepack"],
      statefulReconnectBufferSize: 100_000,
      jsonBigIntegers: false,
      filters: [],
    });
    expect(Object.isFrozen(resolved) && Object.isFrozen(resolved.filters) && Object.isFrozen(HUB_DEFAULTS)).toBe(true);
  });

  test("of a hub win over the global ones; undefined is no value", () => {
    // As plain JavaScript gives it.
    const withoutDetails: object = { keepAliveInterval: 2000, enableDetailedErrors: undefined };
    const resolved = resolveHubOptions(
      { keepAliveInterval: 1000, enableDetailedErrors: true, maximumReceiveMessageSize: null },
      withoutDetails,
    );
    expect(resolved).toMatchObject({
      keepAliveInterval: 2000,
      enableDetailedErrors: true,
      maximumReceiveMessageSize: null,
    });
  });

  test("let larger messages wait where larger messages are allowed, unless a bound is given", () => {
    const boundOf = (options: HubOptions): number => resolveHubOptions(options).maximumBufferedBytesPerClient;
    expect(boundOf({ maximumReceiveMessageSize: 1_000_000 })).toBe(8_388_608);
    expect(boundOf({ maximumReceiveMessageSize: 10_000_000 })).toBe(40_000_000);
    expect(boundOf({ maximumReceiveMessageSize: null })).toBe(2 ** 31 - 1);
    expect(boundOf({ maximumReceiveMessageSize: 2 ** 31 - 1 })).toBe(2 ** 31 - 1);
    expect(boundOf({ maximumReceiveMessageSize: null, maximumBufferedBytesPerClient: 5 })).toBe(5);
  });

  test("add their filters up, the global ones outermost, and leave the given lists alone", () => {
    const [outer, inner]: HubFilter[] = [{ invoke: (_call, next) => next() }, { connected: (_life, next) => next() }];
    const filters = [outer as HubFilter];
    expect(resolveHubOptions({ filters }, { filters: [inner as HubFilter] }).filters).toEqual([outer, inner]);
    expect(filters).toEqual([outer]);
  });

  const WHOLE = "a whole number from 1 to 2147483647";
  test.each<[string, unknown, string]>([
    ["handshakeTimeout", 0, `${WHOLE}, got 0`],
    ["keepAliveInterval", -1, `${WHOLE}, got -1`],
    ["clientTimeoutInterval", 1.5, `${WHOLE}, got 1.5`],
    ["maximumReceiveMessageSize", 0, `${WHOLE}, or null for no limit, got 0`],
    ["maximumReceiveMessageSize", "32768", `${WHOLE}, or null for no limit, got "32768"`],
    ["streamBufferCapacity", Number.NaN, `${WHOLE}, got NaN`],
    ["maximumBufferedBytesPerClient", Number.POSITIVE_INFINITY, `${WHOLE}, got Infinity`],
    ["maximumActiveCallsPerClient", null, `${WHOLE}, got null`],
    ["maximumParallelInvocationsPerClient", 0, `${WHOLE}, got 0`],
    ["statefulReconnectBufferSize", 2 ** 31, `${WHOLE}, got 2147483648`],
    ["enableDetailedErrors", "yes", 'true or false, got "yes"'],
    ["jsonBigIntegers", 1, "true or false, got 1"],
    ["supportedProtocols", "json", 'an array of protocol names, got "json"'],
    ["supportedProtocols", ["json", "xml"], 'any of json, messagepack, got "xml"'],
    ["createHub", {}, "a function (hubClass, context) => hub, got [object Object]"],
    ["filters", {}, "an array of objects with invoke, connected or disconnected, got [object Object]"],
    ["filters", [null], "an array of objects with invoke, connected or disconnected, got null"],
    ["filters", [{ invoke: 1 }], "an array of objects with invoke, connected or disconnected, got [object Object]"],
  ])("refuse %s = %j and say what is allowed", (name, value, text) => {
    expect(() => resolveHubOptions({}, { [name]: value } as HubOptions)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: `hub option ${name} must be ${text}` }),
    );
  });

  test("refuse an empty list of protocols as ASP.NET Core does", () => {
    expect(() => resolveHubOptions({ supportedProtocols: [] })).toThrow("There are no supported protocols");
  });
});
