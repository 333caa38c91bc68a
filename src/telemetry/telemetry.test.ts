import { AzureLogger, createClientLogger, setLogLevel } from "@azure/logger";
import { context, createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TelemetrySdk } from "../../test/support/telemetry-sdk.js";
import type { ServiceFigures } from "../host/figures.js";
import { ErrorTypes } from "./error-types.js";
import type { Logger } from "./logs.js";
import { type FigureSource, Meters } from "./meters.js";
import { activeMeterProvider } from "./opentelemetry.js";
import { Telemetry } from "./telemetry.js";

const figures: ServiceFigures = {
  service: "signalr",
  hubs: [],
  pendingAcks: 3,
  ackTimeouts: 0,
  negotiations: new Map(),
};
const source: FigureSource = { figures: () => figures };

/** The text of every line that reached a logger. */
function listener(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (text: unknown): void => void lines.push(String(text));
  return { debug: write, info: write, warn: write, error: write, lines };
}

describe("nobody has to say when an SDK is there", () => {
  test("without one there are no instruments at all", () => {
    const telemetry = new Telemetry();
    telemetry.watch(source);
    expect(telemetry.instruments).toBeUndefined();
    telemetry.close();
  });

  test("one that comes later is found, and lost again when it goes", async () => {
    const telemetry = new Telemetry();
    telemetry.watch(source);
    {
      await using sdk = new TelemetrySdk();
      expect(telemetry.instruments).toBeUndefined();
      telemetry.refresh();
      telemetry.instruments?.begin({ kind: "connected", hub: "ChatHub" })?.end();
      expect(sdk.spans().map(({ name }) => name)).toEqual(["ChatHub/OnConnected"]);
      expect(await sdk.sum("azure.signalr.acks.pending")).toBe(3);
    }
    telemetry.refresh();
    expect(telemetry.instruments).toBeUndefined();
    telemetry.close();
  });

  test("one for metrics alone gets durations, and nothing becomes the active span", async () => {
    await using sdk = new TelemetrySdk({ metrics: true });
    const telemetry = new Telemetry();
    telemetry.watch(source);
    const recording = telemetry.instruments?.begin({
      kind: "call",
      hub: "ChatHub",
      method: "echo",
      headers: { traceparent: "00-11111111111111111111111111111111-2222222222222222-01" },
      link: undefined,
    });
    expect(recording?.link).toBeUndefined();
    expect(recording?.run(() => trace.getActiveSpan())).toBeUndefined();
    recording?.end();
    recording?.end();
    const [call] = await sdk.points("rpc.server.call.duration");
    expect(call?.value).toMatchObject({ count: 1 });
    expect(telemetry.instruments?.begin({ kind: "connected", hub: "ChatHub" })).toBeUndefined();
    telemetry.close();
  });
});

describe("metrics of a service", () => {
  test("can be collected once more after it has stopped", async () => {
    await using sdk = new TelemetrySdk({ metrics: true });
    const telemetry = new Telemetry();
    telemetry.watch(source);
    telemetry.close();
    expect(await sdk.sum("azure.signalr.acks.pending")).toBe(3);
  });

  test("are not asked for any more when nobody holds the service", async () => {
    await using sdk = new TelemetrySdk({ metrics: true });
    const provider = activeMeterProvider();
    if (provider === undefined) throw new Error("bug: it was registered");
    let held: FigureSource | undefined = source;
    let asked = 0;
    const deref = (): FigureSource | undefined => {
      asked += 1;
      return held;
    };
    const meters = new Meters(provider, { deref, [Symbol.toStringTag]: "WeakRef" });
    expect(await sdk.sum("azure.signalr.acks.pending")).toBe(3);
    held = undefined;
    await sdk.metrics();
    await sdk.metrics();
    expect(asked).toBe(2);
    meters.detach();
  });
});

test("error types are few, and never long", () => {
  const types = new ErrorTypes();
  const named = (name: string): Error => Object.assign(new Error("x"), { name });
  expect(types.of(new TypeError("x"))).toBe("TypeError");
  expect(types.of(new (class Broken extends Error {})("x"))).toBe("Broken");
  expect(types.of("thrown text")).toBe("Error");
  expect(types.of(named("x".repeat(200)))).toBe("_OTHER");
  for (let count = 0; count < 200; count += 1) types.of(named(`Error of ${count}`));
  expect(types.of(named("one more"))).toBe("_OTHER");
  expect(types.of(new TypeError("x"))).toBe("TypeError");
});

describe("the logs of Azure's libraries", () => {
  const identity = createClientLogger("identity");
  const pipeline = createClientLogger("core-rest-pipeline:retryPolicy");
  const storage = createClientLogger("storage-blob");
  const writeBefore = AzureLogger.log;

  beforeEach(() => {
    AzureLogger.log = () => {};
    setLogLevel("info");
  });

  afterEach(() => {
    AzureLogger.log = writeBefore;
    setLogLevel(undefined);
  });

  test("come to the app's logger and to OpenTelemetry, each once, under their categories", async () => {
    await using sdk = new TelemetrySdk({ logs: true });
    const logger = listener();
    const services = [new Telemetry({ logger }), new Telemetry({ logger })];
    identity.warning("no token for", "someone");
    pipeline.info("tried again %d times", 3);
    pipeline.verbose("not at this level");
    storage.info("somebody else's");
    expect(logger.lines).toEqual(["[Azure.Identity] no token for someone", "[Azure.Core] tried again 3 times"]);
    expect(
      sdk
        .records()
        .map(({ instrumentationScope, severityText, body }) => [instrumentationScope.name, severityText, body]),
    ).toEqual([
      ["Azure.Identity", "WARN", "no token for someone"],
      ["Azure.Core", "INFO", "tried again 3 times"],
    ]);
    for (const service of services) service.close();
    identity.warning("later");
    expect(logger.lines).toHaveLength(2);
  });

  test("do not go round in circles: what an exporter logs is not exported", async () => {
    await using sdk = new TelemetrySdk({ traces: true, logs: true });
    const telemetry = new Telemetry();
    const exporting = ROOT_CONTEXT.setValue(createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING"), true);
    context.with(exporting, () => pipeline.info("sent a batch of logs"));
    expect(sdk.records()).toEqual([]);
    pipeline.info("something else");
    expect(sdk.records()).toHaveLength(1);
    telemetry.close();
  });

  test("stay where somebody else leads them later, without going round", () => {
    const logger = listener();
    const first = new Telemetry({ logger });
    const ours = AzureLogger.log;
    const theirs: unknown[][] = [];
    AzureLogger.log = (...line) => {
      theirs.push(line);
      ours(...line);
    };
    const second = new Telemetry({ logger });
    identity.info("once");
    expect(logger.lines).toEqual(["[Azure.Identity] once"]);
    expect(theirs).toHaveLength(1);
    AzureLogger.log = () => {};
    const third = new Telemetry({ logger });
    identity.info("again");
    expect(logger.lines).toEqual(["[Azure.Identity] once", "[Azure.Identity] again"]);
    for (const service of [first, second, third]) service.close();
    identity.info("too late");
    expect(logger.lines).toHaveLength(2);
  });
});
