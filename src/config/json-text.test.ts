import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonTextError, parseJsonText } from "./json-text.js";

describe("JSON of settings files", () => {
  test("reads all that JSON.parse reads, the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJsonText(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("reads a byte order mark, comments and a comma after the last item", () => {
    const text = '\ufeff// first\n{ "a": [1, 2, /* in\nside */], "url": "http://x", } // last';
    expect(parseJsonText(text)).toEqual({ a: [1, 2], url: "http://x" });
  });

  test("reads a member __proto__ as a member", () => {
    const read = parseJsonText('{"__proto__": {"polluted": 1}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(["__proto__"]);
  });

  test.each([
    ["", 1, 1],
    ["{", 1, 2],
    ['{"a": 1', 1, 8],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{"a" 1}', 1, 6],
    ["{a: 1}", 1, 2],
    ["[1 2]", 1, 4],
    ["[,]", 1, 2],
    ['{"a": hidden}', 1, 7],
    ['{"a": "hidden\n"}', 1, 7],
    ['{"a": "\\x"}', 1, 7],
    ["{} {}", 1, 4],
    ["truefalse", 1, 1],
    ["01", 1, 2],
    ["/* open", 1, 1],
    ["constructor", 1, 1],
  ])("says where %j is wrong, and quotes nothing", (text, line, column) => {
    const error = thrownBy(text);
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect(error.message).not.toContain("hidden");
  });

  test("ends with an error, not a crash, when nested too deep", () => {
    expect(thrownBy("[".repeat(100_000)).message).toContain("nested deeper");
    expect(thrownBy('{"a":'.repeat(100_000)).message).toContain("nested deeper");
  });

  test("throws its own error or reads, whatever it gets", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      ":",
      ",",
      "\\",
      "1",
      "-",
      ".",
      "e",
      "true",
      "/*",
      "*/",
      "//",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        try {
          parseJsonText(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(JsonTextError);
        }
      }),
    );
  });
});

function thrownBy(text: string): JsonTextError {
  try {
    parseJsonText(text);
  } catch (error) {
    if (error instanceof JsonTextError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}
