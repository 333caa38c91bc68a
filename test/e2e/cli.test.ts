import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt, root } from "../support/built.js";
import { startNode } from "../support/child.js";

beforeAll(ensureBuilt, 60_000);

const MAIN = `${root}dist/cli/main.js`;

/** Runs the real command to its end. */
async function azureSignalR(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = startNode(MAIN, {}, tmpdir(), args);
  const code = await child.ended();
  return { code, output: child.output() };
}

test("an emulator runs until Ctrl-C, tells its status, and keeps its port to itself", async () => {
  const emulator = startNode(MAIN, {}, tmpdir(), ["emulator", "start", "--port", "0"]);
  onTestFinished(() => void emulator.process.kill("SIGKILL"));
  const [, port = ""] = await emulator.printed(/Port=(\d+);AccessKey=.*Press Ctrl-C/s);
  const [status, second] = await Promise.all([
    azureSignalR("emulator", "status", "--port", port),
    azureSignalR("emulator", "start", "--port", port),
  ]);
  expect(status).toEqual({ code: 0, output: expect.stringContaining("is healthy: mode both, 1 instance") });
  expect(second).toEqual({
    code: 1,
    output: `error: Port ${port} on 127.0.0.1 is in use by another program. Stop it, or choose another port.\n`,
  });
  expect(await emulator.end("SIGINT")).toBe(0);
  expect(emulator.output()).toContain("The emulator has stopped.");
});

test("each command of the emulator explains itself, and a wrong one ends with code 1", async () => {
  const [help, status, list, wrong] = await Promise.all([
    azureSignalR("emulator", "start", "--help"),
    azureSignalR("emulator", "status", "--help"),
    azureSignalR("emulator", "upstream", "--help"),
    azureSignalR("emulator", "start", "--port", "seven"),
  ]);
  for (const option of ["--port", "--ip", "--config", "--mode", "--instances", "--cert", "--log-level", "--entra"]) {
    expect(help.output).toContain(option);
  }
  expect([help.code, status.code, list.code]).toEqual([0, 0, 0]);
  expect(list.output).toContain("init");
  expect(wrong).toEqual({ code: 1, output: expect.stringContaining("Give a whole number from 0 to 65535.") });
});

test("the emulator on a command line ends in order when nobody reads its output any more", async () => {
  const program = spawn(process.execPath, [MAIN, "emulator", "start", "--port", "0"]);
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
