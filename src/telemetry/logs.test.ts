import { AzureLogger, getLogLevel, setLogLevel } from "@azure/logger";
import { afterEach, describe, expect, test } from "vitest";
import type { LogRecord } from "../base/probe.js";
import { createLogProbe, type Logger } from "./logs.js";

const record: LogRecord = {
  level: "info",
  category: "Microsoft.Azure.SignalR.ServiceConnection",
  event: "ServiceConnectionConnected",
  message: "Connected.",
  attributes: { hub: "chathub" },
};

/** Remembers what is written, as `[method, ...arguments]`. */
function recorder(extras: object = {}): Logger & { readonly lines: unknown[][] } {
  const lines: unknown[][] = [];
  const method =
    (name: string) =>
    (...message: unknown[]) => {
      lines.push([name, ...message]);
    };
  const methods = { debug: method("debug"), info: method("info"), warn: method("warn"), error: method("error") };
  return { ...methods, lines, ...extras };
}

const levelBefore = getLogLevel();
const writeBefore = AzureLogger.log;

afterEach(() => {
  setLogLevel(levelBefore);
  AzureLogger.log = writeBefore;
});

describe("a logger like console", () => {
  test("gets the sentence with its category, then values and error", () => {
    const logger = recorder();
    const error = new Error("why");
    createLogProbe(logger).log({ ...record, level: "error", error });
    expect(logger.lines).toEqual([
      ["error", "[Microsoft.Azure.SignalR.ServiceConnection] Connected.", { hub: "chathub" }, error],
    ]);
  });

  test("gets info and above, and debug only while AZURE_LOG_LEVEL is verbose", () => {
    setLogLevel("warning");
    const logger = recorder();
    const probe = createLogProbe(logger);
    const levels = ["trace", "debug", "info", "warn", "error"] as const;
    expect(levels.map((level) => probe.isEnabled(level))).toEqual([false, false, true, true, true]);
    AzureLogger.log = () => {};
    for (const level of levels) probe.log({ ...record, level });
    expect(logger.lines.map(([method]) => method)).toEqual(["info", "warn", "error"]);
    setLogLevel("verbose");
    expect(levels.every((level) => probe.isEnabled(level))).toBe(true);
    probe.log({ ...record, level: "trace" });
    expect(logger.lines.at(-1)?.[0]).toBe("debug");
  });
});

describe("a logger like pino", () => {
  test("gets the values first, then the sentence, and decides itself what it shows", () => {
    const pino = recorder({ bindings: () => ({}), isLevelEnabled: (level: string) => level !== "info" });
    const probe = createLogProbe(pino);
    const error = new Error("why");
    expect(probe.isEnabled("debug")).toBe(true);
    expect(probe.isEnabled("info")).toBe(false);
    probe.log(record);
    probe.log({ ...record, level: "warn", error });
    expect(pino.lines).toEqual([
      [
        "warn",
        {
          category: "Microsoft.Azure.SignalR.ServiceConnection",
          event: "ServiceConnectionConnected",
          hub: "chathub",
          err: error,
        },
        "Connected.",
      ],
    ]);
  });
});

test("a logger that throws harms nobody", () => {
  const logger = recorder({
    info: () => {
      throw new Error("disk full");
    },
  });
  expect(() => createLogProbe(logger).log(record)).not.toThrow();
});

test("a logger that fails later harms nobody", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  // No mock: those handle the rejections of what they wrap.
  let calls = 0;
  const info = async (): Promise<void> => {
    calls += 1;
    throw new Error("disk full");
  };
  createLogProbe(recorder({ info })).log(record);
  createLogProbe(recorder({ info, bindings: () => ({}) })).log(record);
  await new Promise((resolve) => setTimeout(resolve, 0));
  process.off("unhandledRejection", note);
  expect(calls).toBe(2);
  expect(unhandled).toEqual([]);
});

describe("@azure/logger", () => {
  test("gets every record of its level under azure:<category>, and nothing when it is off", () => {
    const written: unknown[][] = [];
    AzureLogger.log = (...line: unknown[]) => {
      written.push(line);
    };
    const probe = createLogProbe();
    setLogLevel(undefined);
    expect(probe.isEnabled("error")).toBe(false);
    probe.log(record);
    expect(written).toEqual([]);
    setLogLevel("info");
    expect(probe.isEnabled("info")).toBe(true);
    expect(probe.isEnabled("debug")).toBe(false);
    probe.log(record);
    probe.log({ ...record, level: "debug" });
    expect(written).toHaveLength(1);
    const [line = []] = written;
    expect(line[0]).toContain("azure:Microsoft.Azure.SignalR.ServiceConnection:info");
    expect(line.slice(1)).toEqual(["Connected.", { hub: "chathub" }]);
  });
});
