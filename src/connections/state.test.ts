import { expect, test } from "vitest";
import { CONNECTION_EDGES, NEXT } from "./state.js";

test("a closed connection never resurrects, and every state can be left for closed", () => {
  expect(NEXT.closed).toEqual([]);
  const leavable = Object.entries(NEXT).filter(([from]) => from !== "closed");
  expect(leavable.every(([, to]) => to.includes("closed"))).toBe(true);
});

test("the way of a good life is idle, dialing, handshaking, open, draining, closed", () => {
  const life = ["idle", "dialing", "handshaking", "open", "draining", "closed"];
  const steps = life.slice(1).map((to, index) => `${life[index]} ${to}`);
  const edges = CONNECTION_EDGES.map((edge) => edge.join(" "));
  expect(edges).toEqual(expect.arrayContaining(steps));
  expect(edges).toHaveLength(9);
});
