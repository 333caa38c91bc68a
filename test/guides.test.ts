import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { ensureBuilt, root } from "./support/built.js";

const run = promisify(execFile);

test("the tests in the guide to testing pass as they stand there", async () => {
  ensureBuilt();
  // Outside the project: its own test runner would find these tests too, or leave them out as part of node_modules.
  const project = mkdtempSync(`${tmpdir()}/guide-`);
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  mkdirSync(`${project}/node_modules/@microsoft`, { recursive: true });
  symlinkSync(root, `${project}/node_modules/azure-signalr-server`, "dir");
  for (const name of ["vitest", "@microsoft/signalr"]) {
    symlinkSync(`${root}node_modules/${name}`, `${project}/node_modules/${name}`, "dir");
  }
  writeFileSync(`${project}/package.json`, '{ "type": "module" }');
  const guide = readFileSync(`${root}docs/guides/test-your-hubs.md`, "utf8");
  for (const [, code = "", name = ""] of guide.matchAll(/^```ts\n(\/\/ ([\w.-]+\.ts)\n[\s\S]*?)^```$/gm)) {
    writeFileSync(`${project}/${name}`, code);
  }
  const { stdout } = await run(
    process.execPath,
    [`${root}node_modules/vitest/vitest.mjs`, "run", "--root", project, "--reporter", "json"],
    { cwd: project },
  ).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`the guide's tests fail:\n${error.stdout}\n${error.stderr}`);
  });
  const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Record<string, unknown>;
  expect(report).toMatchObject({ success: true, numTotalTests: 6, numPassedTests: 6 });
}, 60_000);

test("the tests that the emulator's reference names exist", () => {
  const reference = readFileSync(`${root}docs/reference/emulator.md`, "utf8");
  const named = [...reference.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(
    (name) => !existsSync(root + (name.startsWith("test/") ? name : `src/emulator/${name}`)),
  );
  expect(missing).toEqual([]);
});
