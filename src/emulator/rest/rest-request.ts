import { badRequest } from "./rest-answer.js";

/** The address of a REST request, taken apart. */
export interface RestAddress {
  /** True for `/api/v1/...`, whose version is 1.0 and is not asked for. */
  readonly isV1: boolean;
  /** What follows `/api` or `/api/v1`, decoded. */
  readonly segments: readonly string[];
  readonly query: RestQuery;
}

/** The query of a request: names match in any letter case, values may repeat. */
export class RestQuery {
  readonly #values = new Map<string, string[]>();

  constructor(search: string) {
    for (const [name, value] of new URLSearchParams(search)) {
      const key = name.toLowerCase();
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [value]);
      else values.push(value);
    }
  }

  /** The first value; an empty one counts as none. */
  get(name: string): string | undefined {
    return this.all(name)[0] || undefined;
  }

  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /**
   * A whole number that is at least `least` and at most `most`; undefined when it is not given.
   * @throws RestRefusal
   */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw badRequest(`${name} must be a whole number from ${least} to ${most}.`, name);
  }

  /** @throws RestRefusal for anything but true and false */
  flag(name: string): boolean {
    const text = this.get(name)?.toLowerCase() ?? "false";
    if (text === "true" || text === "false") return text === "true";
    throw badRequest(`${name} must be true or false.`, name);
  }
}

/**
 * Undefined: not an address of the REST API. The target is read as it came, because a parser of URLs would resolve
 * groups that are called `.` or `..`.
 * @throws RestRefusal for escapes that cannot be decoded
 */
export function readAddress(target: string): RestAddress | undefined {
  const end = target.indexOf("?");
  const path = end === -1 ? target : target.slice(0, end);
  const [, root, ...parts] = path.replace(/\/$/, "").split("/");
  if (root?.toLowerCase() !== "api") return undefined;
  const isV1 = parts[0]?.toLowerCase() === "v1";
  const segments = (isV1 ? parts.slice(1) : parts).map(decodeSegment);
  return { isV1, segments, query: new RestQuery(end === -1 ? "" : target.slice(end)) };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest("The path holds an escape that cannot be decoded.");
  }
}
