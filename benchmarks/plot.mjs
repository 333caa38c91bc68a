// Draws the newest results of `npm run bench` into docs/images and writes their tables into docs/reference/performance.md.
//
//   npm run bench:plot
import { readFileSync, writeFileSync } from "node:fs";
import { barChart } from "./lib/bar-chart.mjs";
import { idleTable, latestResult, scenarioTable } from "./lib/results.mjs";

const PAGE = new URL("../docs/reference/performance.md", import.meta.url);

const SUITES = {
  host: { title: "A hub server and the floor of its path", ratio: "to the floor" },
  peers: { title: "Behind a service, and holding the websockets itself", ratio: "to bare ws" },
};

function groupsOf({ scenarios }) {
  const names = [...new Set(scenarios.map(({ scenario }) => scenario))];
  return names.map((name) => ({
    name,
    bars: scenarios.filter(({ scenario }) => scenario === name).map(({ server, cpu }) => ({ name: server, ...cpu })),
  }));
}

function section(name, result, ratio, title) {
  const { at, node, cores, idleClients } = result;
  const where = `${result.title}. ${at.slice(0, 10)}, Node ${node}, ${cores} cores.`;
  const picture = `![${title}: CPU time of each](../images/bench-${name}.svg)`;
  return `${where}\n\n${scenarioTable(result, ratio)}\n\n${picture}\n\n${idleClients.toLocaleString("en")} idle clients:\n\n${idleTable(result)}`;
}

let page = readFileSync(PAGE, "utf8");
for (const [name, { title, ratio }] of Object.entries(SUITES)) {
  const result = latestResult(name);
  const image = new URL(`../docs/images/bench-${name}.svg`, import.meta.url);
  writeFileSync(image, barChart({ title, unit: "microseconds of CPU", groups: groupsOf(result) }));
  const [begin, end] = [`<!-- ${name}: written by npm run bench:plot -->`, `<!-- /${name} -->`];
  const [head, rest] = page.split(begin);
  if (rest === undefined) throw new Error(`${PAGE.pathname} has no place for ${name}: ${begin}`);
  page = `${head}${begin}\n\n${section(name, result, ratio, title)}\n\n${end}${rest.split(end)[1]}`;
}
writeFileSync(PAGE, page);
