import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { runCli } from "./program.js";

/** Runs a command line and keeps what it wrote; `interrupt` is Ctrl-C. */
function run(...args: string[]) {
  const interruption = new AbortController();
  const written = { out: "", err: "" };
  let wake: (() => void) | undefined;
  const code = runCli(args, {
    out: (text) => {
      written.out += text;
      wake?.();
    },
    err: (text) => {
      written.err += text;
    },
    interrupted: interruption.signal,
  });
  const banner = async (): Promise<string> => {
    while (!written.out.includes("Press Ctrl-C")) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return written.out;
  };
  return { code, written, banner, interrupt: () => interruption.abort() };
}

describe("azure-signalr emulator start", () => {
  test("shows how to use the emulator, serves, and ends well on Ctrl-C", async () => {
    const command = run("emulator", "start", "--port", "0");
    const banner = await command.banner();
    const [, connectionString, port] =
      /^ {2}(Endpoint=http:\/\/localhost;Port=(\d+);AccessKey=\w+;Version=1\.0;)$/m.exec(banner) ?? [];
    expect(banner).toContain(`export ConnectionStrings__signalr="${connectionString}"`);
    expect((await fetch(`http://localhost:${port}/api/health`)).status).toBe(200);
    expect(banner).toContain(`Live page:\n  http://localhost:${port}/\n`);
    expect((await fetch(`http://localhost:${port}/`)).headers.get("content-type")).toContain("text/html");
    command.interrupt();
    expect(await command.code).toBe(0);
    expect(command.written.out).toContain("The emulator has stopped.");
    expect(command.written.err).toBe("");
    await expect(fetch(`http://localhost:${port}/api/health`)).rejects.toThrow();
  });

  test("takes a host and a key", async () => {
    const key = "0123456789".repeat(4);
    const command = run("emulator", "start", "-p", "0", "--host", "127.0.0.1", "--key", key);
    expect(await command.banner()).toMatch(new RegExp(`Endpoint=http://127\\.0\\.0\\.1;Port=\\d+;AccessKey=${key};`));
    command.interrupt();
    expect(await command.code).toBe(0);
  });

  test("serves no page when told so", async () => {
    const command = run("emulator", "start", "--port", "0", "--no-page");
    const banner = await command.banner();
    expect(banner).not.toContain("Live page");
    const [, port] = /Port=(\d+);/.exec(banner) ?? [];
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(404);
    command.interrupt();
    expect(await command.code).toBe(0);
  });

  test("says in one sentence that the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const command = run("emulator", "start", "--port", String(port));
    expect(await command.code).toBe(1);
    expect(command.written).toEqual({
      out: "",
      err: `error: Port ${port} on 127.0.0.1 is in use by another program. Stop it, or choose another port.\n`,
    });
    other.close();
  });

  test.each([
    [["--port", "many"], "Give a whole number from 0 to 65535."],
    [["--port", "65536"], "Give a whole number from 0 to 65535."],
    [["--key", "short"], "accessKey must have at least 32 characters, got 5"],
    [["--speed", "9"], "unknown option '--speed'"],
  ])("refuses %j", async (flags, text) => {
    const command = run("emulator", "start", ...flags);
    expect(await command.code).toBe(1);
    expect(command.written.out).toBe("");
    expect(command.written.err).toContain(text);
    expect(command.written.err.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("azure-signalr", () => {
  test("tells its version", async () => {
    const command = run("--version");
    expect(await command.code).toBe(0);
    expect(command.written.out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  test("explains itself", async () => {
    const command = run("--help");
    expect(await command.code).toBe(0);
    expect(command.written.out).toContain("emulator");
    const about = run("emulator", "start", "--help");
    expect(await about.code).toBe(0);
    expect(about.written.out).toContain("8888");
  });

  test("does not know other commands", async () => {
    for (const args of [["publish"], ["emulator", "fly"]]) {
      const command = run(...args);
      expect(await command.code).toBe(1);
      expect(command.written.err).toContain(`unknown command '${args.at(-1)}'`);
    }
  });
});
