// What the emulator costs beside a bare `ws` server that has the same conversations with the same clients.
//
//   npm run build && npm run bench:emulator -- [--rounds 5] [--only echo,broadcast,idle] [--idle 10000]
//
// Emulator, hub server, bare server and clients are processes of their own (emulator-process.mjs). CPU time is that of the
// process under test, by the operating system; the rounds of the two rivals alternate, so that a busy machine is busy for
// both, and the ratio is taken round by round. CPU_PROFILE=emulator writes a profile of that process to .profiles.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Peer } from "../lib/peer.mjs";
import { digits, summarize, table } from "../lib/statistics.mjs";

const ECHO_CLIENTS = 200;
const ECHO_MS = 3000;
const BROADCAST_CLIENTS = 1000;
const BROADCASTS = 100;

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

const start = (role, options) => Peer.start(new URL("./emulator-process.mjs", import.meta.url), role, options);
const emulator = await start("emulator");
const host = await start("host", emulator.ready);
const bare = await start("bare");
const clients = await start("clients");

/** Microseconds of CPU per message of each watched process, and messages per second. */
async function measure(watched, action, input) {
  const before = watched.map(({ cpu }) => cpu);
  const { messages, seconds } = await clients.ask(action, input);
  return { cpu: watched.map(({ cpu }, index) => (cpu - before[index]) / messages), rate: messages / seconds };
}

async function compare(name, count, action, input) {
  const samples = { emulator: [], host: [], bare: [], ratio: [], rate: [], bareRate: [] };
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    await clients.ask("connect", { count, ...host.ready });
    const ours = await measure([emulator, host], action, input);
    await clients.ask("disconnect");
    await clients.ask("connect", { count, ...bare.ready });
    const theirs = await measure([bare], action, input);
    await clients.ask("disconnect");
    if (round === 0) continue;
    samples.emulator.push(ours.cpu[0]);
    samples.host.push(ours.cpu[1]);
    samples.bare.push(theirs.cpu[0]);
    samples.ratio.push(ours.cpu[0] / theirs.cpu[0]);
    samples.rate.push(ours.rate);
    samples.bareRate.push(theirs.rate);
  }
  const shown = (values) => {
    const { median, least, most } = summarize(values);
    return `${digits(median)} (${digits(least)} to ${digits(most)})`;
  };
  return {
    conversation: name,
    "emulator us": shown(samples.emulator),
    "hub server us": shown(samples.host),
    "bare ws us": shown(samples.bare),
    "emulator / bare ws": shown(samples.ratio),
    "a second": digits(summarize(samples.rate).median),
    "bare ws a second": digits(summarize(samples.bareRate).median),
  };
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${rounds} rounds.`);
console.log("CPU time per message of each process; medians, least and most.\n");
const rows = [];
if (cases.includes("echo")) {
  rows.push(await compare(`echo, ${ECHO_CLIENTS} clients in a closed loop`, ECHO_CLIENTS, "echo", { forMs: ECHO_MS }));
}
if (cases.includes("broadcast")) {
  const name = `delivery of a broadcast to ${BROADCAST_CLIENTS}`;
  rows.push(await compare(name, BROADCAST_CLIENTS, "broadcast", { times: BROADCASTS }));
}
if (rows.length > 0) console.log(table(rows));
if (cases.includes("idle")) {
  const empty = await emulator.memory();
  await clients.ask("connect", { count: idleClients, ...host.ready });
  const full = await emulator.memory();
  const mebibytes = (bytes) => `${digits(bytes / 1024 / 1024)} MiB`;
  const kibibytes = digits((full - empty) / 1024 / idleClients);
  const before = `${mebibytes(empty)} before`;
  console.log(`\n${idleClients} idle clients: ${mebibytes(full)} resident (${before}), ${kibibytes} KiB a client`);
}
for (const each of [clients, host, emulator, bare]) each.end();
