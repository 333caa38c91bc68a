import { describe, expect, test } from "vitest";
import { BicepFile } from "./file.js";
import { printExpression } from "./printer.js";
import { bicep, toBicep } from "./values.js";

const print = (value: unknown): string => printExpression(toBicep(value));

describe("texts", () => {
  test.each([
    ["plain", "'plain'"],
    ["it's", "'it\\'s'"],
    ["a\\b", "'a\\\\b'"],
    ["a\nb\r\tc", "'a\\nb\\r\\tc'"],
    [`\${x}`, `'\\\${x}'`],
    [`$$\${x}`, `'$$\\\${x}'`],
    [`\\\${x}`, `'\\\\\\\${x}'`],
    ["\u0000\u007f", "'\\u{0}\\u{7f}'"],
    ["\u{1f600}", "'\u{1f600}'"],
    ["\ud800", "'\ufffd'"],
  ])("%j is written so that Bicep reads the same", (text, written) => {
    expect(print(text)).toBe(written);
  });

  test("hold expressions, and only what is meant as one", () => {
    const name = bicep.name("location");
    expect(print(bicep.text`at ${name}, '${`\${location}`}'`)).toBe(`'at \${location}, \\'\\\${location}\\''`);
  });

  test("are escaped as a whole, also where pieces meet", () => {
    expect(print(bicep.text`${"$"}${"{a}"}${bicep.name("b")}`)).toBe(`'\\\${a}\${b}'`);
  });

  test("of one expression alone are that expression, without any they are plain", () => {
    expect(print(bicep.text`${bicep.name("location")}`)).toBe("location");
    expect(print(bicep.text`a${"b"}c`)).toBe("'abc'");
  });
});

describe("values", () => {
  test("keep their order; what is undefined is left out", () => {
    expect(print({ b: 1, a: undefined, "a-b": [true, null, { c: "x" }], none: {}, empty: [] })).toBe(
      "{\n  b: 1\n  'a-b': [\n    true\n    null\n    {\n      c: 'x'\n    }\n  ]\n  none: {}\n  empty: []\n}",
    );
  });

  test("have words of the language in quotes where they are names", () => {
    expect(print({ null: 1, true: 2, resource: 3 })).toBe("{\n  'null': 1\n  'true': 2\n  resource: 3\n}");
  });

  test("are members and calls", () => {
    const self = bicep.name("signalr");
    expect(print(bicep.call("guid", bicep.member(self, "id"), "x", 1))).toBe("guid(signalr.id, 'x', 1)");
    expect(print(bicep.member(self, "properties", "a-b"))).toBe("signalr.properties['a-b']");
  });

  test.each([
    [1.5, "1.5 is no whole number"],
    [Number.NaN, "NaN is no whole number"],
    [2 ** 60, "is no whole number"],
    [() => 1, "of type function"],
    [[undefined], "of type undefined"],
    [10n, "of type bigint"],
  ])("%s cannot be written", (value, reason) => {
    expect(() => toBicep(value)).toThrow(reason);
  });

  test("in a circle are refused", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => toBicep(circle)).toThrow("in a circle");
  });

  test.each(["a b", "null", "x;y", "", "1a"])("%j is no name", (name) => {
    expect(() => bicep.name(name)).toThrow("cannot be a name in Bicep");
    expect(() => bicep.call(name)).toThrow("cannot be a function in Bicep");
  });
});

describe("a file", () => {
  test("has its statements in order, blank lines between, and a line break at its end", () => {
    const file = new BicepFile("subscription");
    file.addOutput({ name: "id", type: "string", value: bicep.member(bicep.name("group"), "id") });
    file.addModule({ name: "inner", path: "inner/inner.bicep", body: toBicep({ name: "inner" }) });
    file.addResource({ name: "group", type: "A/b@1", isExisting: true, body: toBicep({ name: "x" }) });
    file.addParameter({ name: "key", type: "string", isSecure: true, description: "it's", default: toBicep("") });
    expect(file.print()).toBe(
      [
        "targetScope = 'subscription'",
        "@description('it\\'s')\n@secure()\nparam key string = ''",
        "resource group 'A/b@1' existing = {\n  name: 'x'\n}",
        "module inner 'inner/inner.bicep' = {\n  name: 'inner'\n}",
        "output id string = group.id\n",
      ].join("\n\n"),
    );
  });

  test.each(["take", "guid", "resourceGroup", "null", "a-b"])("declares nothing named %s", (name) => {
    expect(() => new BicepFile().addParameter({ name, type: "string" })).toThrow("Give the resource another name");
  });

  test("declares nothing twice", () => {
    const file = new BicepFile();
    file.addParameter({ name: "location", type: "string" });
    file.addOutput({ name: "location", type: "string", value: toBicep("") });
    expect(() => file.addResource({ name: "location", type: "A/b@1", body: toBicep({}) })).toThrow(
      "are named location",
    );
    expect(() => file.addOutput({ name: "location", type: "string", value: toBicep("") })).toThrow("named location");
  });
});
