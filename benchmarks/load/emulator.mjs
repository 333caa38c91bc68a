// What the emulator costs beside a bare `ws` server that has the same conversations with the same clients.
//
//   npm run build && npm run bench:emulator -- [--rounds 5] [--only echo,broadcast,idle] [--idle 10000]
//
// Emulator, hub host, bare server and clients are processes of their own. CPU time is that of the process under test, by
// the operating system, per message; the rounds of the two rivals alternate, so that a busy machine is busy for both. CPU_PROFILE=emulator writes a profile of that process
// to .profiles.
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ECHO_CLIENTS = 200;
const ECHO_MS = 3000;
const BROADCAST_CLIENTS = 1000;
const BROADCASTS = 100;

class Process {
  #child;
  #waiting = new Map();
  #nextId = 1;

  constructor(role, options = {}) {
    const path = fileURLToPath(new URL("./emulator-process.mjs", import.meta.url));
    const profile = process.env.CPU_PROFILE === role ? ["--cpu-prof", "--cpu-prof-dir=.profiles"] : [];
    this.#child = fork(path, [role, JSON.stringify(options)], { execArgv: ["--expose-gc", ...profile] });
    this.#child.on("message", ({ id, result }) => {
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
    this.#child.on("exit", (code) => {
      if (code === 0) return;
      console.error(`The process that plays ${role} ended with code ${code}.`);
      process.exit(1);
    });
    this.started = new Promise((resolve) => this.#waiting.set(0, resolve));
  }

  ask(action, input) {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, action, input });
    });
  }

  end() {
    this.#child.disconnect();
  }
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function spread(values, digits = 1) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

/** Microseconds of CPU per message of each watched process, and messages per second. */
async function measure(clients, watched, action, input) {
  const before = await Promise.all(watched.map((each) => each.ask("cpu")));
  const { messages, seconds } = await clients.ask(action, input);
  const after = await Promise.all(watched.map((each) => each.ask("cpu")));
  return { cpu: after.map((cpu, index) => (cpu - before[index]) / messages), rate: messages / seconds };
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "echo,broadcast,idle" },
    idle: { type: "string", default: "10000" },
  },
});
const rounds = Number(values.rounds);
const idleClients = Number(values.idle);
const cases = values.only.split(",");
const emulator = new Process("emulator");
const host = new Process("host", await emulator.started);
const bare = new Process("bare");
const clients = new Process("clients");
await clients.started;
const targets = { emulator: await host.started, bare: await bare.started };

async function compare(count, action, input) {
  const results = { emulator: [], host: [], bare: [], emulatorRate: [], bareRate: [] };
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    await clients.ask("connect", { count, ...targets.emulator });
    const ours = await measure(clients, [emulator, host], action, input);
    await clients.ask("disconnect");
    await clients.ask("connect", { count, ...targets.bare });
    const theirs = await measure(clients, [bare], action, input);
    await clients.ask("disconnect");
    if (round === 0) continue;
    results.emulator.push(ours.cpu[0]);
    results.host.push(ours.cpu[1]);
    results.bare.push(theirs.cpu[0]);
    results.emulatorRate.push(ours.rate);
    results.bareRate.push(theirs.rate);
  }
  return results;
}

function report(title, { emulator: ours, host: hosts, bare: theirs, emulatorRate, bareRate }) {
  const ratios = ours.map((cpu, round) => cpu / theirs[round]);
  console.log(`\n${title}`);
  console.log(`  emulator      ${spread(ours)} us CPU per message, ${spread(emulatorRate, 0)} a second`);
  console.log(`  hub host      ${spread(hosts)} us CPU per message`);
  console.log(`  bare ws       ${spread(theirs)} us CPU per message, ${spread(bareRate, 0)} a second`);
  console.log(`  emulator / bare ws  ${spread(ratios, 2)}`);
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${rounds} rounds: median (least to most)`);
if (cases.includes("echo")) {
  const results = await compare(ECHO_CLIENTS, "echo", { forMs: ECHO_MS });
  report(`Echo, ${ECHO_CLIENTS} clients in a closed loop`, results);
}
if (cases.includes("broadcast")) {
  const results = await compare(BROADCAST_CLIENTS, "broadcast", { times: BROADCASTS });
  report(`Broadcast to ${BROADCAST_CLIENTS} clients, per delivery`, results);
}
if (cases.includes("idle")) {
  const empty = await emulator.ask("memory");
  await clients.ask("connect", { count: idleClients, ...targets.emulator });
  const full = await emulator.ask("memory");
  const mebibytes = (bytes) => (bytes / 1024 / 1024).toFixed(0);
  console.log(`\n${idleClients} idle clients`);
  console.log(
    `  emulator      ${mebibytes(full)} MiB resident (${mebibytes(empty)} before), ${((full - empty) / 1024 / idleClients).toFixed(1)} KiB a client`,
  );
}
for (const each of [clients, host, emulator, bare]) each.end();
