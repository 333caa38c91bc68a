import { expect, test } from "vitest";
import type { EndpointType } from "../config/endpoint.js";
import { chooseNegotiateEndpoint, defaultEndpointRouter, type RoutableEndpoint } from "./router.js";

function endpointOf(
  name: string,
  type: EndpointType,
  isOnline: boolean,
  clientConnectionCount = 0,
  connectionCapacity = 0,
): RoutableEndpoint {
  const metrics = { clientConnectionCount, serverConnectionCount: 0, connectionCapacity };
  return { name, type, url: `https://${name}`, isOnline, isActive: true, metrics };
}

const choose = (all: readonly RoutableEndpoint[], random: number) => chooseNegotiateEndpoint(all, () => random)?.name;

test("primaries that are online come first, then secondaries, then nobody", () => {
  const primary = endpointOf("p", "primary", true);
  const secondary = endpointOf("s", "secondary", true);
  expect(choose([secondary, primary], 0.99)).toBe("p");
  expect(choose([endpointOf("p", "primary", false), secondary], 0)).toBe("s");
  expect(choose([endpointOf("p", "primary", false), endpointOf("s", "secondary", false)], 0)).toBeUndefined();
});

test("without capacities the choice is even", () => {
  const all = [
    endpointOf("a", "primary", true, 900, 1000),
    endpointOf("b", "primary", true),
    endpointOf("c", "primary", true),
  ];
  expect([0, 0.4, 0.99].map((random) => choose(all, random))).toEqual(["a", "b", "c"]);
});

test("with capacities the emptier endpoint gets more, and a full one still a little", () => {
  const all = [endpointOf("full", "primary", true, 1200, 1000), endpointOf("half", "primary", true, 500, 1000)];
  expect(choose(all, 0)).toBe("full");
  expect(choose(all, 0.01)).toBe("half");
  expect(choose(all, 0.999)).toBe("half");
});

test("the default router sends messages to all that are online, clients to one of them, and says when there is none", () => {
  const [on, off] = [endpointOf("on", "secondary", true), endpointOf("off", "primary", false)];
  const { negotiate, broadcast, user, group, connection } = defaultEndpointRouter;
  const all = [on, off];
  expect([broadcast(all), user("u", all), group("g", all), connection("c", all)]).toEqual([[on], [on], [on], [on]]);
  expect(negotiate({}, all)).toBe(on);
  expect(() => negotiate({}, [off])).toThrow(expect.objectContaining({ code: "NOT_CONNECTED" }));
});
