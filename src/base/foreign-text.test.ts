import { expect, test } from "vitest";
import { foreignSentence, foreignText } from "./foreign-text.js";

test("line breaks and control characters become spaces, so that no line of a log can be forged", () => {
  expect(foreignText("gone\r\nerror: forged\u2028x\u0000\u001b[31my")).toBe("gone error: forged x [31my");
  expect(foreignText("\n a \u202e b \n")).toBe("a   b");
});

test("a long text is cut, whatever its length, and says so", () => {
  expect(foreignText("x".repeat(500))).toBe("x".repeat(500));
  expect(foreignText("x".repeat(5_000_000))).toBe(`${"x".repeat(499)}…`);
});

test("a sentence ends as one, once", () => {
  expect(foreignSentence("too many connections")).toBe("too many connections.");
  expect(foreignSentence("Go away!\n")).toBe("Go away!");
  expect(foreignSentence("x".repeat(600))).toHaveLength(500);
});
