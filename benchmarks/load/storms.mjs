// How long the event loop of a hub server stands still when something concerns all of its clients at once.
//
//   npm run bench:storms -- [--clients 10000] [--rounds 3] [--package /path/to/another/dist/index.js]
//
// The service is the synthetic one, so that the hub server has its core for itself.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Load } from "../lib/calls.mjs";
import { cpuOf, startModule, stopProcess } from "../lib/process.mjs";
import { digits, percentiles, summarize, table } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";

const CALLERS = 50;
const PER_SECOND = 1000;
const STORM_MS = 4000;
const KEEP_ALIVE_MS = 2000;
/** Of two connections: one storms, the callers live on the other one. */
const CONNECTIONS = 2;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    package: { type: "string" },
  },
});
const clients = Number(values.clients);

const STORMS = {
  "nothing, to compare with": { keepAliveMs: 2 ** 30, act: () => {} },
  "pings are due": { keepAliveMs: KEEP_ALIVE_MS, act: () => {} },
  "their server connection breaks": { keepAliveMs: 2 ** 30, act: (service) => service.cut(0) },
};

async function round({ keepAliveMs, act }) {
  const service = await SyntheticService.start();
  const { child } = await startModule(
    new URL("../hosts/storm-server.mjs", import.meta.url),
    {
      BENCH_CONNECTION_STRING: service.connectionString,
      BENCH_CONNECTIONS: String(CONNECTIONS),
      BENCH_KEEP_ALIVE_MS: String(keepAliveMs),
      ...(values.package && { BENCH_PACKAGE: values.package }),
    },
    ["--expose-gc"],
  );
  const ask = async () => {
    child.send("figures");
    const [figures] = await once(child, "message");
    return figures;
  };
  try {
    await service.connected(CONNECTIONS);
    const callers = await service.openClients(CALLERS, { onLink: 1 });
    await service.openClients(clients, { onLink: 0 });
    const load = Load.paced(callers, "echo", PER_SECOND);
    await delay(1500);
    await ask();
    await delay(200);
    const cpu = cpuOf(child.pid);
    load.timing = true;
    act(service);
    await delay(STORM_MS);
    load.timing = false;
    const used = (cpuOf(child.pid) - cpu) / 1000;
    const { longestMs, disconnected } = await ask();
    await load.stop();
    const [p99, most] = percentiles(load.latencies, [0.99, 1]);
    return { longestMs, p99, most, used, disconnected };
  } finally {
    await stopProcess(child);
    service.stop();
  }
}

const rows = [];
for (const [name, storm] of Object.entries(STORMS)) {
  const samples = [];
  for (let number = 0; number < Number(values.rounds); number += 1) samples.push(await round(storm));
  const of = (key) => summarize(samples.map((sample) => sample[key]));
  const longest = of("longestMs");
  rows.push({
    [`${clients} clients`]: name,
    "longest turn ms": digits(longest.median),
    spread: `${digits(longest.least)} - ${digits(longest.most)}`,
    "p99 ms of others": digits(of("p99").median),
    "most ms": digits(of("most").median),
    "CPU ms": digits(of("used").median),
    "onDisconnected ran": of("disconnected").median,
  });
}
console.log(`Node ${process.version}, ${values.rounds} rounds\n\n${table(rows)}`);
process.exit();
