import type { ServiceOptions } from "./options.js";
import { type Problem, shownValue } from "./problems.js";
import type { OptionRow, OptionTable } from "./schema.js";
import { below, type Layer } from "./sources.js";

/** A value before it was checked. */
export interface FoundValue {
  /** Full key, or the option's name in code. */
  readonly key: string;
  readonly origin: string;
  /** As it was written, for errors. */
  readonly written: unknown;
  readonly value: unknown;
  readonly inCode: boolean;
}

/** How errors and warnings name the options object. */
export const IN_CODE = "code";

/** Looks up all options of a table: in code first, then from the highest source to the lowest. */
export function findValues<T extends object>(
  table: OptionTable<T>,
  section: string,
  layers: readonly Layer[],
  options: ServiceOptions,
): Map<keyof T & string, FoundValue> {
  const found = new Map<keyof T & string, FoundValue>();
  for (const name of Object.keys(table) as Array<keyof T & string>) {
    const value = findInCode(table[name], options) ?? findInLayers(table[name], section, layers);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** The line that an error has for a value that is not allowed. */
export function wrongValue<T>(row: OptionRow<T>, found: FoundValue): Problem {
  const allowed = row.rule.allowed(found.inCode);
  const line = `${found.key} (${found.origin}): found ${shownValue(found.written)}; allowed is ${allowed}`;
  return { code: "CONFIG_INVALID", line };
}

function findInCode<T>(row: OptionRow<T>, options: ServiceOptions): FoundValue | undefined {
  for (const name of row.code) {
    const written = member(options, name);
    if (written === undefined || (written === null && row.default !== undefined)) continue;
    return { key: name, origin: IN_CODE, written, value: row.rule.fromCode(written), inCode: true };
  }
  return undefined;
}

// Names of one option are looked up source by source: a short name in the environment beats the long one in a file.
function findInLayers<T>(row: OptionRow<T>, section: string, layers: readonly Layer[]): FoundValue | undefined {
  for (const layer of layers.toReversed()) {
    for (const tail of row.keys) {
      const found = findInLayer(row, `${section}:${tail}`, layer);
      if (found === undefined) continue;
      // null says "forget what lower sources say", except where it is a value.
      return found.value === null && row.rule.acceptsNull !== true ? undefined : found;
    }
  }
  return undefined;
}

function findInLayer<T>(row: OptionRow<T>, key: string, layer: Layer): FoundValue | undefined {
  const setting = layer.get(key.toLowerCase());
  if (setting !== undefined) {
    const value = setting.value === null ? null : row.rule.fromText(setting.value);
    return { key: setting.key, origin: setting.origin, written: setting.value, value, inCode: false };
  }
  // An array of a JSON file, or Key__0, Key__1 of the environment.
  const items = [...below(layer, key)].filter(([rest]) => /^\d+$/.test(rest));
  const [first] = items;
  if (first === undefined) return undefined;
  const written = items.map(([, item]) => item.value ?? "").join(",");
  return { key, origin: first[1].origin, written, value: row.rule.fromText(written), inCode: false };
}

function member(options: ServiceOptions, path: string): unknown {
  let value: unknown = options;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
