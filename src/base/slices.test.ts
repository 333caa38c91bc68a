import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { visitInSlices } from "./slices.js";

test("what fits into one turn is visited at once", () => {
  const visited: number[] = [];
  expect(visitInSlices([1, 2, 3].values(), 4, (item) => visited.push(item))).toBeUndefined();
  expect(visited).toEqual([1, 2, 3]);
});

test("more than that leaves room for other work, keeps its order, and says when it is done", async () => {
  const visited: number[] = [];
  const done = visitInSlices(Array(25).keys(), 10, (item) => visited.push(item));
  expect(visited).toHaveLength(10);
  await nextTurn();
  expect(visited).toHaveLength(20);
  await done;
  expect(visited).toEqual([...Array(25).keys()]);
});

test("what leaves a map meanwhile is not visited any more", async () => {
  const items = new Map(Array.from({ length: 30 }, (_, index) => [index, index]));
  const visited: number[] = [];
  const done = visitInSlices(items.values(), 10, (item) => visited.push(item));
  for (let index = 15; index < 30; index += 1) items.delete(index);
  await done;
  expect(visited).toHaveLength(15);
});
