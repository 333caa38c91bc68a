import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import { root } from "../support/built.js";

/** What one fault did to clients, calls and memory. */
export interface FaultRow {
  readonly fault: string;
  readonly seconds: number;
  readonly clients: number;
  /** Times that a client had to reconnect. */
  readonly reconnects: number;
  readonly calls: number;
  /** Calls that ended with an error. */
  readonly failed: number;
  /** Calls that never ended. */
  readonly lost: number;
  /** Megabytes in use after a collection of garbage, before and after. */
  readonly heap: readonly [before: number, after: number];
  /** Clients that the hub server knows, before and after; undefined where it is itself gone afterwards. */
  readonly sessions: readonly [before: number, after: number] | undefined;
}

const PAGE = `${root}docs/reference/reliability.md`;
const BEGIN = "<!-- faults: written by npm run test:faults -->";
const END = "<!-- /faults -->";

const HEADERS = [
  "fault",
  "seconds",
  "clients",
  "reconnects",
  "calls",
  "failed with an error",
  "lost without one",
  "heap before, after (MB)",
  "sessions before, after",
];

function cellsOf(row: FaultRow): string[] {
  const number = (value: number): string => value.toLocaleString("en-US");
  return [
    row.fault,
    number(row.seconds),
    number(row.clients),
    number(row.reconnects),
    number(row.calls),
    number(row.failed),
    number(row.lost),
    row.heap.map((megabytes) => megabytes.toFixed(1)).join(", "),
    row.sessions?.map(number).join(", ") ?? "",
  ];
}

/** The rows as a table in Markdown. */
export function faultTable(rows: readonly FaultRow[]): string {
  const cells = [HEADERS, ...rows.map(cellsOf)];
  const widths = HEADERS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(HEADERS), rule, ...cells.slice(1).map(line)].join("\n");
}

/** Puts the table into the page, between its two marks. */
export function writeFaultTable(table: string): void {
  const page = readFileSync(PAGE, "utf8");
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for the table: ${BEGIN} … ${END}`);
  const machine = `Node ${process.versions.node}, ${cpus().length} cores, ${process.platform} ${arch()}, ${new Date().toISOString().slice(0, 10)}.`;
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${machine}\n\n${page.slice(end)}`);
}
