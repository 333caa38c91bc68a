/** The middle of the samples, and how far they lie apart. */
export function summarize(samples) {
  const sorted = [...samples].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
}

/** The values below which the given shares (0 to 1) of the samples lie. Sorts the samples in place. */
export function percentiles(samples, shares) {
  samples.sort((left, right) => left - right);
  return shares.map((share) => samples[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? Number.NaN);
}

/** Three digits that count, whatever the size. */
export function digits(value) {
  if (!Number.isFinite(value)) return "-";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(places, 3) });
}

/** A table as Markdown draws it, which is readable as plain text too. */
export function table(rows) {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? "")))];
  const widths = names.map((_, column) => Math.max(3, ...cells.map((line) => line[column].length)));
  const lines = cells.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`);
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return lines.join("\n");
}
