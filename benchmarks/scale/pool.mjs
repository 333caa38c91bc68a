import { setTimeout as delay } from "node:timers/promises";
import { Load } from "../lib/calls.mjs";
import { cpuOf, memoryOf, startModule, stopProcess } from "../lib/process.mjs";
import { percentiles } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";
import { MIB } from "./peers.mjs";

const COUNTS = [1, 5, 15];
const CLIENTS = 200;
const MESSAGE = "x".repeat(2000);
const LARGE = "x".repeat(30_000);

async function measure(child, load, forMs = 3000) {
  await delay(1000);
  load.timing = true;
  const [done, cpu, began] = [load.done, cpuOf(child.pid), performance.now()];
  await delay(forMs);
  const count = load.done - done;
  const us = (cpuOf(child.pid) - cpu) / count;
  const rate = count / ((performance.now() - began) / 1000);
  load.timing = false;
  const [p99] = percentiles(load.latencies, [0.99]);
  return { us, rate, p99 };
}

/** What more server connections buy: with the synthetic service, 200 clients. */
export async function run() {
  const rows = [];
  for (const connections of COUNTS) {
    const service = await SyntheticService.start();
    const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: String(connections) };
    const { child } = await startModule(new URL("../hosts/hub-server.mjs", import.meta.url), env);
    try {
      await service.connected(connections);
      const clients = await service.openClients(CLIENTS);
      const warming = Load.closedLoop(clients, "echo");
      await delay(3000);
      await warming.stop();
      const closed = Load.closedLoop(clients, "echo");
      const busy = await measure(child, closed);
      await closed.stop();
      const larger = Load.closedLoop(clients, "echo", () => [MESSAGE]);
      const twoKilobytes = await measure(child, larger);
      await larger.stop();
      const paced = Load.paced(clients, "echo", 5000);
      const steady = await measure(child, paced);
      await paced.stop();
      // Large messages of four clients beside small ones of all others.
      const small = Load.paced(clients.slice(4), "echo", 1000);
      const large = Load.closedLoop(clients.slice(0, 4), "echo", () => [LARGE]);
      const mixed = await measure(child, small);
      await Promise.all([small.stop(), large.stop()]);
      rows.push({
        connections,
        "us an echo, closed loop": busy.us,
        "a second": busy.rate,
        "us an echo of 2 kB": twoKilobytes.us,
        "us an echo at 5,000/s": steady.us,
        "p99 ms at 5,000/s": steady.p99,
        "p99 ms beside large ones": mixed.p99,
        "clients that one lost connection ends": `1 of ${connections}`,
        "hub server MiB": memoryOf(child.pid) / MIB,
      });
    } finally {
      await stopProcess(child);
      service.stop();
    }
  }
  return {
    name: "pool",
    title: `Server connections of one hub server (connectionCount), ${CLIENTS} clients, synthetic service`,
    rows,
    chart: {
      x: "server connections",
      y: "us CPU an echo",
      lines: ["us an echo, closed loop", "us an echo at 5,000/s"],
    },
  };
}
