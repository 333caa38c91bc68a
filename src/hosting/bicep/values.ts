import { SignalRError } from "../../base/errors.js";

/** A Bicep expression, as a tree; made by {@link bicep}. */
export class BicepExpression {
  readonly node: BicepNode;

  constructor(node: BicepNode) {
    this.node = node;
  }
}

/** The forms of an expression. Plain values stand in a `literal`, texts with expressions in them are a `text`. */
export type BicepNode =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "text"; readonly parts: ReadonlyArray<string | BicepExpression> }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "member"; readonly of: BicepExpression; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly BicepExpression[] }
  | { readonly kind: "array"; readonly items: readonly BicepExpression[] }
  | { readonly kind: "object"; readonly members: ReadonlyArray<readonly [string, BicepExpression]> };

/** A value of a Bicep file: plain, or an expression in its place, on any level. */
export type BicepValue<Plain> =
  | BicepExpression
  | (Plain extends readonly (infer Item)[]
      ? Array<BicepValue<Item>>
      : Plain extends object
        ? { [Name in keyof Plain]: BicepValue<Plain[Name]> }
        : Plain);

const MAX_DEPTH = 32;

/**
 * Plain values as an expression: texts, whole numbers, booleans, null, arrays and objects. Members that are undefined are
 * left out, as are objects and arrays that have nothing else.
 *
 * @throws SignalRError ARGUMENT_INVALID for what Bicep cannot express
 */
export function toBicep(value: unknown): BicepExpression {
  return convert(value, 0);
}

function convert(value: unknown, depth: number): BicepExpression {
  if (value instanceof BicepExpression) return value;
  if (depth > MAX_DEPTH) throw unusable("it is nested too deeply, or in a circle");
  switch (typeof value) {
    case "string":
    case "boolean":
      return new BicepExpression({ kind: "literal", value });
    case "number":
      if (!Number.isSafeInteger(value)) throw unusable(`${value} is no whole number`);
      return new BicepExpression({ kind: "literal", value });
    case "object":
      if (value === null) return new BicepExpression({ kind: "literal", value });
      return Array.isArray(value) ? convertArray(value, depth) : convertObject(value, depth);
    default:
      throw unusable(`it is of type ${typeof value}`);
  }
}

function convertArray(items: readonly unknown[], depth: number): BicepExpression {
  return new BicepExpression({ kind: "array", items: items.map((item) => convert(item, depth + 1)) });
}

function convertObject(value: object, depth: number): BicepExpression {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, convert(member, depth + 1)] as const);
  return new BicepExpression({ kind: "object", members });
}

function unusable(reason: string): SignalRError {
  return new SignalRError(
    "ARGUMENT_INVALID",
    `A value cannot be written in Bicep: ${reason}. Allowed are texts, whole numbers, booleans, null, arrays and objects of these.`,
  );
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED: readonly string[] = ["true", "false", "null"];

/** Whether the text can be written as a name, without quotes. */
export function isBicepIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && !RESERVED.includes(text);
}

/** Makes Bicep expressions. */
export const bicep = Object.freeze({
  /**
   * Something declared in the same file: `name("location")`.
   *
   * @throws SignalRError ARGUMENT_INVALID for what cannot be a name
   */
  name(name: string): BicepExpression {
    if (!isBicepIdentifier(name)) {
      throw new SignalRError("ARGUMENT_INVALID", `${JSON.stringify(name)} cannot be a name in Bicep.`);
    }
    return new BicepExpression({ kind: "name", name });
  },
  /** A property, however deep: `member(signalR, "properties", "hostName")`. */
  member(of: BicepExpression, ...path: readonly string[]): BicepExpression {
    return path.reduce((target, name) => new BicepExpression({ kind: "member", of: target, name }), of);
  },
  /** A function's result: `call("uniqueString", ...)`. */
  call(name: string, ...args: readonly unknown[]): BicepExpression {
    return new BicepExpression({ kind: "call", name: checkedName(name), args: args.map(toBicep) });
  },
  /** A text with expressions in it, for a template literal. */
  text(texts: TemplateStringsArray, ...values: ReadonlyArray<string | BicepExpression>): BicepExpression {
    return joinTexts(texts.flatMap((text, index) => [text, values[index] ?? ""]));
  },
});

function checkedName(name: string): string {
  if (isBicepIdentifier(name)) return name;
  throw new SignalRError("ARGUMENT_INVALID", `${JSON.stringify(name)} cannot be a function in Bicep.`);
}

/** One text from pieces; an expression that stands alone is itself. */
function joinTexts(pieces: ReadonlyArray<string | BicepExpression>): BicepExpression {
  const parts: Array<string | BicepExpression> = [];
  for (const piece of pieces) {
    const before = parts.at(-1);
    // Neighbours become one text: a dollar sign and a brace must not meet behind the back of whoever escapes them.
    if (typeof piece === "string" && typeof before === "string") parts[parts.length - 1] = before + piece;
    else if (piece !== "") parts.push(piece);
  }
  const [first = ""] = parts;
  return parts.length < 2 ? toBicep(first) : new BicepExpression({ kind: "text", parts });
}
