import { expect, test } from "vitest";
import { ConsoleReport, wantsColors } from "./console-report.js";
import { Lines } from "./lines.js";

test("lines stand behind the name of who printed them, in its colour if there are colours", () => {
  const texts: string[] = [];
  const report = (hasColors: boolean) =>
    new ConsoleReport((part) => void texts.push(part), hasColors, ["api", "worker"]);
  report(false).line("api", "hello");
  report(false).news("worker", "runs");
  report(true).line("api", "hello");
  expect(texts.join("")).toBe("api    | hello\nworker * runs\n\u001b[36mapi\u001b[0m    | hello\n");
});

test("colours are for terminals whose user wants them", () => {
  expect(wantsColors({}, true)).toBe(true);
  expect(wantsColors({ NO_COLOR: "" }, true)).toBe(true);
  for (const variables of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) expect(wantsColors(variables, true)).toBe(false);
  expect(wantsColors({}, false)).toBe(false);
});

test("a text without an end of line is cut, and its rest is not lost", () => {
  const lines: string[] = [];
  const cut = new Lines((line) => void lines.push(line));
  for (const part of ["a\r\nb", "c\n\n", "x".repeat(70_000)]) cut.push(part);
  cut.end();
  cut.end();
  expect(lines.map((line) => line.length)).toEqual([1, 2, 0, 65_536, 4_464]);
  expect(lines.slice(0, 3)).toEqual(["a", "bc", ""]);
});
