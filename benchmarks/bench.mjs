// What a hub server costs beside the floor of the path (hosts/floor.mjs), and beside servers that hold the websockets of
// their clients themselves (peers/servers.mjs). Prints tables and writes benchmarks/results/DAY-bench-SUITE.json.
//
//   npm run bench -- [--suite host|peers] [--rounds 3] [--only "part of a name"] [--peer "program with arguments"]
//
// `--peer` starts another hub server beside ours: BENCH_CONNECTION_STRING tells it where to connect, BENCH_CONNECTIONS how
// often; it serves a hub with the methods of hosts/hub-server.mjs. What `--only` or `--peer` changes is not written.
import { parseArgs } from "node:util";
import { idleTable, machine, saveResult, scenarioTable } from "./lib/results.mjs";
import { floorHost, hostSuite, packageHost, programHost } from "./suites/host.mjs";
import { peersSuite } from "./suites/peers.mjs";

const { values } = parseArgs({
  options: {
    suite: { type: "string" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
    peer: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const isWhole = values.only === undefined && values.peer === undefined;

const servers = [packageHost("azure-signalr-server"), floorHost];
if (values.peer !== undefined) servers.push(programHost(values.peer));

const SUITES = {
  host: {
    ratio: "to the floor",
    run: () => hostSuite({ rounds, servers, reference: "floor", only: values.only }),
  },
  peers: { ratio: "to bare ws", run: () => peersSuite({ rounds }) },
};

const chosen = values.suite === undefined ? Object.keys(SUITES) : values.suite.split(",");
const { node, cores, processor } = machine();
console.log(`Node ${node}, ${cores} cores, ${processor}`);
for (const name of chosen) {
  const suite = SUITES[name];
  if (suite === undefined) throw new Error(`there is no suite ${name}; there are ${Object.keys(SUITES).join(", ")}`);
  const result = await suite.run();
  console.log(`\n${result.title}\n\n${scenarioTable(result, suite.ratio)}`);
  console.log(`\n${result.idleClients} idle clients\n\n${idleTable(result)}`);
  if (isWhole) console.log(`\nwritten to ${saveResult(name, result)}`);
}
