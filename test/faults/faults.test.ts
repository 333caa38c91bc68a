import { setTimeout as delay } from "node:timers/promises";
import { Hub } from "azure-signalr-server";
import { startEmulator } from "azure-signalr-server/emulator";
import { signalr } from "azure-signalr-server/express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rollingRestart } from "../../benchmarks/load/rolling-restart.mjs";
import { type FaultRow, faultTable, writeFaultTable } from "./fault-table.js";
import { heapMegabytes } from "./heap.js";
import { Rig } from "./rig.js";

/*
 * Broken networks and killed services, under load and in real time. UPDATE_RELIABILITY=1 writes the table into
 * docs/reference/reliability.md.
 */

const CLIENTS = 100;
/** A connection that has lasted so long did well, so its loss is met at once. */
const STABLE_MS = 5_500;
/** What measuring itself, and code that was compiled meanwhile, may add. */
const HEAP_TOLERANCE_MB = 3;

const rows: FaultRow[] = [];
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start(CLIENTS);
  // So that code is compiled and buffers have grown before anything is measured.
  await rig.under("a first round, to warm up", async () => {
    await delay(STABLE_MS);
    rig.proxy.cut();
    await delay(1000);
    await rig.allBack();
    await delay(STABLE_MS);
  });
});

afterAll(async () => {
  const left = await rig.stop();
  const table = faultTable(rows);
  process.stdout.write(`\n${table}\n\n`);
  if (process.env["UPDATE_RELIABILITY"] === "1") writeFaultTable(table);
  expect(left).toBe(0);
});

function check(row: FaultRow): void {
  rows.push(row);
  expect(row.lost).toBe(0);
  expect(row.calls).toBeGreaterThan(row.clients);
  expect(row.sessions?.[1]).toBe(row.sessions?.[0]);
  expect(row.heap[1] - row.heap[0]).toBeLessThan(HEAP_TOLERANCE_MB);
}

test("the service is killed and started again, twenty times", async () => {
  const row = await rig.under("service killed and restarted, 20 times", async () => {
    for (let kill = 0; kill < 20; kill += 1) {
      await delay(STABLE_MS);
      await rig.service.kill();
      await delay(300);
      await rig.service.revive();
      await rig.allBack();
    }
  });
  check(row);
  expect(row.reconnects).toBeGreaterThanOrEqual(20 * CLIENTS);
});

test("server connections are cut in the middle of a frame, ten times", async () => {
  const row = await rig.under("server connections cut in mid-frame, 10 times", async () => {
    for (let cut = 0; cut < 10; cut += 1) {
      await delay(STABLE_MS);
      const taken = rig.proxy.taken;
      rig.proxy.cutAfter(1 + Math.floor(Math.random() * 300));
      await rig.until("a connection was cut and replaced", 30_000, () => rig.proxy.taken > taken);
      await rig.allBack();
    }
  });
  check(row);
  expect(row.reconnects).toBeGreaterThan(0);
});

test("server connections are half open: nothing passes, and nobody is told", async () => {
  await delay(STABLE_MS);
  const row = await rig.under("half-open server connections, found by their silence", async () => {
    const taken = rig.proxy.taken;
    rig.proxy.freeze();
    await rig.until("silence was noticed", 60_000, () => rig.proxy.taken > taken);
    await rig.allBack();
  });
  check(row);
});

test("the network stands still for ten seconds", async () => {
  const row = await rig.under("network stands still for 10 s, then goes on", async () => {
    await delay(1000);
    rig.proxy.freeze();
    await delay(10_000);
    rig.proxy.thaw();
    await delay(1000);
  });
  check(row);
  expect(row.reconnects).toBe(0);
  expect(row.failed).toBe(0);
});

test("the service is slow: latency that doubles up to half a second, then little bandwidth", async () => {
  const { weather } = rig.proxy;
  const row = await rig.under("latency doubled from 1 to 512 ms, then 50 kB/s", async () => {
    for (weather.latencyMs = 1; weather.latencyMs <= 512; weather.latencyMs *= 2) {
      weather.jitterMs = weather.latencyMs / 2;
      await delay(1000);
    }
    weather.latencyMs = 20;
    weather.jitterMs = 0;
    weather.bytesPerSecond = 50_000;
    await delay(5000);
    weather.latencyMs = 0;
    weather.bytesPerSecond = Number.POSITIVE_INFINITY;
  });
  check(row);
  expect(row.reconnects).toBe(0);
  expect(row.failed).toBe(0);
});

test("two hub servers are restarted in turn under a thousand clients", async () => {
  const setup = { Hub, signalr, startEmulator, restMs: 200 };
  await rollingRestart({ ...setup, clients: 50, restarts: 1 });
  const before = await heapMegabytes();
  const began = performance.now();
  const result = await rollingRestart({ ...setup, clients: 1000, restarts: 4, runMs: 2000 });
  check({
    fault: "rolling restart of 2 hub servers, 4 times, clients migrated",
    seconds: Math.round((performance.now() - began) / 1000),
    clients: result.clients,
    reconnects: result.disconnected,
    calls: result.sent,
    failed: result.failed + result.wrongAnswers,
    lost: result.unanswered + result.lost,
    heap: [before, await heapMegabytes()],
    sessions: undefined,
  });
  expect(result).toMatchObject({ disconnected: 0, failed: 0, runTwice: 0, outOfOrder: 0 });
});
