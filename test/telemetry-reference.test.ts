import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LOG_EVENTS } from "../src/base/log-events.js";
import { root } from "./support/built.js";

const page = `${root}docs/reference/telemetry.md`;

/** The table of all log events, as the reference has it. */
function eventTable(): string {
  const rows = [["category", "event", "number", "level", "sentence"]];
  for (const [category, events] of Object.entries(LOG_EVENTS)) {
    for (const [event, { id, level, template }] of Object.entries(events)) {
      rows.push([`\`${category}\``, `\`${event}\``, String(id), level, template.replaceAll("|", "\\|")]);
    }
  }
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return lines.join("\n");
}

test("the reference has the whole table of log events (UPDATE_DOCS=1 writes it anew)", () => {
  const table = /^\| category [\s\S]*?\|$(?!\n\|)/m;
  const before = readFileSync(page, "utf8");
  if (process.env["UPDATE_DOCS"] === "1")
    writeFileSync(
      page,
      before.replace(table, () => eventTable()),
    );
  expect(table.exec(readFileSync(page, "utf8"))?.[0]).toBe(eventTable());
});
