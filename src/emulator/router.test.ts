import { describe, expect, test } from "vitest";
import { Instance } from "./instances.js";
import { chooseLink, type Routable } from "./router.js";

const [instance, otherInstance] = [new Instance("one"), new Instance("two")];

const link = (serverId: string, clientCount: number, takesClients = true, at = instance): Routable => ({
  serverId,
  instance: at,
  clientCount,
  takesClients,
});

describe("the router", () => {
  test("takes the server with the fewest clients in all, and its least used connection", () => {
    const best = link("b", 1);
    expect(chooseLink([link("a", 0), link("a", 5), link("b", 2), best], { instance })).toBe(best);
  });

  test("counts clients on connections that take no more", () => {
    const best = link("b", 3);
    expect(chooseLink([link("a", 9, false), link("a", 0), best], { instance })).toBe(best);
  });

  test("finds nobody when nobody takes clients", () => {
    expect(chooseLink([], { instance })).toBeUndefined();
    expect(chooseLink([link("a", 0, false)], { instance })).toBeUndefined();
  });

  test("keeps a sticky client at its server, however full", () => {
    const own = link("b", 100);
    for (const isRequired of [true, false]) {
      expect(chooseLink([link("a", 0), own], { instance, sticky: { serverId: "b", isRequired } })).toBe(own);
    }
  });

  test("sends a sticky client elsewhere only when it may go there", () => {
    const other = link("a", 0);
    const links = [other, link("b", 0, false)];
    expect(chooseLink(links, { instance, sticky: { serverId: "b", isRequired: false } })).toBe(other);
    expect(chooseLink(links, { instance, sticky: { serverId: "b", isRequired: true } })).toBeUndefined();
  });

  test("passes over the server that is left", () => {
    const other = link("b", 7);
    expect(chooseLink([link("a", 0), other], { instance, exceptServer: "a" })).toBe(other);
    expect(chooseLink([link("a", 0)], { instance, exceptServer: "a" })).toBeUndefined();
  });

  test("prefers connections on the client's instance, and goes to others when there is none", () => {
    const [near, far] = [link("a", 9), link("b", 0, true, otherInstance)];
    expect(chooseLink([far, near], { instance })).toBe(near);
    expect(chooseLink([far, link("a", 9, false)], { instance })).toBe(far);
  });

  test("looks for a sticky client's server on its instance first, and elsewhere only if it is required", () => {
    const [near, own] = [link("a", 0), link("b", 0, true, otherInstance)];
    expect(chooseLink([near, own], { instance, sticky: { serverId: "b", isRequired: false } })).toBe(near);
    expect(chooseLink([near, own], { instance, sticky: { serverId: "b", isRequired: true } })).toBe(own);
    const ownNear = link("b", 5);
    expect(chooseLink([near, own, ownNear], { instance, sticky: { serverId: "b", isRequired: true } })).toBe(ownNear);
  });
});
