import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Load } from "../lib/calls.mjs";
import { cpuOf, startModule, stopProcess } from "../lib/process.mjs";
import { percentiles } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";
import { KIB } from "./peers.mjs";

const COUNTS = [1000, 10_000, 25_000, 50_000];
const CALLING = 200;
const IDLE_MS = 5000;

async function ask(child, question) {
  const answer = once(child, "message");
  child.send(question);
  const [message] = await answer;
  return message;
}

/** Clients that are there and silent, beside 200 that call: with the synthetic service, so only the hub server counts. */
export async function run() {
  const service = await SyntheticService.start();
  const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: "5" };
  const url = new URL("../hosts/hub-server-with-delay.mjs", import.meta.url);
  const { child } = await startModule(url, env, ["--expose-gc"]);
  const rows = [];
  try {
    await service.connected(5);
    const callers = await service.openClients(CALLING);
    const { heap: empty } = await ask(child, "heap");
    const idle = [];
    for (const count of COUNTS) {
      idle.push(...(await service.openClients(count - idle.length)));
      const { heap } = await ask(child, "heap");
      // The collection of garbage is not what the turns are looked at for.
      await delay(200);
      await ask(child, "delay");
      const idleCpu = cpuOf(child.pid);
      await delay(IDLE_MS);
      const idleShare = (cpuOf(child.pid) - idleCpu) / IDLE_MS / 10;
      const load = Load.paced(callers, "echo", 5000);
      await delay(1000);
      load.timing = true;
      const [done, cpu] = [load.done, cpuOf(child.pid)];
      await delay(3000);
      const us = (cpuOf(child.pid) - cpu) / (load.done - done);
      load.timing = false;
      const [p99] = percentiles(load.latencies, [0.99]);
      await load.stop();
      const { delayMs } = await ask(child, "delay");
      rows.push({
        "idle sessions": count,
        "KiB of heap a session": (heap - empty) / KIB / count,
        "CPU % while idle": idleShare,
        "us CPU an echo of others": us,
        "p99 ms": p99,
        "longest turn ms": delayMs,
      });
    }
    await ask(child, "delay");
    const cpu = cpuOf(child.pid);
    for (const client of idle) client.close();
    await delay(5000);
    const { delayMs } = await ask(child, "delay");
    rows.push({
      "idle sessions": `${idle.length} closed at once`,
      "us CPU a close": (cpuOf(child.pid) - cpu) / idle.length,
      "longest turn ms": delayMs,
    });
  } finally {
    await stopProcess(child);
    service.stop();
  }
  return {
    name: "sessions",
    title: "Idle sessions in one hub server, synthetic service, 200 others at 5,000 calls a second",
    rows,
    chart: { x: "idle sessions", y: "us CPU an echo of others", lines: ["us CPU an echo of others"] },
  };
}
