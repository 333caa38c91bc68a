import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { digits, table } from "./statistics.mjs";

const RESULTS = new URL("../results/", import.meta.url);

function commitOfTree() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    // An unpacked archive has no history.
    return "unknown";
  }
}

export const machine = () => ({
  node: process.version,
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? "unknown",
});

/** Writes what a suite measured to `results/DAY-bench-NAME.json`; later results of a day replace earlier ones. */
export function saveResult(name, result) {
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = new URL(`${at.slice(0, 10)}-bench-${name}.json`, RESULTS);
  const content = { at, commit: commitOfTree(), ...machine(), ...result };
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return file.pathname;
}

/** The newest result of a suite. */
export function latestResult(name) {
  const file = readdirSync(RESULTS)
    .filter((entry) => entry.endsWith(`-bench-${name}.json`))
    .sort()
    .at(-1);
  if (file === undefined) throw new Error(`there is no result of ${name}: run npm run bench -- --suite ${name}`);
  return JSON.parse(readFileSync(new URL(file, RESULTS), "utf8"));
}

const isRange = (value) => typeof value === "object" && value !== null;
const range = ({ least, most }) => `${digits(least)} to ${digits(most)}`;

/** A median with its spread, or a bare number. */
const ratioOf = (ratio) => (isRange(ratio) ? `${digits(ratio.median)} (${range(ratio)})` : digits(ratio ?? Number.NaN));

/** The scenarios of a result as a Markdown table. */
export function scenarioTable({ scenarios }, ratioTitle) {
  return table(
    scenarios.map(({ scenario, server, cpu, ratio, rate, p50, p99 }) => ({
      scenario,
      server,
      "us CPU": digits(cpu.median),
      "least to most": range(cpu),
      [ratioTitle]: ratioOf(ratio),
      "a second": digits(rate),
      "p50 ms": digits(p50 ?? Number.NaN),
      "p99 ms": digits(p99 ?? Number.NaN),
    })),
  );
}

const IDLE_TITLES = {
  server: "server",
  connect: "us CPU to connect a client",
  heapKib: "KiB of heap a client",
  residentKib: "KiB resident a client",
  kib: "KiB resident a client",
};

/** What idle clients cost, as a Markdown table. */
export function idleTable({ idle }) {
  const cell = (value) => (typeof value === "string" ? value : digits(value ?? Number.NaN));
  return table(
    idle.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [IDLE_TITLES[key], cell(value)]))),
  );
}
