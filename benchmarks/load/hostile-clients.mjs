// What one hostile client does to all others: their latency, the CPU time and memory of hub server and emulator.
//
//   npm run bench:hostile -- [--seconds 5] [--only "part of a name"] [--write]
//
// One thing is tried after the other, while 50 clients call `echo` 20 times a second each. Hub server, emulator, these clients
// and the hostile one are processes of their own; all have their defaults. `--write` puts the table into
// docs/reference/limits.md. The hostile client's own process takes a core too, so two rows show the machine without it.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Peer } from "../lib/peer.mjs";
import { digits, table } from "../lib/statistics.mjs";
import { ACTS } from "./hostile-acts.mjs";

const OTHERS = 50;
const PER_SECOND = 1000;
const SAMPLE_MS = 50;
/** What is left of an act has this long to end before the next one is tried. */
const REST_MS = 1500;
const PAGE = new URL("../../docs/reference/limits.md", import.meta.url);

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const forMs = Number(values.seconds) * 1000;

const start = (role, options) => Peer.start(new URL("./hostile-process.mjs", import.meta.url), role, options);
const service = await start("service");
const host = await start("host", service.ready);
const others = await start("others", { target: host.ready, count: OTHERS });
const hostile = await start("hostile", { target: host.ready });

/** The most memory that a process had beyond what it had at first, in MiB. */
function watchMemory(peer, before) {
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, peer.resident);
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return Math.max(0, most - before) / 1024 / 1024;
  };
}

function fateOf({ thrownOut, reason, code }, left) {
  if (thrownOut > 0) {
    const times = thrownOut === 1 ? "once" : `${thrownOut} times`;
    return `closed ${times}: ${reason ?? (code === 1006 ? "cut" : `code ${code}`)}`;
  }
  return left > 0 ? "served" : "";
}

async function attempt(name) {
  const peers = [host, service];
  const before = await Promise.all(peers.map((peer) => peer.memory()));
  const watches = peers.map((peer, index) => watchMemory(peer, before[index]));
  const cpu = peers.map((peer) => peer.cpu);
  const began = performance.now();
  const acting = hostile.ask("act", { name, forMs });
  const echoing = others.ask("echo", { perSecond: PER_SECOND, forMs: forMs - 500 });
  await delay(forMs - 100);
  const left = (await service.ask("clients")) - OTHERS;
  const shares = peers.map((peer, index) => (peer.cpu - cpu[index]) / (performance.now() - began) / 10);
  const seen = await echoing;
  const fate = fateOf(await acting, left);
  const after = await others.ask("echo", { perSecond: PER_SECOND, forMs: 1000 });
  const [hostMiB, serviceMiB] = watches.map((end) => end());
  await delay(REST_MS);
  if (after.connected < OTHERS) throw new Error(`${OTHERS - after.connected} other clients were lost to: ${name}`);
  console.log(
    `${name.padEnd(55)} p99 ${digits(seen.p99)} ms, most ${digits(seen.max)} ms, unanswered ${seen.unanswered}`,
  );
  return {
    "one client": name,
    "p50 ms": digits(seen.p50),
    "p99 ms": digits(seen.p99),
    "most ms": digits(seen.max),
    "p99 after": digits(after.p99),
    "hub server CPU %": digits(shares[0]),
    "emulator CPU %": digits(shares[1]),
    "hub server + MiB": Math.round(hostMiB),
    "emulator + MiB": Math.round(serviceMiB),
    "what becomes of it": fate,
  };
}

const rows = [];
try {
  // Programs are slow before they are warm.
  await others.ask("echo", { perSecond: 5000, forMs: 3000 });
  for (const name of Object.keys(ACTS)) if (name.includes(values.only)) rows.push(await attempt(name));
} finally {
  for (const peer of [hostile, others, host, service]) peer.end();
}
const shown = table(rows);
console.log(`\nNode ${process.version}, ${availableParallelism()} cores\n\n${shown}`);
if (values.write) {
  const page = readFileSync(PAGE, "utf8");
  const [head, rest] = page.split("<!-- hostile: written by npm run bench:hostile -->");
  const [, tail] = rest.split("<!-- /hostile -->");
  const note = "<!-- hostile: written by npm run bench:hostile -->";
  writeFileSync(PAGE, `${head}${note}\n\n${shown}\n\n<!-- /hostile -->${tail}`);
}
