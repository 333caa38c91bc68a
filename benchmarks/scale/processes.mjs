import { setTimeout as delay } from "node:timers/promises";
import { Load } from "../lib/calls.mjs";
import { cpuOf, startModule, stopProcess } from "../lib/process.mjs";
import { percentiles } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";

const COUNTS = [1, 2];
const CONNECTIONS = 5;
const CLIENTS = 200;
const PER_SECOND = 5000;

/** The same load on one hub server and on two, which share one service. */
export async function run() {
  const rows = [];
  for (const count of COUNTS) {
    const service = await SyntheticService.start();
    const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: String(CONNECTIONS) };
    const servers = [];
    try {
      for (let index = 0; index < count; index += 1) {
        servers.push((await startModule(new URL("../hosts/hub-server.mjs", import.meta.url), env)).child);
      }
      await service.connected(CONNECTIONS * count);
      const clients = await service.openClients(CLIENTS);
      const warming = Load.closedLoop(clients, "echo");
      await delay(3000);
      await warming.stop();
      const load = Load.paced(clients, "echo", PER_SECOND);
      await delay(1000);
      load.timing = true;
      const [done, cpu, began] = [load.done, servers.map(({ pid }) => cpuOf(pid)), performance.now()];
      await delay(5000);
      const seconds = (performance.now() - began) / 1000;
      const used = servers.map(({ pid }, index) => cpuOf(pid) - cpu[index]);
      const answered = load.done - done;
      load.timing = false;
      const [p99] = percentiles(load.latencies, [0.99]);
      await load.stop();
      rows.push({
        "hub servers": count,
        "echoes a second": answered / seconds,
        "CPU % of each": used.map((us) => (us / seconds / 10_000).toFixed(1)).join(" and "),
        "us CPU an echo, all together": used.reduce((sum, us) => sum + us, 0) / answered,
        "p99 ms": p99,
      });
    } finally {
      for (const child of servers) await stopProcess(child);
      service.stop();
    }
  }
  return { name: "processes", title: `Hub servers that share ${PER_SECOND} calls a second, synthetic service`, rows };
}
