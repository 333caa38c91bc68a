import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { GracefulShutdownMode } from "../config/options.js";
import type { HubContext } from "./hub-context.js";
import { HubShutdown, type ShutdownHook, type ShuttingHub } from "./shutdown.js";

type StepName = "offline" | "empty" | "dismiss" | "close";

/** A hub whose steps are over at once, unless the test holds them. */
class StubHub implements ShuttingHub {
  readonly hubName = "chat";
  readonly clientCount = 3;
  readonly calls: string[] = [];
  readonly held = new Map<StepName, Promise<void>>();

  offline(mode: GracefulShutdownMode): Promise<void> {
    return this.#step("offline", `offline ${mode}`);
  }
  context(): HubContext {
    return Object.freeze({ clients: {}, groups: {} }) as HubContext;
  }
  empty(): Promise<void> {
    return this.#step("empty", "empty");
  }
  dismissClients(batchSize: number): Promise<void> {
    return this.#step("dismiss", `dismiss ${batchSize}`);
  }
  close(): Promise<void> {
    return this.#step("close", "close");
  }
  async #step(name: StepName, call: string): Promise<void> {
    this.calls.push(call);
    await this.held.get(name);
  }
}

const never = new Promise<void>(() => {});
let clock: ManualClock;
let probe: RecordingProbe;
let hub: StubHub;

beforeEach(() => {
  clock = new ManualClock();
  probe = new RecordingProbe();
  hub = new StubHub();
});

function begin(mode: GracefulShutdownMode, hooks: readonly ShutdownHook[] = [], timeout = 30_000) {
  const state = { isOver: false };
  const shutdown = new HubShutdown(hub, { settings: { mode, timeout }, hooks, clock, probe });
  const over = shutdown.close().then(() => {
    state.isOver = true;
  });
  return { over, state };
}

test.each(["WaitForClientsClose", "MigrateClients"] as const)("%s: every step, in order", async (mode) => {
  const { over } = begin(mode, [() => void hub.calls.push("hook 1"), async () => void hub.calls.push("hook 2")]);
  await over;
  expect(hub.calls).toEqual([`offline ${mode}`, "hook 1", "hook 2", "empty", "dismiss 100", "empty", "close"]);
  expect(probe.events()).toEqual([
    "SettingServerOffline",
    "TriggeringShutdownHooks",
    "WaitingClientConnectionsToClose",
    "StoppingServer",
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test("Off: neither hooks nor waiting, the clients are sent away in batches", async () => {
  await begin("Off", [() => void hub.calls.push("hook")]).over;
  expect(hub.calls).toEqual(["offline Off", "dismiss 100", "empty", "close"]);
  expect(clock.pendingTimers).toBe(0);
});

test("Off does not wait long for the service's word", async () => {
  hub.held.set("offline", never);
  const { over } = begin("Off");
  await turns();
  expect(hub.calls).toEqual(["offline Off"]);
  clock.advance(5000);
  await over;
  expect(hub.calls.at(-1)).toBe("close");
  expect(probe.events()).toEqual(["SettingServerOffline", "StoppingServer"]);
});

test("a hook waits for the one before it, and clients for all", async () => {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { over } = begin("MigrateClients", [() => gate, () => void hub.calls.push("hook 2")]);
  await turns();
  expect(hub.calls).toEqual(["offline MigrateClients"]);
  open();
  await over;
  expect(hub.calls.slice(1, 3)).toEqual(["hook 2", "empty"]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("the hook broke");
    },
  ],
  ["rejects", () => Promise.reject(new Error("the hook broke"))],
])("a hook that %s is told, ends the chain, and nothing else", async (_name, hook: ShutdownHook) => {
  await begin("WaitForClientsClose", [hook, () => void hub.calls.push("hook 2")]).over;
  expect(hub.calls).toEqual(["offline WaitForClientsClose", "empty", "dismiss 100", "empty", "close"]);
  expect(probe.of("ShutdownHookFailed")[0]?.message).toContain("the hook broke");
});

describe("when the time is over", () => {
  test.each([
    ["for the service's word", "offline", ["offline MigrateClients", "dismiss Infinity", "empty", "close"]],
    ["for the clients", "empty", ["offline MigrateClients", "empty", "dismiss Infinity", "empty", "close"]],
    ["for onDisconnected", "dismiss", ["offline MigrateClients", "empty", "dismiss 100", "close"]],
  ] as const)("%s, it is told once, and the rest is done without waiting long", async (_name, held, calls) => {
    hub.held.set(held, never);
    const { over } = begin("MigrateClients");
    await turns();
    clock.advance(30_000);
    await turns();
    clock.advance(1000);
    await over;
    expect(hub.calls).toEqual(calls);
    const [record, ...others] = probe.of("GracefulShutdownTimeoutExceeded");
    expect(record?.message).toContain("3 clients are cut off");
    expect(others).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("a hook that still runs is left alone, also when it fails later", async () => {
    let fail: (error: Error) => void = () => {};
    const hook = () =>
      new Promise<void>((_resolve, reject) => {
        fail = reject;
      });
    const { over } = begin("MigrateClients", [hook, () => void hub.calls.push("hook 2")]);
    await turns();
    clock.advance(30_000);
    await over;
    expect(hub.calls).toEqual(["offline MigrateClients", "dismiss Infinity", "empty", "close"]);
    fail(new Error("late"));
    await turns();
    expect(probe.of("ShutdownHookFailed")).toHaveLength(1);
  });

  test("which it is from the start with a timeout of 0, the service is told none the less", async () => {
    hub.held.set("offline", never);
    await begin("WaitForClientsClose", [() => void hub.calls.push("hook")], 0).over;
    expect(hub.calls).toEqual(["offline WaitForClientsClose", "dismiss Infinity", "empty", "close"]);
  });

  test("onDisconnected has a second of its own, and so has the closing of connections", async () => {
    hub.held.set("dismiss", never);
    hub.held.set("close", never);
    const { state } = begin("WaitForClientsClose", [], 0);
    await turns();
    clock.advance(999);
    await turns();
    expect(hub.calls).not.toContain("close");
    clock.advance(1);
    await turns();
    expect(hub.calls).toContain("close");
    expect(state.isOver).toBe(false);
    clock.advance(1000);
    await turns();
    expect(state.isOver).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

test("a step that fails is told and passed over", async () => {
  const broken = Promise.reject(new Error("no way"));
  broken.catch(() => {});
  hub.held.set("offline", broken);
  hub.held.set("close", broken);
  await begin("WaitForClientsClose").over;
  expect(hub.calls.at(-1)).toBe("close");
  expect(probe.of("ShutdownStepFailed")).toHaveLength(2);
});

test("the connections stay open between drain and close, and both may be asked for twice", async () => {
  const settings = { mode: "Off", timeout: 30_000 } as const;
  const shutdown = new HubShutdown(hub, { settings, hooks: [], clock, probe });
  await Promise.all([shutdown.drain(), shutdown.drain()]);
  expect(hub.calls).toEqual(["offline Off", "dismiss 100", "empty"]);
  await Promise.all([shutdown.close(), shutdown.close()]);
  expect(hub.calls).toEqual(["offline Off", "dismiss 100", "empty", "close"]);
  expect(clock.pendingTimers).toBe(0);
});

test("a close long after the drain still has a moment of its own", async () => {
  hub.held.set("close", never);
  const settings = { mode: "Off", timeout: 30_000 } as const;
  const shutdown = new HubShutdown(hub, { settings, hooks: [], clock, probe });
  await shutdown.drain();
  clock.advance(60_000);
  const closed = shutdown.close();
  await turns();
  clock.advance(1000);
  await closed;
  expect(clock.pendingTimers).toBe(0);
});
