/** Sees each value before it is written, dates and class instances as they are; what it returns is written. */
export type JsonReplacer = (key: string, value: unknown) => unknown;

/** Sees each value after it was read, members before their object; what it returns takes its place, undefined removes it. */
export type JsonReviver = (key: string, value: unknown) => unknown;

/** Far more than any reader accepts; a value that goes deeper contains itself. */
const DEEPEST = 1000;

/**
 * A copy of the value with everything in it replaced; the value itself is not changed. Unlike in JSON.stringify the
 * replacer comes before `toJSON`, so it can tell a Date from a text.
 * @throws TypeError when the value contains itself
 */
export function replaceValues(value: unknown, replacer: JsonReplacer): unknown {
  return replaceIn({ "": value }, "", value, replacer, 0);
}

function replaceIn(holder: object, key: string, value: unknown, replacer: JsonReplacer, depth: number): unknown {
  if (depth > DEEPEST) throw new TypeError("A value that contains itself cannot be sent.");
  const replaced: unknown = replacer.call(holder, key, value);
  if (Array.isArray(replaced)) {
    return Array.from(replaced, (item, index) => replaceIn(replaced, String(index), item, replacer, depth + 1));
  }
  if (!isPlainObject(replaced)) return replaced;
  // Without a prototype a member named __proto__ is a member like any other.
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(replaced)) {
    members[name] = replaceIn(replaced, name, member, replacer, depth + 1);
  }
  return members;
}

/** The value with everything in it revived, in place: it was just read, and nobody else has it. */
export function reviveValues(value: unknown, reviver: JsonReviver): unknown {
  return reviveIn({ "": value }, "", value, reviver);
}

function reviveIn(holder: object, key: string, value: unknown, reviver: JsonReviver): unknown {
  if (typeof value === "object" && value !== null) {
    for (const name of Object.keys(value)) {
      const revived = reviveIn(value, name, (value as Record<string, unknown>)[name], reviver);
      // Defined, not assigned: assigning to __proto__ would change the object's prototype.
      if (revived === undefined && !Array.isArray(value)) Reflect.deleteProperty(value, name);
      else Object.defineProperty(value, name, { value: revived, writable: true, enumerable: true, configurable: true });
    }
  }
  return reviver.call(holder, key, value);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
