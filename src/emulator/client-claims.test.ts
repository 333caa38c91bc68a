import { describe, expect, test } from "vitest";
import type { WireClaim } from "../protocol/service/messages.js";
import { readTerms } from "./client-claims.js";

const terms = (...claims: WireClaim[]) => readTerms(claims, 15_000);

describe("who the user is", () => {
  const NAME_IDENTIFIER = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

  test("is said by asrs.s.uid, else nameid under either name, else sub", () => {
    expect(terms(["sub", "s"], ["nameid", "n"], ["asrs.s.uid", "u"]).userId).toBe("u");
    expect(terms(["sub", "s"], ["nameid", "n"]).userId).toBe("n");
    expect(terms(["sub", "s"], [NAME_IDENTIFIER, "long"]).userId).toBe("long");
    expect(terms(["sub", "s"]).userId).toBe("s");
    expect(terms(["role", "r"]).userId).toBeUndefined();
  });

  test("may be the empty text", () => {
    expect(terms(["asrs.s.uid", ""], ["nameid", "n"]).userId).toBe("");
  });
});

describe("system claims", () => {
  test("ask for a server", () => {
    expect(terms().sticky).toBeUndefined();
    expect(terms(["asrs.s.sn", "a"], ["asrs.s.ssticky", "Required"]).sticky).toEqual({
      serverId: "a",
      isRequired: true,
    });
    expect(terms(["asrs.s.sn", "a"], ["asrs.s.ssticky", "Preferred"]).sticky).toEqual({
      serverId: "a",
      isRequired: false,
    });
  });

  test("set the handshake's limit between 1 and 30 seconds", () => {
    const limit = (seconds: string) => terms(["asrs.s.cht", seconds]).handshakeTimeoutMs;
    expect([limit("1"), limit("30"), limit("31"), limit("0"), limit("soon")]).toEqual([
      1000, 30_000, 15_000, 15_000, 15_000,
    ]);
  });

  test("name the end of the authentication only in pairs", () => {
    expect(terms(["asrs.s.coae", "true"], ["asrs.s.aeo", "100"]).closesAtMs).toBe(100_000);
    expect(terms(["asrs.s.coae", "true"]).closesAtMs).toBeUndefined();
    expect(terms(["asrs.s.aeo", "100"]).closesAtMs).toBeUndefined();
  });

  test("allow or forbid transports", () => {
    const allowed = (mask: string) => terms(["asrs.s.htt", mask]).transports;
    const all = ["WebSockets", "ServerSentEvents", "LongPolling"];
    expect([allowed("7"), allowed("none"), terms().transports]).toEqual([all, all, all]);
    expect(["1", "2", "4", "5", "0"].map(allowed)).toEqual([
      ["WebSockets"],
      ["ServerSentEvents"],
      ["LongPolling"],
      ["WebSockets", "LongPolling"],
      [],
    ]);
  });

  test("say how long a client may pause between two polls", () => {
    const pause = (seconds: string) => terms(["asrs.s.ttl", seconds]).pollPauseMs;
    expect([terms().pollPauseMs, pause("1"), pause("300"), pause("301"), pause("0"), pause("x")]).toEqual([
      5000, 1000, 300_000, 5000, 5000, 5000,
    ]);
  });
});
