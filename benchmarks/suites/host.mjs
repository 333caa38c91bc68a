import { setTimeout as delay } from "node:timers/promises";
import { Load } from "../lib/calls.mjs";
import { cpuOf, memoryOf, startModule, startProgram, stopProcess } from "../lib/process.mjs";
import { percentiles, summarize } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";

const CONNECTIONS = 2;
const CLIENTS = 200;
const IDLE_CLIENTS = 5000;
const ROUND_MS = 1000;
const WARM_MS = 2000;
const KIB = 1024;

const text = "hello world, this is a message";
const large = "x".repeat(30_000);

/** `isBeyondFloor`: the floor has no such feature. */
const SCENARIOS = [
  { name: "echo, closed loop", load: (clients) => Load.closedLoop(clients, "echo") },
  { name: "echo of an async method", load: (clients) => Load.closedLoop(clients, "asyncEcho") },
  { name: "echo of 30 kB", load: (clients) => Load.closedLoop(clients, "echo", () => [large]) },
  { name: "echo of one client", load: ([client]) => Load.closedLoop([client], "echo") },
  { name: "echo at 5,000 a second", load: (clients) => Load.paced(clients, "echo", 5000) },
  { name: "broadcast", isBeyondFloor: true, load: (clients) => Load.closedLoop(clients, "broadcast") },
  {
    name: "send to a group",
    isBeyondFloor: true,
    load: (clients) => Load.closedLoop(clients, "toGroup", (index) => [`group-${index % 100}`, text]),
  },
  {
    name: "send to a user",
    isBeyondFloor: true,
    load: (clients) => Load.closedLoop(clients, "toUser", (index) => [`user-${index}`, text]),
  },
  {
    name: "join a group",
    isBeyondFloor: true,
    load: (clients) => Load.closedLoop(clients, "join", (index) => [`group-${index % 100}`]),
  },
  { name: "stream of 100, an item", isBeyondFloor: true, load: (clients) => Load.streams(clients, 100) },
  { name: "upload of 100, an item", isBeyondFloor: true, load: (clients) => Load.uploads(clients, 100) },
];

const moduleOf = (file, more = {}) =>
  async function start(env) {
    const url = new URL(`../hosts/${file}`, import.meta.url);
    return (await startModule(url, { ...env, ...more }, ["--expose-gc"])).child;
  };

/** The package of this tree, or another build of it: `entry` is the address of its index.js. */
export const packageHost = (name, entry) => ({
  name,
  start: moduleOf("hub-server.mjs", entry === undefined ? {} : { BENCH_PACKAGE: entry }),
});

/** The least that a hub server in Node has to do. */
export const floorHost = { name: "floor", isFloor: true, start: moduleOf("floor.mjs") };

/** A program that is told by BENCH_CONNECTION_STRING where to connect, and serves the methods of hosts/hub-server.mjs. */
export const programHost = (command) => ({ name: "peer", start: async (env) => startProgram(command, env) });

async function startHost({ name, start, isFloor }) {
  const service = await SyntheticService.start();
  const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: String(CONNECTIONS) };
  const child = await start(env);
  await service.connected(CONNECTIONS);
  return { name, isFloor, service, child, clients: await service.openClients(CLIENTS) };
}

async function measure(host, load) {
  load.timing = true;
  load.latencies = [];
  const [done, cpu, began] = [load.done, cpuOf(host.child.pid), performance.now()];
  await delay(ROUND_MS);
  const count = load.done - done;
  const seconds = (performance.now() - began) / 1000;
  load.timing = false;
  const [p50, p99, p999] = percentiles(load.latencies, [0.5, 0.99, 0.999]);
  return { microseconds: (cpuOf(host.child.pid) - cpu) / count, rate: count / seconds, p50, p99, p999 };
}

async function runScenario({ name, load, isBeyondFloor }, hosts, reference, rounds) {
  const taking = hosts.filter(({ isFloor }) => !(isFloor && isBeyondFloor));
  const samples = new Map(taking.map((host) => [host, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Whoever is first in one round is last in the next: what slows the machine down in between meets both.
    for (const host of round % 2 === 0 ? taking : taking.toReversed()) {
      const running = load(host.clients);
      await delay(round === 0 ? WARM_MS : ROUND_MS / 5);
      samples.get(host).push(await measure(host, running));
      await running.stop();
    }
  }
  const median = (host, figure) => summarize(samples.get(host).map((sample) => sample[figure])).median;
  return taking.map((host) => {
    const cpu = summarize(samples.get(host).map(({ microseconds }) => microseconds));
    const ratios = samples
      .get(reference)
      ?.map(({ microseconds }, round) => samples.get(host)[round].microseconds / microseconds);
    return {
      scenario: name,
      server: host.name,
      cpu,
      ...(ratios !== undefined && host !== reference && { ratio: summarize(ratios) }),
      rate: median(host, "rate"),
      p50: median(host, "p50"),
      p99: median(host, "p99"),
      p999: median(host, "p999"),
    };
  });
}

/** After a collection of garbage; a foreign program cannot be asked. */
async function heapOf({ child }) {
  if (!child.channel) return Number.NaN;
  const answer = new Promise((resolve) => child.once("message", resolve));
  child.send("heap");
  return (await answer).heap;
}

/** Clients that come, stay and do nothing. */
async function runIdle(host) {
  const [heap, resident, cpu] = [await heapOf(host), memoryOf(host.child.pid), cpuOf(host.child.pid)];
  await host.service.openClients(IDLE_CLIENTS);
  const connect = (cpuOf(host.child.pid) - cpu) / IDLE_CLIENTS;
  const kib = (bytes) => bytes / IDLE_CLIENTS / KIB;
  const heapKib = kib((await heapOf(host)) - heap);
  return { server: host.name, connect, heapKib, residentKib: kib(memoryOf(host.child.pid) - resident) };
}

/**
 * What hub servers cost: CPU time for each message, latency, memory for each client. The service is a synthetic one in this
 * process, with clients that are numbers only. All hub servers run at the same time, each in its own process with a service
 * of its own, and rounds alternate between them. Ratios are to the server called `reference`, round by round.
 */
export async function hostSuite({ rounds, servers, reference, only }) {
  const hosts = [];
  try {
    for (const server of servers) hosts.push(await startHost(server));
    const basis = hosts.find(({ name }) => name === reference);
    const chosen = SCENARIOS.filter(({ name }) => only === undefined || name.includes(only));
    const scenarios = [];
    for (const scenario of chosen) scenarios.push(...(await runScenario(scenario, hosts, basis, rounds)));
    const idle = [];
    for (const host of hosts) idle.push(await runIdle(host));
    const title = `Hub server: ${CLIENTS} clients, ${CONNECTIONS} server connections, ${rounds} rounds`;
    return { title, reference, scenarios, idle, idleClients: IDLE_CLIENTS };
  } finally {
    await Promise.all(hosts.map(({ child }) => stopProcess(child)));
    for (const { service } of hosts) service.stop();
  }
}
