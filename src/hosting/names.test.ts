import { expect, test } from "vitest";
import { bicepIdentifier, checkResourceName, variablePrefix } from "./names.js";

test.each(["a", "signalr", "SignalR-2", `a${"b".repeat(63)}`])("%s can be the name of a resource", (name) => {
  expect(() => checkResourceName(name)).not.toThrow();
});

test.each([
  ["", "a text of 1 to 64 characters"],
  [`a${"b".repeat(64)}`, "it has 65 characters"],
  ["my_signalr", "ASCII letters, digits and hyphens"],
  ["sígnalr", "ASCII letters, digits and hyphens"],
  ["a b", "ASCII letters, digits and hyphens"],
  ["1signalr", "must start with a letter"],
  ["-signalr", "must start with a letter"],
  ["signalr-", "must not end with a hyphen"],
  ["signal--r", "two hyphens in a row"],
])("%j cannot, and the error says why", (name, reason) => {
  expect(() => checkResourceName(name)).toThrow(
    expect.objectContaining({ code: "ARGUMENT_INVALID", message: expect.stringContaining(reason) }),
  );
});

test("a very long name is not repeated whole", () => {
  expect(() => checkResourceName("a".repeat(100_000))).toThrow(/^.{0,200}$/);
});

test("names in Bicep have underscores for hyphens", () => {
  expect(bicepIdentifier("my-signalr-2")).toBe("my_signalr_2");
  expect(bicepIdentifier("2nd")).toBe("_2nd");
});

test.each([
  ["signalr", "SIGNALR"],
  ["my-signalR", "MY_SIGNALR"],
  ["2nd one", "_2ND_ONE"],
])("variables of %s begin with %s", (name, prefix) => {
  expect(variablePrefix(name)).toBe(prefix);
});
