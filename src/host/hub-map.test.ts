import { describe, expect, test } from "vitest";
import { Hub, type HubClass } from "../hub/hub.js";
import { HubMap } from "./hub-map.js";
import { normalizeHubPath } from "./paths.js";

class ChatHub extends Hub {}
class RoomHub extends Hub {}

const find = (map: HubMap<unknown>, path: string) => map.find(normalizeHubPath(path));

describe("mapping hubs to paths", () => {
  test("one class on two paths is one hub, each path with its own rules", () => {
    const map = new HubMap();
    const authorize = () => true;
    map.add("/chat", ChatHub, { authorize, keepAliveInterval: 5000 });
    map.add("/talk", ChatHub, { closeOnAuthenticationExpiration: true, keepAliveInterval: 5000 });
    expect(map.conflict).toBeUndefined();
    expect([...map.hubs]).toHaveLength(1);
    expect(find(map, "/chat")?.hub).toBe(find(map, "/talk")?.hub);
    expect(find(map, "/chat")?.rules).toEqual({ authorize, closeOnAuthenticationExpiration: false });
    expect(find(map, "/talk")?.rules).toEqual({ closeOnAuthenticationExpiration: true });
    expect(map.of(ChatHub).options).toEqual({ keepAliveInterval: 5000 });
    expect(map.of(ChatHub).paths).toEqual(["/chat", "/talk"]);
  });

  test("stateful reconnects are on for the hub when one of its paths asks for them", () => {
    const map = new HubMap();
    map.add("/chat", ChatHub);
    expect(map.of(ChatHub).allowStatefulReconnects).toBe(false);
    map.add("/talk", ChatHub, { allowStatefulReconnects: true });
    expect(map.of(ChatHub).allowStatefulReconnects).toBe(true);
    expect(map.conflict).toBeUndefined();
  });

  test("the same list of filters in two arrays is no contradiction", () => {
    const map = new HubMap();
    const filter = {};
    map.add("/a", ChatHub, { filters: [filter] });
    map.add("/b", ChatHub, { filters: [filter] });
    expect(map.conflict).toBeUndefined();
    map.add("/c", ChatHub, { filters: [{}] });
    expect(map.conflict?.code).toBe("HUB_INVALID");
  });

  test.each([
    [undefined, { enableDetailedErrors: true }],
    [{ enableDetailedErrors: true }, undefined],
    [{ keepAliveInterval: 1000 }, { keepAliveInterval: 2000 }],
  ])("hub options %j and %j for one class contradict each other", (one, other) => {
    const map = new HubMap();
    map.add("/a", ChatHub, one);
    const mapping = map.add("/b", ChatHub, other);
    expect(mapping.conflict?.message).toMatch(/ChatHub is mapped to \/b with other hub options than to \/a/);
    expect(find(map, "/a")?.conflict).toBeUndefined();
  });

  test("two classes with one name at the service contradict each other, and the second never starts", () => {
    const map = new HubMap();
    const Other = class extends Hub {
      static override readonly hubName = "CHATHUB";
    };
    map.add("/a", ChatHub);
    map.add("/b", Other);
    expect(map.conflict?.message).toMatch(/\/b and \/a.*static hubName/);
    expect([...map.hubs].map((hub) => hub.hubClass)).toEqual([ChatHub]);
    expect(() => map.of(Other)).toThrow(/static hubName/);
  });

  test("a path has one hub", () => {
    const map = new HubMap();
    map.add("/chat", ChatHub);
    expect(() => map.add("/Chat/", RoomHub)).toThrow("The path /Chat/ already has the hub ChatHub.");
    expect(() => map.of(RoomHub)).toThrow(/RoomHub is not mapped here/);
  });

  test.each([
    ["undefined", undefined],
    ["a plain class", class Plain {}],
    ["a hub object", Object.create(ChatHub.prototype)],
    ["Hub itself", Hub],
  ])("%s is no hub class", (_name, hubClass) => {
    expect(() => new HubMap().add("/a", hubClass as HubClass)).toThrow(
      expect.objectContaining({ code: "HUB_INVALID" }),
    );
  });

  test("a hub class without a name is refused, before anything is remembered", () => {
    const map = new HubMap();
    expect(() => map.add("/a", (() => class extends Hub {})())).toThrow(/static hubName/);
    expect([...map.hubs]).toEqual([]);
  });

  test("authorize must be a function", () => {
    expect(() => new HubMap().add("/a", ChatHub, { authorize: true as never })).toThrow(
      "authorize of /a must be a function, got boolean.",
    );
  });
});
