/** How the value of one option is read from text, and what it may be. */
export interface Rule<T> {
  /** Ends the sentence "allowed is ..."; configuration files and code may use different units. */
  allowed(inCode: boolean): string;
  /** The value that a text of a file or the environment stands for; a text that stands for none comes back as it is. */
  fromText(text: string): unknown;
  /** The value as given in code, spelling aside. */
  fromCode(value: unknown): unknown;
  accepts(value: unknown): value is T;
  /** `null` is a value of its own, not "take the default". @default false */
  readonly acceptsNull?: boolean;
}

/** Largest count and, in milliseconds, the largest delay that a timer can take. */
const LARGEST = 2 ** 31 - 1;
const WHOLE_NUMBER = /^[+-]?\d{1,15}$/;

const asGiven = (value: unknown): unknown => value;

/** One of some words, in any case. `refusals` explains words that one could expect here. */
export function choice<T extends string>(
  words: readonly T[],
  refusals: Readonly<Record<string, string>> = {},
): Rule<T> {
  const spelled = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const wanted = value.trim().toLowerCase();
    return words.find((word) => word.toLowerCase() === wanted) ?? value;
  };
  const notes = Object.values(refusals).map((reason) => `; ${reason}`);
  return {
    allowed: () => `${words.join(" or ")}${notes.join("")}`,
    fromText: spelled,
    fromCode: spelled,
    accepts: (value): value is T => words.some((word) => word === value),
  };
}

export function wholeNumber(least: number, most = LARGEST): Rule<number> {
  return {
    allowed: () =>
      most === LARGEST ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`,
    fromText: numberFromText,
    fromCode: asGiven,
    accepts: (value): value is number => isWholeNumber(value, least, most),
  };
}

/** Whole seconds in files and the environment, milliseconds in code and in the result. */
export function duration(leastSeconds: number, mostSeconds = Math.floor(LARGEST / 1000)): Rule<number> {
  const unitless = (inCode: boolean) => (inCode ? 1000 : 1);
  return {
    allowed: (inCode) =>
      `a whole number of ${inCode ? "milliseconds" : "seconds"} from ${leastSeconds * unitless(inCode)} to ${mostSeconds * unitless(inCode)}`,
    fromText: (text) => {
      const seconds = numberFromText(text);
      return typeof seconds === "number" ? seconds * 1000 : seconds;
    },
    fromCode: asGiven,
    accepts: (value): value is number => isWholeNumber(value, leastSeconds * 1000, mostSeconds * 1000),
  };
}

export function flag(): Rule<boolean> {
  const words: Readonly<Record<string, boolean>> = { true: true, false: false };
  return {
    allowed: () => "true or false",
    fromText: (text) => words[text.trim().toLowerCase()] ?? text,
    fromCode: asGiven,
    accepts: (value) => typeof value === "boolean",
  };
}

export function text(pattern: RegExp, description: string): Rule<string> {
  return {
    allowed: () => description,
    fromText: asGiven,
    fromCode: asGiven,
    accepts: (value): value is string => typeof value === "string" && pattern.test(value),
  };
}

/** Several words; in one text they are separated by commas. */
export function list<T extends string>(item: Rule<T>): Rule<readonly T[]> {
  return {
    allowed: (inCode) => `a list of ${item.allowed(inCode)}`,
    fromText: (given) => given.split(",").map((part) => item.fromText(part.trim())),
    fromCode: asGiven,
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.length > 0 && value.every((part) => item.accepts(part)),
  };
}

/** The rule, or nothing: an empty text, `null` or `undefined`. */
export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return {
    allowed: (inCode) => `${rule.allowed(inCode)}, or nothing`,
    fromText: (given) => (given.trim() === "" ? undefined : rule.fromText(given)),
    fromCode: (value) => (value === null || value === "" ? undefined : rule.fromCode(value)),
    accepts: (value): value is T | undefined => value === undefined || rule.accepts(value),
    acceptsNull: rule.acceptsNull === true,
  };
}

/** The rule, or `null` for "no limit". */
export function nullable<T>(rule: Rule<T>): Rule<T | null> {
  return {
    allowed: (inCode) => `${rule.allowed(inCode)}, or null for no limit`,
    fromText: (given) => (given.trim().toLowerCase() === "null" ? null : rule.fromText(given)),
    fromCode: rule.fromCode,
    accepts: (value): value is T | null => value === null || rule.accepts(value),
    acceptsNull: true,
  };
}

function numberFromText(given: string): unknown {
  const trimmed = given.trim();
  return WHOLE_NUMBER.test(trimmed) ? Number(trimmed) : given;
}

function isWholeNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
