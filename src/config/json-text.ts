/** A place in a JSON text that cannot be read; lines and columns count from 1. */
export class JsonTextError extends Error {
  override readonly name: string = "JsonTextError";
  readonly line: number;
  readonly column: number;

  constructor(reason: string, line: number, column: number) {
    super(reason);
    this.line = line;
    this.column = column;
  }
}

const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const BLANK = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
// No alternation of overlapping parts, so a long text without its end is found out in one pass.
const TEXT = /"(?:[^"\\\n\r]|\\.)*"/y;
const WORDS: Readonly<Record<string, boolean | null>> = Object.freeze({ true: true, false: false, null: null });

/**
 * JSON as .NET settings files are written: comments, a comma after the last item and a byte order mark are allowed.
 * Unlike `JSON.parse`, errors give line and column and never quote the text, which may hold access keys.
 *
 * @throws JsonTextError
 */
export function parseJsonText(text: string): unknown {
  return new JsonTextReader(text).read();
}

class JsonTextReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    if (this.#text.startsWith("\ufeff")) this.#at = 1;
    const value = this.#value(0);
    this.#skipBlank();
    if (this.#at < this.#text.length) throw this.#error("there is more text behind the end");
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH}`);
    this.#skipBlank();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#numberOrWord();
    }
  }

  #object(depth: number): Record<string, unknown> {
    const members: Array<[string, unknown]> = [];
    this.#at++;
    while (!this.#closes("}")) {
      if (this.#text[this.#at] !== '"') throw this.#error('expected a name in quotes, or "}"');
      const name = this.#string();
      this.#skipBlank();
      if (this.#text[this.#at] !== ":") throw this.#error('expected ":"');
      this.#at++;
      members.push([name, this.#value(depth + 1)]);
      this.#comma("}");
    }
    return Object.fromEntries(members);
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    while (!this.#closes("]")) {
      items.push(this.#value(depth + 1));
      this.#comma("]");
    }
    return items;
  }

  #closes(bracket: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at++;
    return true;
  }

  #comma(bracket: string): void {
    this.#skipBlank();
    const found = this.#text[this.#at];
    if (found === ",") this.#at++;
    else if (found !== bracket) throw this.#error(`expected "," or "${bracket}"`);
  }

  #string(): string {
    const token = this.#match(TEXT);
    if (token === undefined) throw this.#error("a text in quotes has no end on its line");
    try {
      return String(JSON.parse(token));
    } catch {
      this.#at -= token.length;
      throw this.#error("a text in quotes holds a wrong escape or control character");
    }
  }

  #numberOrWord(): unknown {
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    const start = this.#at;
    const word = this.#match(WORD);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word];
    this.#at = start;
    throw this.#error(start < this.#text.length ? "expected a value" : "the text ends too early");
  }

  #skipBlank(): void {
    this.#match(BLANK);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #error(reason: string): JsonTextError {
    const before = this.#text.slice(0, this.#at);
    const line = before.split("\n").length;
    return new JsonTextError(reason, line, this.#at - (before.lastIndexOf("\n") + 1) + 1);
  }
}
