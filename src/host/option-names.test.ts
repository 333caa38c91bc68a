import { expect, test } from "vitest";
import { ask, buildHost, nextTurn } from "../../test/support/named-host.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { EndpointRouter } from "../connections/router.js";
import { Hub } from "../hub/hub.js";
import { requireRouter, unknownMapHubOptions, unknownOptions } from "./option-names.js";
import type { SignalROptions } from "./signalr.js";

class ChatHub extends Hub {}

test.each([
  [{ connectionCont: 3 }, "connectionCont", "connectionCount"],
  [{ ConnectionString: "x" }, "ConnectionString", "connectionString"],
  [{ router: {} }, "router", "endpointRouter"],
  [{ gracefulShutdown: { timeOut: 5 } }, "gracefulShutdown.timeOut", "gracefulShutdown.timeout"],
  [{ hub: { keepAlive: 5 } }, "hub.keepAlive", "hub.keepAliveInterval"],
])("%j is not known: the nearest name is told", (options, wrong, right) => {
  expect(unknownOptions(options)).toEqual([`The option ${wrong} is not known and not used; did you mean ${right}?`]);
});

test("names that are known, absent or undefined are no news", () => {
  const options: SignalROptions<never> = {
    connectionCount: 1,
    hub: { jsonBigIntegers: true, createHub: () => new ChatHub() },
  };
  expect(unknownOptions({ ...options, misspelled: undefined })).toEqual([]);
  expect(unknownMapHubOptions("/chat", undefined)).toEqual([]);
  expect(unknownMapHubOptions("/chat", { authorize: () => true, filters: [] })).toEqual([]);
});

test("a host warns of them once, in its options and in those of mapHub", () => {
  const probe = new RecordingProbe();
  const { host } = buildHost({ conectionCount: 2 } as SignalROptions<object>, { probe });
  host.mapHub("/chat", ChatHub, { authorise: () => true } as object);
  expect(probe.of("ConfigurationWarning").map(({ level, message }) => [level, message])).toEqual([
    ["warn", "The option conectionCount is not known and not used; did you mean connectionCount?"],
    ["warn", 'The option mapHub("/chat") authorise is not known and not used; did you mean mapHub("/chat") authorize?'],
  ]);
});

test.each([
  [5, /must be an object/],
  [null, /must be an object/],
  [{}, /none of its methods: negotiate, broadcast/],
  [{ negotiate: "west" }, /endpointRouter.negotiate must be a function, got string/],
])("%j is no router", (router, message) => {
  expect(() => requireRouter(router)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  expect(() => buildHost({ endpointRouter: router as EndpointRouter })).toThrow(message);
});

test("an object of a class with the methods on its prototype is a router", () => {
  class Router implements EndpointRouter {
    broadcast() {
      return [];
    }
  }
  expect(() => requireRouter(new Router())).not.toThrow();
});

test.each([
  [{ configuration: { folder: 5 } }, "configuration.folder (code): found 5; allowed is the path of a folder"],
  [{ configuration: 5 }, "configuration (code): found 5; allowed is an object { folder } or { values }"],
  [{ configuration: { values: [] } }, "configuration.values (code): found an array; allowed is an object in the shape"],
  [{ hub: 5 }, "hub (code): found 5; allowed is an object with hub options"],
])("%j stops the start with one error", async (options, message) => {
  const { host } = buildHost(options as unknown as SignalROptions<object>);
  host.mapHub("/chat", ChatHub);
  const error = await host.started().catch((reason: Error) => reason);
  expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(message) });
  await nextTurn();
  expect((await ask(host)).status).toBe(500);
});

test("several of them are one error, a line each", async () => {
  const { host } = buildHost({ hub: "x", configuration: { folder: false } } as unknown as SignalROptions<object>);
  await expect(host.started()).rejects.toThrow(/have 2 mistakes:\n- hub/);
});
