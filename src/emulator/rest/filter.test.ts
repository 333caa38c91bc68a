import { describe, expect, test } from "vitest";
import { compileFilter, type FilterRow } from "./filter.js";
import { RestRefusal } from "./rest-answer.js";

const ann: FilterRow = { connectionId: "c1", userId: "ann o'hara", groups: new Set(["g", "h"]) };
const nobody: FilterRow = { connectionId: "c2", userId: undefined, groups: [] };

describe("a filter", () => {
  test.each([
    ["userId eq 'ann o''hara'", true, false],
    ["userId eq null", false, true],
    ["userId ne null", true, false],
    ["not (userId eq null)", true, false],
    ["not not userId eq null", false, true],
    ["startswith(userId, 'ann')", true, false],
    ["endswith(userId,'hara') and contains(userId,'o')", true, false],
    ["length(userId) gt 9 or connectionId eq 'c2'", true, true],
    ["length(concat(trim(' a '), 'b')) eq 2", true, true],
    ["tolower('A') eq 'a' and toupper('a') eq 'A'", true, true],
    ["connectionId lt 'c2'", true, false],
    ["connectionId ge 'c2' or connectionId le 'b'", false, true],
    ["'g' in groups", true, false],
    ["CONNECTIONID IN ('c0', 'c2')", false, true],
    ["true", true, true],
    ["false or true and false", false, false],
    ["(false or true) and true", true, true],
    ["userId gt 5", false, false],
    ["1.5 lt 2 and -1 le -1", true, true],
    ["userId", false, false],
  ])("%s", (filter, forAnn, forNobody) => {
    const fits = compileFilter(filter);
    expect([fits(ann), fits(nobody)]).toEqual([forAnn, forNobody]);
  });

  test.each([
    ["", "does not make sense at 'the end'"],
    ["userId eq", "does not make sense at 'the end'"],
    ["userId eq 'a' 'b'", "does not make sense at 'b'"],
    ["userId eq 'a", "cannot be read from character 10 on"],
    ["userId = 'a'", "cannot be read from character 7 on"],
    ["name eq 'a'", "asks for 'name'"],
    ["startswith(userId)", "does not make sense at ')'"],
    ["('a'", "does not make sense at 'the end'"],
    [`${"(".repeat(33)}true${")".repeat(33)}`, "nested deeper than 32"],
    [`${"trim(".repeat(33)}'a'${")".repeat(33)}`, "nested deeper than 32"],
    ["constructor eq 'a'", "asks for 'constructor'"],
  ])("%j is refused", (filter, text) => {
    expect(() => compileFilter(filter)).toThrow(RestRefusal);
    expect(() => compileFilter(filter)).toThrow(text);
  });

  test("of any length is read quickly", () => {
    const long = Array.from({ length: 20_000 }, () => "userId eq 'a'").join(" or ");
    expect(compileFilter(long)(ann)).toBe(false);
    expect(() => compileFilter(`'${"''".repeat(50_000)}`)).toThrow("cannot be read");
    expect(() => compileFilter(`${" ".repeat(100_000)}?`)).toThrow("cannot be read");
  });
});
