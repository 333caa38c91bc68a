// Too much of everything, with bounds that must hold: resident memory while it lasts, and latency a second after it.
//
//   npm run test:overload
//
// The service is the synthetic one, which stops reading when it is told to; 50 others call `echo`. Ends with 1 when a
// bound was broken.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { callRecord, Load } from "../lib/calls.mjs";
import { memoryOf, startModule, stopProcess } from "../lib/process.mjs";
import { digits, percentiles, table } from "../lib/statistics.mjs";
import { SyntheticService } from "../lib/synthetic-service.mjs";

const CALLERS = 50;
const PER_SECOND = 1000;
const CONNECTIONS = 2;
const MIB = 1024 * 1024;
const RECOVERY_MS = 1000;
/** The machine's own share of a slow turn is in there too. */
const MOST_P99_AFTER_MS = 100;

/** Resolves with what the client is answered, or `undefined` when it is not within the time. */
async function answerTo(client, record, withinMs) {
  const answer = new Promise((resolve) => {
    client.receive = (payload) => {
      const text = payload.latin1Slice(0, Math.min(payload.length, 200));
      if (text.includes('"type":3') || text.includes('"type":7')) resolve(text);
    };
  });
  client.send(record);
  return Promise.race([answer, delay(withinMs)]);
}

const CASES = [
  {
    name: "5,000 sends of 10 kB, awaited, while the service reads nothing",
    mostMiB: 100,
    async run(service, client) {
      service.pause();
      const answer = answerTo(client, callRecord("pour", [5000], "1"), 30_000);
      const early = await Promise.race([answer, delay(3000)]);
      service.resume();
      return early === undefined ? `the method waited, then: ${await answer}` : `not held up: ${early}`;
    },
    wanted: /^the method waited, then: .*"result":5000/,
  },
  {
    name: "20,000 sends of 10 kB, not awaited, while the service reads nothing",
    mostMiB: 400,
    async run(service, client) {
      service.pause();
      const answer = answerTo(client, callRecord("spill", [20_000], "1"), 8000);
      await delay(3000);
      service.resume();
      return (await answer) ?? "no answer";
    },
    wanted: /SEND_BUFFER_FULL/,
  },
  {
    name: "200,000 calls behind one that does not end",
    mostMiB: 150,
    async run(_service, client) {
      const closed = answerTo(client, callRecord("endless", [], "0"), 5000);
      for (let number = 1; number < 200_000; number += 1) client.send(callRecord("echo", ["x"], String(number)));
      return (await closed) ?? "not closed";
    },
    wanted: /"type":7/,
  },
];

async function attempt({ name, mostMiB, run, wanted }) {
  const service = await SyntheticService.start();
  const url = new URL("../hosts/overload-server.mjs", import.meta.url);
  const env = { BENCH_CONNECTION_STRING: service.connectionString, BENCH_CONNECTIONS: String(CONNECTIONS) };
  const { child } = await startModule(url, env, ["--expose-gc"]);
  try {
    await service.connected(CONNECTIONS);
    const callers = await service.openClients(CALLERS);
    const [client] = await service.openClients(1);
    const warm = Load.paced(callers, "echo", PER_SECOND);
    await delay(1500);
    await warm.stop();
    child.send("collect");
    await once(child, "message");
    const before = memoryOf(child.pid);
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, memoryOf(child.pid));
    }, 20);
    const outcome = await run(service, client);
    await delay(RECOVERY_MS);
    const after = Load.paced(callers, "echo", PER_SECOND);
    after.timing = true;
    await delay(2000);
    await after.stop();
    clearInterval(watch);
    const [p99] = percentiles(after.latencies, [0.99]);
    const grown = (most - before) / MIB;
    const broken = [
      grown > mostMiB && "memory",
      !(p99 <= MOST_P99_AFTER_MS) && "latency",
      !wanted.test(outcome) && "outcome",
    ].filter(Boolean);
    return {
      "too much of": name,
      "+ MiB": digits(grown),
      "allowed MiB": mostMiB,
      "p99 ms a second later": digits(p99),
      outcome: outcome.slice(0, 120).replaceAll("\u001e", ""),
      broken: broken.join(", "),
    };
  } finally {
    await stopProcess(child);
    service.stop();
  }
}

const rows = [];
for (const one of CASES) rows.push(await attempt(one));
console.log(`Node ${process.version}\n\n${table(rows)}`);
process.exit(rows.some(({ broken }) => broken !== "") ? 1 : 0);
