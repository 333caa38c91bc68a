import { describe, expect, test } from "vitest";
import { negotiatedHubPath, normalizeHubPath, originalHubPath } from "./paths.js";
import { splitTarget } from "./request.js";

const isMapped = (mapped: string, requested: string): boolean =>
  negotiatedHubPath(requested) === normalizeHubPath(mapped);

describe("a request is for a mapped hub", () => {
  test.each([
    ["/chat", "/chat/negotiate"],
    ["/chat", "/Chat/NEGOTIATE"],
    ["/CHAT", "/chat/negotiate/"],
    ["/chat/", "/chat/negotiate"],
    ["chat", "/chat/negotiate"],
    ["/", "/negotiate"],
    ["/a/b/c", "/a/b/c/negotiate"],
    ["/chät", "/ch%C3%A4t/negotiate"],
    ["/\u{1f600}", "/%F0%9F%98%80/negotiate"],
    ["/ch%C3%A4t", "/ch%c3%a4t/negotiate"],
  ])("%s serves %s", (mapped, requested) => {
    expect(isMapped(mapped, requested)).toBe(true);
  });

  // Each of these would pass by `app.use("/chat", guard)` or `app.post("/chat/negotiate", guard)`.
  test.each([
    ["/chat", "/chat"],
    ["/chat", "/chat/negotiate/x"],
    ["/chat", "/other/negotiate"],
    ["/chat", "/chatnegotiate"],
    ["/chat", "/chat%2Fnegotiate"],
    ["/chat", "/ch%61t/negotiate"],
    ["/chat", "//chat/negotiate"],
    ["/chat", "/chat//negotiate"],
    ["/chat", "/chat/negotiate//"],
    ["/chat", "/x/../chat/negotiate"],
    ["/chat", ""],
  ])("%s does not serve %s", (mapped, requested) => {
    expect(isMapped(mapped, requested)).toBe(false);
  });

  test.each(["", "/a b", "/a?b", "/a#b", "/\ud800", undefined, 7])("%j is no path to map a hub to", (path) => {
    expect(() => normalizeHubPath(path as string)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  });
});

describe("the original path", () => {
  test.each([
    ["/chat/negotiate", "/chat"],
    ["/API/Chat/Negotiate/", "/API/Chat"],
    ["/negotiate", ""],
    ["/ch%C3%A4t/negotiate", "/chät"],
    ["/a%2Fb/negotiate", "/a%2Fb"],
    ["/%zz/negotiate", "/%zz"],
    ["/chat", ""],
  ])("of %s is %j", (requested, original) => {
    expect(originalHubPath(requested)).toBe(original);
  });
});

describe("a request target", () => {
  test.each([
    ["/chat/negotiate?a=b?c", "/chat/negotiate", "a=b?c"],
    ["/chat", "/chat", ""],
    ["/chat?", "/chat", ""],
    ["http://host:80/chat/negotiate?x=1", "/chat/negotiate", "x=1"],
    ["http://host?x=1", "/", "x=1"],
    ["http://host", "/", ""],
    ["*", "*", ""],
  ])("%s is split", (target, path, query) => {
    expect(splitTarget(target)).toEqual({ path, query });
  });
});
