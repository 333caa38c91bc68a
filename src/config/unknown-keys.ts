import { HUB_TABLE, SERVICE_TABLE } from "./schema.js";
import { below, type Layer } from "./sources.js";

const CONNECTION_STRING = "ConnectionString";
const KNOWN: readonly string[] = [
  CONNECTION_STRING,
  ...[...Object.values(SERVICE_TABLE), ...Object.values(HUB_TABLE)].flatMap((row) => row.keys),
];
const KNOWN_LOWER = new Set(KNOWN.map((key) => key.toLowerCase()));

/** Warns of each key below the section that nothing reads, with the known key that looks most like it. */
export function warnOfUnknownKeys(section: string, layers: readonly Layer[], warn: (message: string) => void): void {
  for (const layer of layers) {
    const itself = layer.get(section.toLowerCase());
    if (itself !== undefined && itself.value !== null) {
      warn(
        `${itself.key} (${itself.origin}) is a section, its own value is not read; a connection string goes to ${section}:${CONNECTION_STRING}.`,
      );
    }
    for (const [rest, setting] of below(layer, section)) {
      if (isKnown(rest.toLowerCase())) continue;
      warn(
        `${setting.key} (${setting.origin}) is not known and not used; did you mean ${section}:${nearestName(rest, OFFERED)}?`,
      );
    }
  }
}

function isKnown(rest: string): boolean {
  if (rest.startsWith(`${CONNECTION_STRING.toLowerCase()}:`)) return true;
  return KNOWN_LOWER.has(rest) || KNOWN_LOWER.has(rest.replace(/:\d+$/, ""));
}

// The old spelling with a colon at the end is read, but nobody should start with it.
const OFFERED: readonly string[] = KNOWN.filter((key) => !key.endsWith(":"));

/** The name among some known ones that looks most like the wanted one. */
export function nearestName(wanted: string, known: readonly string[]): string {
  const given = wanted.toLowerCase();
  let best = "";
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const candidate = name.toLowerCase();
    // A name that only lacks its unit or its section is nearer than its length tells.
    const contains = candidate.includes(given) || given.includes(candidate);
    const distance = contains ? 1 : editDistance(given, candidate);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters to add, drop or change to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [rowIndex, letter] of [...from].entries()) {
    const next = [rowIndex + 1];
    for (let column = 0; column < to.length; column++) {
      const change = (row[column] ?? 0) + (letter === to[column] ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
