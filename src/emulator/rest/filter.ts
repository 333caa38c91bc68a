import { type FilterToken, readTokens } from "./filter-tokens.js";
import { badRequest } from "./rest-answer.js";

/** What a filter can ask about. */
export interface FilterRow {
  readonly connectionId: string;
  readonly userId: string | undefined;
  readonly groups: Iterable<string>;
}

type Value = string | number | boolean | null | readonly Value[];
type Expression = (row: FilterRow) => Value;

const DEEPEST = 32;
const LITERALS: ReadonlyMap<string, Value> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const PROPERTIES: ReadonlyMap<string, Expression> = new Map<string, Expression>([
  ["connectionid", ({ connectionId }) => connectionId],
  ["userid", ({ userId }) => userId ?? null],
  ["groups", ({ groups }) => [...groups]],
]);
const COMPARISONS: ReadonlyMap<string, (left: Value, right: Value) => boolean> = new Map([
  ["eq", (left, right) => left === right],
  ["ne", (left, right) => left !== right],
  ["gt", (left, right) => order(left, right) > 0],
  ["ge", (left, right) => order(left, right) >= 0],
  ["lt", (left, right) => order(left, right) < 0],
  ["le", (left, right) => order(left, right) <= 0],
  ["in", (left, right) => Array.isArray(right) && right.includes(left)],
]);
const FUNCTIONS: ReadonlyMap<string, { readonly count: number; run(values: readonly string[]): Value }> = new Map([
  ["startswith", { count: 2, run: ([text = "", part = ""]) => text.startsWith(part) }],
  ["endswith", { count: 2, run: ([text = "", part = ""]) => text.endsWith(part) }],
  ["contains", { count: 2, run: ([text = "", part = ""]) => text.includes(part) }],
  ["concat", { count: 2, run: ([text = "", part = ""]) => text + part }],
  ["length", { count: 1, run: ([text = ""]) => text.length }],
  ["tolower", { count: 1, run: ([text = ""]) => text.toLowerCase() }],
  ["toupper", { count: 1, run: ([text = ""]) => text.toUpperCase() }],
  ["trim", { count: 1, run: ([text = ""]) => text.trim() }],
]);

/**
 * Turns an OData filter into a test. It knows `and`, `or`, `not`, `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`, the functions
 * on text, and the properties `userId`, `connectionId` and `groups`.
 *
 * @throws RestRefusal for anything else
 */
export function compileFilter(filter: string): (row: FilterRow) => boolean {
  const expression = new FilterParser(readTokens(filter)).parse();
  return (row) => expression(row) === true;
}

class FilterParser {
  readonly #tokens: readonly FilterToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly FilterToken[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#next.kind !== "end") throw this.#unexpected();
    return expression;
  }

  // Lists, not one closure in another: a filter may have thousands of parts.
  #or(): Expression {
    const parts = [this.#and()];
    while (this.#takeWord("or")) parts.push(this.#and());
    return single(parts) ?? ((row) => parts.some((part) => part(row) === true));
  }

  #and(): Expression {
    const parts = [this.#not()];
    while (this.#takeWord("and")) parts.push(this.#not());
    return single(parts) ?? ((row) => parts.every((part) => part(row) === true));
  }

  #not(): Expression {
    let isNegated = false;
    while (this.#takeWord("not")) isNegated = !isNegated;
    const inner = this.#comparison();
    return isNegated ? (row) => inner(row) !== true : inner;
  }

  #comparison(): Expression {
    const left = this.#operand();
    const compare = this.#next.kind === "name" ? COMPARISONS.get(this.#next.text.toLowerCase()) : undefined;
    if (compare === undefined) return left;
    const isList = this.#take().text.toLowerCase() === "in";
    const right = isList && this.#next.text === "(" ? this.#list() : this.#operand();
    return (row) => compare(left(row), right(row));
  }

  #operand(): Expression {
    const token = this.#take();
    if (token.kind === "text") return () => token.text;
    if (token.kind === "number") return () => Number(token.text);
    if (token.kind === "name") return this.#named(token);
    if (token.text !== "(") throw this.#unexpected(token);
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw badRequest(`The filter is nested deeper than ${DEEPEST}.`, "filter");
    const inner = this.#or();
    this.#expect(")");
    this.#depth -= 1;
    return inner;
  }

  #named(token: FilterToken): Expression {
    const name = token.text.toLowerCase();
    const known = FUNCTIONS.get(name);
    if (known !== undefined && this.#next.text === "(") return this.#call(known);
    const literal = LITERALS.get(name);
    if (literal !== undefined) return () => literal;
    const property = PROPERTIES.get(name);
    if (property !== undefined) return property;
    throw badRequest(`The filter asks for '${token.text}'; known are userId, connectionId and groups.`, "filter");
  }

  #call({ count, run }: { readonly count: number; run(values: readonly string[]): Value }): Expression {
    this.#expect("(");
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw badRequest(`The filter is nested deeper than ${DEEPEST}.`, "filter");
    const given = [this.#operand()];
    for (let left = count - 1; left > 0; left -= 1) {
      this.#expect(",");
      given.push(this.#operand());
    }
    this.#expect(")");
    this.#depth -= 1;
    return (row) => {
      const values = given.map((expression) => expression(row));
      // What is not text, such as the id of a user that is not there, fits nothing.
      return values.every((value) => typeof value === "string") ? run(values) : null;
    };
  }

  #list(): Expression {
    this.#expect("(");
    const items = [this.#operand()];
    while (this.#next.text === "," && this.#next.kind === "mark") {
      this.#take();
      items.push(this.#operand());
    }
    this.#expect(")");
    return (row) => items.map((item) => item(row));
  }

  get #next(): FilterToken {
    return this.#tokens[this.#at] ?? { kind: "end", text: "the end" };
  }

  #take(): FilterToken {
    const token = this.#next;
    this.#at += 1;
    return token;
  }

  #takeWord(word: string): boolean {
    if (this.#next.kind !== "name" || this.#next.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(mark: string): void {
    const token = this.#take();
    if (token.kind !== "mark" || token.text !== mark) throw this.#unexpected(token);
  }

  #unexpected(token: FilterToken = this.#next): Error {
    return badRequest(`The filter does not make sense at '${token.text}'.`, "filter");
  }
}

function single<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** Below, at or above 0 like a subtraction; NaN, which is none of it, when the two cannot be compared. */
function order(left: Value, right: Value): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left !== "string" || typeof right !== "string") return Number.NaN;
  return left === right ? 0 : left < right ? -1 : 1;
}
