// How cost grows with clients, idle sessions, groups, hubs, server connections and hub servers.
//
//   npm run bench:scale -- [--only clients,sessions,groups,hubs,pool,processes] [--write]
//
// `--write` puts the tables into docs/reference/scaling.md, the charts into docs/images, the figures into benchmarks/results.
// 10,000 clients need 10,000 open files in two of the processes (`ulimit -n`).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { lineChart } from "../lib/line-chart.mjs";
import { digits, table } from "../lib/statistics.mjs";

const PAGE = new URL("../../docs/reference/scaling.md", import.meta.url);
const RESULTS = new URL("../results/", import.meta.url);

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "clients,sessions,groups,hubs,pool,processes" },
    write: { type: "boolean", default: false },
  },
});

/** Counts in full, measurements with three digits. */
const shown = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : digits(value));

function tableOf(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value) => (typeof value === "number" ? shown(value) : (value ?? ""));
  return table(rows.map((row) => Object.fromEntries(names.map((name) => [name, cell(row[name])]))));
}

function write({ name, title, rows, chart }) {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [`<!-- ${name}: written by npm run bench:scale -->`, `<!-- /${name} -->`];
  const [head, rest] = page.split(begin);
  if (rest === undefined) throw new Error(`${PAGE.pathname} has no place for ${name}: ${begin}`);
  const picture = chart === undefined ? "" : `\n\n![${title}](../images/bench-scale-${name}.svg)`;
  writeFileSync(PAGE, `${head}${begin}\n\n${title}:\n\n${tableOf(rows)}${picture}\n\n${end}${rest.split(end)[1]}`);
  mkdirSync(RESULTS, { recursive: true });
  const day = new Date().toISOString().slice(0, 10);
  const file = new URL(`${day}-scale-${name}.json`, RESULTS);
  const machine = { node: process.version, cores: availableParallelism() };
  writeFileSync(file, `${JSON.stringify({ day, ...machine, title, rows }, undefined, 2)}\n`);
  if (chart === undefined) return;
  const counted = rows.filter((row) => typeof Object.values(row)[0] === "number");
  const series = chart.lines.map((line) => ({
    name: line,
    points: counted.map((row) => [Object.values(row)[0], row[line]]),
  }));
  const image = new URL(`../../docs/images/bench-scale-${name}.svg`, import.meta.url);
  writeFileSync(image, lineChart({ title: title.split(",")[0], x: chart.x, y: chart.y, series }));
}

console.log(`Node ${process.version}, ${availableParallelism()} cores`);
for (const name of values.only.split(",")) {
  const script = new URL(`./${name}.mjs`, import.meta.url);
  if (!existsSync(script)) throw new Error(`there is no benchmark called ${name}`);
  const { run } = await import(script.href);
  const result = await run();
  console.log(`\n${result.title}\n\n${tableOf(result.rows)}`);
  if (values.write) write(result);
}
process.exit();
