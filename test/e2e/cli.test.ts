import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt, root } from "../support/built.js";

beforeAll(ensureBuilt, 60_000);

test("the emulator on a command line ends in order when nobody reads its output any more", async () => {
  const program = spawn(process.execPath, [`${root}dist/cli/main.js`, "emulator", "start", "--port", "0"]);
  onTestFinished(() => void program.kill("SIGKILL"));
  let complaints = "";
  program.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  // Before its first line: the line finds the pipe closed, as with `| true`.
  program.stdout.destroy();
  expect(await once(program, "close")).toEqual([0, null]);
  expect(complaints).toBe("");
});
