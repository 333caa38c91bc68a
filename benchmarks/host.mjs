// What a hub server costs: CPU time of its process for each message, latency, memory for each client; beside the floor of
// the path (benchmarks/hosts/floor.mjs) and, if there is one, beside another hub server.
//
//   npm run bench -- [--rounds 5] [--only "part of a name"] [--write] [--base /other/dist/index.js] [--peer "program with arguments"]
//
// `--write` puts the figures into benchmarks/results, under the day; `--json` into a file of your own. `--base` adds another build of
// this package, as benchmarks/compare.mjs does, and `--only` leaves out what is not asked for.
//
// The service is a synthetic one in this process, with clients that are numbers only. All hub servers run at the same time,
// each in its own process with a service of its own; rounds alternate between them, and the table shows medians, the
// spread and the ratio to the floor. The other program gets its connection string in BENCH_CONNECTION_STRING, opens
// BENCH_CONNECTIONS server connections and serves a hub with the methods of benchmarks/hosts/hub-server.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Load } from "./lib/calls.mjs";
import { cpuOf, memoryOf, startModule, startProgram, stopProcess } from "./lib/process.mjs";
import { digits, percentiles, summarize, table } from "./lib/statistics.mjs";
import { SyntheticService } from "./lib/synthetic-service.mjs";

const CONNECTIONS = 2;
const CLIENTS = 200;
const IDLE_CLIENTS = 5000;
const ROUND_MS = 1000;
const WARM_MS = 2000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    base: { type: "string" },
    peer: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);

const text = "hello world, this is a message";
const large = "x".repeat(30_000);

/** `alone`: the floor has no such feature. */
const SCENARIOS = [
  { name: "echo, closed loop", load: (clients) => Load.closedLoop(clients, "echo") },
  { name: "echo of an async method", load: (clients) => Load.closedLoop(clients, "asyncEcho") },
  { name: "echo of 30 kB", load: (clients) => Load.closedLoop(clients, "echo", () => [large]) },
  { name: "echo of one client", load: ([client]) => Load.closedLoop([client], "echo") },
  { name: "echo at 5,000 a second", load: (clients) => Load.paced(clients, "echo", 5000) },
  { name: "broadcast", alone: true, load: (clients) => Load.closedLoop(clients, "broadcast") },
  {
    name: "send to a group",
    alone: true,
    load: (clients) => Load.closedLoop(clients, "toGroup", (index) => [`group-${index % 100}`, text]),
  },
  {
    name: "send to a user",
    alone: true,
    load: (clients) => Load.closedLoop(clients, "toUser", (index) => [`user-${index}`, text]),
  },
  {
    name: "join a group",
    alone: true,
    load: (clients) => Load.closedLoop(clients, "join", (index) => [`group-${index % 100}`]),
  },
  { name: "stream of 100, an item", alone: true, load: (clients) => Load.streams(clients, 100) },
  { name: "upload of 100, an item", alone: true, load: (clients) => Load.uploads(clients, 100) },
];

async function startHost(name, start) {
  const service = await SyntheticService.start();
  const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: String(CONNECTIONS) };
  const child = await start(env);
  await service.connected(CONNECTIONS);
  const before = memoryOf(child.pid);
  const clients = await service.openClients(CLIENTS);
  return { name, service, child, clients, before };
}

async function measure(host, load, milliseconds) {
  load.timing = true;
  load.latencies = [];
  const [done, cpu, began] = [load.done, cpuOf(host.child.pid), performance.now()];
  await delay(milliseconds);
  const count = load.done - done;
  const seconds = (performance.now() - began) / 1000;
  load.timing = false;
  const [p50, p99, p999] = percentiles(load.latencies, [0.5, 0.99, 0.999]);
  return { microseconds: (cpuOf(host.child.pid) - cpu) / count, rate: count / seconds, p50, p99, p999 };
}

async function runScenario({ name, load, alone }, hosts) {
  const samples = new Map(hosts.map((host) => [host, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const host of hosts) {
      if (alone && host.name === "floor") continue;
      const running = load(host.clients);
      await delay(round === 0 ? WARM_MS : ROUND_MS / 5);
      samples.get(host).push(await measure(host, running, ROUND_MS));
      await running.stop();
    }
  }
  const floor = hosts.find((host) => host.name === "floor");
  const base = hosts.find((host) => host.name === "base");
  const of = (host, key) => summarize(samples.get(host).map((sample) => sample[key]));
  return hosts.flatMap((host) => {
    if (samples.get(host).length === 0) return [];
    const cpu = of(host, "microseconds");
    return {
      scenario: name,
      host: host.name,
      "us CPU": digits(cpu.median),
      spread: `${digits(cpu.least)} - ${digits(cpu.most)}`,
      "to the floor": alone ? "" : digits(cpu.median / of(floor, "microseconds").median),
      ...(base && { "to the base": digits(cpu.median / of(base, "microseconds").median) }),
      "a second": digits(of(host, "rate").median),
      "p50 ms": digits(of(host, "p50").median),
      "p99 ms": digits(of(host, "p99").median),
      "p99.9 ms": digits(of(host, "p999").median),
    };
  });
}

async function heapOf({ child }) {
  if (!child.channel) return Number.NaN;
  const answer = new Promise((resolve) => child.once("message", resolve));
  child.send("heap");
  return (await answer).heap;
}

/** Clients that come, stay and do nothing; with a collection of garbage before each look at the heap. */
async function runIdle(host) {
  const [heap, resident, cpu] = [await heapOf(host), memoryOf(host.child.pid), cpuOf(host.child.pid)];
  await host.service.openClients(IDLE_CLIENTS);
  const connecting = (cpuOf(host.child.pid) - cpu) / IDLE_CLIENTS;
  const kib = (bytes) => digits(bytes / IDLE_CLIENTS / 1024);
  return {
    host: host.name,
    "us CPU to connect a client": digits(connecting),
    "KiB of heap a client": kib((await heapOf(host)) - heap),
    "KiB resident a client": kib(memoryOf(host.child.pid) - resident),
  };
}

const module_ = (file) => async (env) =>
  (await startModule(new URL(`hosts/${file}`, import.meta.url).pathname, env, ["--expose-gc"])).child;
const hosts = [
  await startHost("azure-signalr-server", module_("hub-server.mjs")),
  await startHost("floor", module_("floor.mjs")),
];
if (options.base !== undefined) {
  const start = module_("hub-server.mjs");
  hosts.push(await startHost("base", (env) => start({ ...env, BENCH_PACKAGE: options.base })));
}
if (options.peer !== undefined) {
  hosts.push(await startHost("peer", async (env) => startProgram(options.peer, env)));
}

try {
  console.log(`Node ${process.version}, ${CLIENTS} clients, ${CONNECTIONS} server connections, ${rounds} rounds\n`);
  const scenarios = [];
  const chosen = SCENARIOS.filter(({ name }) => name.includes(options.only));
  for (const scenario of chosen) scenarios.push(...(await runScenario(scenario, hosts)));
  console.log(`${table(scenarios)}\n`);
  const idle = [];
  for (const host of hosts) idle.push(await runIdle(host));
  console.log(`${IDLE_CLIENTS} more clients\n\n${table(idle)}`);
  const day = new Date().toISOString().slice(0, 10);
  const files = [options.json, options.write ? new URL(`results/${day}-host.json`, import.meta.url) : undefined];
  mkdirSync(new URL("results/", import.meta.url), { recursive: true });
  const figures = { day, node: process.version, cores: availableParallelism(), rounds, scenarios, idle };
  for (const file of files) if (file !== undefined) writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
} finally {
  await Promise.all(hosts.map(({ child }) => stopProcess(child)));
  for (const { service } of hosts) service.stop();
}
