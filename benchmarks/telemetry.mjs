// What telemetry adds to an echo: CPU time of the hub server's process for each message, without an SDK and with its parts.
//
//   npm run build && node benchmarks/telemetry.mjs [--rounds 9] [--baseline folder/of/another/dist]
//
// The baseline is the same package at another commit, built: from before a change, say. All hub servers run at the same
// time, each with a synthetic service of its own; rounds alternate between them, and ratios are made round by round, so
// that what else the machine does strikes all alike.
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Load } from "./lib/calls.mjs";
import { cpuOf, startModule, stopProcess } from "./lib/process.mjs";
import { digits, summarize, table } from "./lib/statistics.mjs";
import { SyntheticService } from "./lib/synthetic-service.mjs";

const CLIENTS = 200;
const ROUND_MS = 700;
const WARM_MS = 3000;

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, baseline: { type: "string" } },
});

const hostUrl = (name) => new URL(`./hosts/${name}.mjs`, import.meta.url);

async function startHost(name, module, env) {
  const service = await SyntheticService.start();
  const { child } = await startModule(hostUrl(module), {
    BENCH_CONNECTION_STRING: service.connectionString,
    BENCH_CONNECTIONS: "2",
    ...env,
  });
  await service.connected(2);
  return { name, child, clients: await service.openClients(CLIENTS), samples: [] };
}

const hosts = [await startHost("no SDK", "hub-server", {})];
if (options.baseline !== undefined) {
  const dist = pathToFileURL(`${options.baseline}/index.js`).href;
  hosts.unshift(await startHost("baseline", "hub-server", { BENCH_PACKAGE: dist }));
}
hosts.push(
  await startHost("metrics", "hub-server-with-sdk", { BENCH_SDK: "metrics" }),
  await startHost("metrics, 1 % of spans", "hub-server-with-sdk", { BENCH_SDK: "metrics,samples" }),
  await startHost("metrics, all spans", "hub-server-with-sdk", { BENCH_SDK: "metrics,traces" }),
);

async function measure(host, milliseconds) {
  const load = Load.closedLoop(host.clients, "echo");
  const cpu = cpuOf(host.child.pid);
  await delay(milliseconds);
  const spent = cpuOf(host.child.pid) - cpu;
  const { done } = load;
  await load.stop();
  return spent / done;
}

for (const host of hosts) await measure(host, WARM_MS);
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const host of round % 2 === 0 ? hosts : [...hosts].reverse()) host.samples.push(await measure(host, ROUND_MS));
}
const [first] = hosts;
const rows = hosts.map(({ name, samples }) => {
  const { median, least, most } = summarize(samples);
  const ratio = summarize(samples.map((sample, round) => sample / first.samples[round]));
  return {
    "hub server": name,
    "CPU us per echo": digits(median),
    range: `${digits(least)} - ${digits(most)}`,
    [`ratio to ${first.name}`]: digits(ratio.median),
  };
});
console.log(table(rows));
for (const { child } of hosts) await stopProcess(child);
process.exit();
