import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "./codec.js";
import * as pings from "./pings.js";

describe("pings", () => {
  it.each([
    ["keep-alive", pings.keepAlivePing(), []],
    ["client counts", pings.clientCountPing(12, 3), ["#clientInHub", "12", "#client", "3"]],
    ["status request", pings.statusRequestPing(), ["status", "1"]],
    [
      "status",
      pings.statusPing({ active: true, clientCount: 5, serverCount: 2, capacity: 1000 }),
      ["status", "1", "clientcount", "5", "servercount", "2", "capacity", "1000"],
    ],
    [
      "inactive status",
      pings.statusPing({ active: false, clientCount: 0, serverCount: 1, capacity: 20 }),
      ["status", "0", "clientcount", "0", "servercount", "1", "capacity", "20"],
    ],
    ["servers request", pings.serversRequestPing(), ["servers", ""]],
    ["servers", pings.serversPing(638_000_000_000_000_000n, ["a", "b"]), ["servers", "638000000000000000:a;b"]],
    ["echo", pings.echoPing("x"), ["echo", "x"]],
    ["offline", pings.offlinePing("instance"), ["offline", "instance"]],
    ["target", pings.targetPing("instance"), ["target", "instance"]],
    ["message tracing", pings.messageTracingPing(true), ["d-m", "1"]],
    ["end of message tracing", pings.messageTracingPing(false), ["d-m", "0"]],
    ["shutdown", pings.finPing(pings.ShutdownMode.MigrateClients), ["shutdown", "fin:1"]],
    ["shutdown answer", pings.finAckPing(), ["shutdown", "finack"]],
  ])("of meaning %s travel as these pairs", (_meaning, ping, messages) => {
    expect(ping.messages).toEqual(messages);
    const frame = encodeMessage(ping);
    expect(decodeMessage(frame.subarray(1))).toEqual({ kind: "ping", messages });
  });

  it("cannot be changed, because everybody sends the same ones", () => {
    expect(Object.isFrozen(pings.keepAlivePing())).toBe(true);
    expect(Object.isFrozen(pings.keepAlivePing().messages)).toBe(true);
  });
});

describe("readPing", () => {
  const read = pings.readPing(["a", "1", "b", null, "a", "2", "1", "x", "lone"]);

  it("finds the first pair with a key", () => {
    expect(read("a")).toBe("1");
  });

  it("tells a nil value from a missing pair", () => {
    expect(read("b")).toBeNull();
    expect(read("c")).toBeUndefined();
  });

  it("takes no value for a key", () => {
    expect(read("1")).toBe("x");
    expect(read("2")).toBeUndefined();
  });

  it("takes a lone last item for no pair, and minds upper and lower case", () => {
    expect(read("lone")).toBeUndefined();
    expect(read("A")).toBeUndefined();
  });
});

describe("values of pings", () => {
  it.each([
    ["5", 5],
    ["0", 0],
    ["-1", -1],
    ["", undefined],
    ["5.5", undefined],
    ["five", undefined],
    ["1e3", undefined],
    ["99999999999999999999", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("reads the count %s", (value, count) => {
    expect(pings.readPingCount(value)).toBe(count);
  });

  it.each([
    ["fin:0", 0],
    ["fin:2", 2],
    ["finack", undefined],
    ["fin:", undefined],
    [null, undefined],
  ])("reads the shutdown mode of %s", (value, mode) => {
    expect(pings.readFinMode(value)).toBe(mode);
  });

  it.each([
    ["638:a;b", { updatedAt: 638n, tag: "a;b" }],
    ["9223372036854775807:a:b", { updatedAt: 9_223_372_036_854_775_807n, tag: "a:b" }],
    ["638:", { updatedAt: 638n, tag: "" }],
    ["", undefined],
    ["638", undefined],
    [":a", undefined],
    ["x:a", undefined],
    [null, undefined],
  ])("reads the servers tag %s", (value, tag) => {
    expect(pings.readServersTag(value)).toEqual(tag);
  });
});
