import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile, ensureBuilt, root } from "./support/built.js";

test("wrong names, arguments and results do not compile, right ones do", () => {
  expect(compile("test/types/tsconfig.json")).toBe("");
}, 60_000);

test("a page without any types of Node can use the client door and import the type of a hub", () => {
  ensureBuilt();
  expect(compile("test/types/browser/tsconfig.json")).toBe("");
}, 60_000);

test("the client door loads nothing but itself, so that browsers can have it", () => {
  ensureBuilt();
  const imported = new Set<string>();
  const visit = (file: string): void => {
    if (imported.has(file)) return;
    imported.add(file);
    const code = readFileSync(`${root}dist/client/${file}`, "utf8");
    for (const [, path = ""] of code.matchAll(/^(?:import|export) .*from "([^"]+)"/gm)) visit(path.replace("./", ""));
  };

  visit("index.js");

  expect([...imported].sort()).toEqual(["download.js", "index.js", "trace-context.js", "uploads.js"]);
});
