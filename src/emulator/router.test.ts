import { describe, expect, test } from "vitest";
import { chooseLink, type Routable } from "./router.js";

const link = (serverId: string, clientCount: number, takesClients = true): Routable => ({
  serverId,
  clientCount,
  takesClients,
});

describe("the router", () => {
  test("takes the server with the fewest clients in all, and its least used connection", () => {
    const best = link("b", 1);
    expect(chooseLink([link("a", 0), link("a", 5), link("b", 2), best])).toBe(best);
  });

  test("counts clients on connections that take no more", () => {
    const best = link("b", 3);
    expect(chooseLink([link("a", 9, false), link("a", 0), best])).toBe(best);
  });

  test("finds nobody when nobody takes clients", () => {
    expect(chooseLink([])).toBeUndefined();
    expect(chooseLink([link("a", 0, false)])).toBeUndefined();
  });

  test("keeps a sticky client at its server, however full", () => {
    const own = link("b", 100);
    for (const isRequired of [true, false]) {
      expect(chooseLink([link("a", 0), own], { serverId: "b", isRequired })).toBe(own);
    }
  });

  test("sends a sticky client elsewhere only when it may go there", () => {
    const other = link("a", 0);
    const links = [other, link("b", 0, false)];
    expect(chooseLink(links, { serverId: "b", isRequired: false })).toBe(other);
    expect(chooseLink(links, { serverId: "b", isRequired: true })).toBeUndefined();
  });

  test("passes over the server that is left", () => {
    const other = link("b", 7);
    expect(chooseLink([link("a", 0), other], undefined, "a")).toBe(other);
    expect(chooseLink([link("a", 0)], undefined, "a")).toBeUndefined();
  });
});
