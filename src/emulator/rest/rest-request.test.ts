import { expect, test } from "vitest";
import { readAddress } from "./rest-request.js";

test.each([
  ["/api/hubs/chat/groups/%2E%2E/:send?a=1", false, ["hubs", "chat", "groups", "..", ":send"]],
  ["/API/V1/hubs/chat/", true, ["hubs", "chat"]],
  ["/api/hubs/chat/groups/a%2Fb%20c", false, ["hubs", "chat", "groups", "a/b c"]],
  ["/api//hubs", false, ["", "hubs"]],
])("%s is taken apart without being resolved", (target, isV1, segments) => {
  expect(readAddress(target)).toMatchObject({ isV1, segments });
});

test("an address elsewhere is none of the API's, and a broken escape is said to be one", () => {
  expect(readAddress("/apis/hubs")).toBeUndefined();
  expect(() => readAddress("/api/hubs/%")).toThrow("cannot be decoded");
});

test("a query is read in any letter case, with its repeats", () => {
  const query = readAddress("/api?Excluded=a&excluded=b&empty=&Flag=TRUE&ttl=07")?.query;
  expect(query?.all("EXCLUDED")).toEqual(["a", "b"]);
  expect(query?.get("empty")).toBeUndefined();
  expect(query?.flag("flag")).toBe(true);
  expect(query?.integer("ttl", 0, 10)).toBe(7);
  expect(() => query?.flag("ttl")).toThrow("ttl must be true or false.");
  expect(() => query?.integer("ttl", 8, 10)).toThrow("ttl must be a whole number from 8 to 10.");
});
