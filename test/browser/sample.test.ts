import { once } from "node:events";
import { createServer } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Child } from "../support/child.js";
import { addressOf, buildSample, startSample } from "./sample.js";

beforeAll(() => buildSample(), 60_000);

function start(port: string, env?: Readonly<Record<string, string>>): Child {
  const sample = startSample(port, env);
  onTestFinished(async () => {
    await sample.end("SIGKILL");
  });
  return sample;
}

describe("the chat sample as a program", () => {
  test("says where it is, what it runs on, and how to use Azure", async () => {
    const sample = start("0");
    const address = await addressOf(sample);
    expect((await fetch(address)).status).toBe(200);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    expect(sample.output()).toContain("the emulator in this process");
    expect(sample.output()).toContain("ConnectionStrings__signalr");
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends cleanly on %s", async (signal) => {
    const sample = start("0");
    await addressOf(sample);
    expect(await sample.end(signal)).toBe(0);
    expect(sample.output()).not.toMatch(/error/i);
  });

  test("gives one sentence and exit code 1 when its port is in use", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    onTestFinished(() => {
      other.close();
    });
    const address = other.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const sample = start(port);
    expect(await sample.ended()).toBe(1);
    expect(sample.output()).toBe(
      `The chat cannot listen: Port ${port} is in use; stop the other program, or set PORT.\n`,
    );
  });

  test("gives one sentence and exit code 1 when PORT is no port", async () => {
    const sample = start("eighty");
    expect(await sample.ended()).toBe(1);
    expect(sample.output()).toBe('PORT must be a whole number from 0 to 65535, got "eighty".\n');
  });

  test("gives the reason and exit code 1 when the connection string is wrong, without showing its key", async () => {
    const key = "TOPSECRET0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const sample = start("0", { ConnectionStrings__signalr: `AccessKey=${key};Version=1.0;` });
    expect(await sample.ended()).toBe(1);
    expect(sample.output()).toMatch(/^The chat cannot start: .*endpoint/i);
    expect(sample.output().trim().split("\n")).toHaveLength(1);
    expect(sample.output()).not.toContain(key);
  });
});
