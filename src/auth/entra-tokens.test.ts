import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { SignalRError } from "../base/errors.js";
import { Secret } from "../base/secret.js";
import { createEndpoint } from "../config/service-endpoint.js";
import type { AccessKeyResponse } from "../protocol/service/messages.js";
import { createEntraTokens } from "./entra-tokens.js";
import { verifyToken } from "./jwt.js";
import type { KeyLease } from "./key-lease.js";

const MINUTE = 60_000;
const ENDPOINT = createEndpoint({ endpoint: "https://demo.example" });
const KEY = "a-key-of-the-service-that-nobody-may-see";

const leaseNamed = (keyId: string, key = KEY): KeyLease => ({ keyId, accessKey: new Secret(key) });
const refused = (why = "role missing") => new SignalRError("REST_FAILED", why);

function response(given: Partial<AccessKeyResponse>): AccessKeyResponse {
  return { kind: "accessKeyResponse", kid: null, accessKey: null, errorType: null, errorMessage: null, ...given };
}

/** A source whose leases the test hands out: what it throws is a refusal. */
function source(lease: (count: number, signal: AbortSignal) => KeyLease | Promise<KeyLease>) {
  const clock = new ManualClock();
  const probe = new RecordingProbe();
  /** Times at which the service was asked. */
  const asked: number[] = [];
  const tokens = createEntraTokens({
    endpoint: ENDPOINT,
    identity: { get: async () => "identity-token" },
    fetchLease: async (token, signal) => {
      expect(token).toBe("identity-token");
      asked.push(clock.now());
      return lease(asked.length, signal);
    },
    algorithm: "HS256",
    lifetimeMs: 60 * MINUTE,
    clock,
    probe,
  });
  /** Moves the time in steps, so that promises in between get their turn. */
  const pass = async (milliseconds: number, step = 1000): Promise<void> => {
    await turns();
    for (let passed = 0; passed < milliseconds; passed += step) {
      clock.advance(step);
      await turns();
    }
  };
  const header = async (): Promise<{ alg: string; kid: string }> => {
    const token = await tokens.clientToken("chat", []);
    return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8"));
  };
  return { clock, probe, asked, tokens, pass, kid: async () => (await header()).kid };
}

const throwing = (error: Error): (() => never) => {
  return () => {
    throw error;
  };
};

describe("tokens of an identity", () => {
  test("for servers and REST are the identity's own", async () => {
    const { tokens } = source(() => leaseNamed("k1"));
    expect(await tokens.serverToken("chat")).toBe("identity-token");
    expect(await tokens.restToken("https://demo.example/api")).toBe("identity-token");
  });

  test("for clients are signed with the lent key, and name it", async () => {
    const { tokens, clock, kid } = source(() => leaseNamed("k1"));
    tokens.start();
    const token = await tokens.clientToken("chat", [["nameid", "ann"]]);
    const verified = await verifyToken(token, { keys: [new Secret(KEY)], nowMs: clock.unixTime() });
    expect(verified.payload).toMatchObject({ nameid: "ann", iss: "azure-signalr" });
    expect(verified.audiences).toEqual(["https://demo.example/client/?hub=chat"]);
    expect(await kid()).toBe("k1");
    tokens.stop();
  });

  test("for clients have their limit too", async () => {
    const { tokens } = source(() => leaseNamed("k1"));
    tokens.start();
    const long = tokens.clientToken("chat", [["x", "y".repeat(4096)]]);
    await expect(long).rejects.toMatchObject({ code: "TOKEN_TOO_LONG" });
    tokens.stop();
  });

  test("wait for the first key", async () => {
    let give: (lease: KeyLease) => void = () => {};
    const { tokens } = source(
      () =>
        new Promise<KeyLease>((resolve) => {
          give = resolve;
        }),
    );
    tokens.start();
    let isSigned = false;
    const token = tokens.clientToken("chat", []).then(() => {
      isSigned = true;
    });
    await turns();
    expect(isSigned).toBe(false);
    give(leaseNamed("k1"));
    await token;
    tokens.stop();
  });
});

describe("the lent key", () => {
  test("is asked for three times, 3 seconds apart, before clients are refused", async () => {
    const { tokens, asked, pass, probe } = source(throwing(refused()));
    tokens.start();
    const token = tokens.clientToken("chat", []);
    token.catch(() => {});
    await pass(6000);
    await expect(token).rejects.toMatchObject({
      code: "TOKEN_NOT_AUTHORIZED",
      message: expect.stringContaining("role missing"),
      cause: { code: "REST_FAILED" },
    });
    expect(asked).toEqual([0, 3000, 6000]);
    expect(probe.of("FailedAuthorizeAccessKey")).toMatchObject([{ level: "warn" }]);
    tokens.stop();
  });

  test("is asked for again five minutes after a refusal, told once, and told when it is granted", async () => {
    const { tokens, asked, pass, probe, kid } = source((count) => {
      if (count <= 6) throw refused();
      return leaseNamed("k7");
    });
    tokens.start();
    await pass(5 * MINUTE - 1000);
    expect(asked).toHaveLength(3);
    await expect(tokens.clientToken("chat", [])).rejects.toMatchObject({ code: "TOKEN_NOT_AUTHORIZED" });
    await pass(1000);
    expect(asked).toHaveLength(4);
    await pass(10_000);
    expect(probe.of("FailedAuthorizeAccessKey").map(({ level }) => level)).toEqual(["warn", "debug"]);
    await pass(5 * MINUTE);
    expect(await kid()).toBe("k7");
    expect(probe.of("SucceedAuthorizeAccessKey").map(({ level }) => level)).toEqual(["info"]);
    tokens.stop();
  });

  test("is told again when the reason is another one", async () => {
    const { tokens, pass, probe } = source((count) => throwing(refused(count <= 3 ? "one" : "other"))());
    tokens.start();
    await pass(6 * MINUTE);
    expect(probe.of("FailedAuthorizeAccessKey").map(({ level }) => level)).toEqual(["warn", "warn"]);
    tokens.stop();
  });

  test("is renewed after 55 minutes", async () => {
    const { tokens, asked, pass, kid } = source((count) => leaseNamed(`k${count}`));
    tokens.start();
    await pass(55 * MINUTE - 1000, MINUTE / 2);
    await pass(0);
    expect(asked.length).toBe(2);
    expect(asked[1]).toBe(55 * MINUTE);
    expect(await kid()).toBe("k2");
    tokens.stop();
  });

  test("outlives renewals that fail, for two hours in all, and is asked for every five minutes", async () => {
    const { tokens, asked, pass, kid } = source((count) => {
      if (count > 1) throw refused("out of reach");
      return leaseNamed("k1");
    });
    tokens.start();
    await pass(119 * MINUTE);
    expect(await kid()).toBe("k1");
    const rounds = asked.slice(1).filter((_, index) => index % 3 === 0);
    expect(rounds.slice(0, 3)).toEqual([55 * MINUTE, 60 * MINUTE, 65 * MINUTE]);
    await pass(MINUTE);
    await expect(tokens.clientToken("chat", [])).rejects.toThrow(/out of reach/);
    tokens.stop();
  });

  test("may come over a server connection, also while the first request is under way", async () => {
    const { tokens, kid } = source(() => new Promise<KeyLease>(() => {}));
    tokens.start();
    expect((await tokens.keyExchange.request()).keyId).toBeNull();
    tokens.keyExchange.take(response({ kid: "socket", accessKey: KEY }));
    expect(await kid()).toBe("socket");
    expect(await tokens.keyExchange.request()).toEqual({ token: "identity-token", keyId: "socket" });
    tokens.stop();
  });

  test("that came over a server connection puts the next request off", async () => {
    const { tokens, asked, pass } = source(() => leaseNamed("k1"));
    tokens.start();
    await pass(50 * MINUTE, MINUTE);
    tokens.keyExchange.take(response({ kid: "socket", accessKey: KEY, errorType: "" }));
    await pass(54 * MINUTE, MINUTE);
    expect(asked).toHaveLength(1);
    await pass(MINUTE, MINUTE);
    expect(asked).toHaveLength(2);
    tokens.stop();
  });

  test.each([
    [{ errorType: "Forbidden", errorMessage: "no role" }, /lends no key .*: Forbidden: no role/],
    [{ errorType: "Forbidden", kid: "k2", accessKey: KEY }, /Forbidden/],
    [{ kid: "k2" }, /no usable key/],
    [{ accessKey: KEY }, /no usable key/],
    [{ kid: "", accessKey: KEY }, /no usable key/],
  ])("stays when a server connection is answered with %o", async (given, words) => {
    const { tokens, kid, pass } = source(() => leaseNamed("k1"));
    tokens.start();
    await pass(0);
    expect(() => tokens.keyExchange.take(response(given))).toThrow(words);
    expect(await kid()).toBe("k1");
    tokens.stop();
  });

  test("is given up by a stop: no timer, no request, nobody waits", async () => {
    let signal: AbortSignal | undefined;
    const { tokens, clock, asked, pass, probe } = source((_count, own) => {
      signal = own;
      return new Promise<KeyLease>(() => {});
    });
    tokens.start();
    const token = tokens.clientToken("chat", []);
    await turns();
    tokens.stop();
    await expect(token).rejects.toMatchObject({ code: "STOPPED" });
    expect(signal?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    tokens.start();
    tokens.keyExchange.take(response({ kid: "late", accessKey: KEY }));
    await pass(10 * MINUTE, MINUTE);
    expect(asked).toHaveLength(1);
    expect(probe.records).toEqual([]);
    await expect(tokens.clientToken("chat", [])).rejects.toMatchObject({ code: "STOPPED" });
  });

  test("that the service is too slow to lend is given up after 100 seconds a try", async () => {
    const { tokens, pass, asked } = source(() => new Promise<KeyLease>(() => {}));
    tokens.start();
    const token = tokens.clientToken("chat", []);
    token.catch(() => {});
    await pass(306_000);
    await expect(token).rejects.toThrow(/no answer within 100 s/);
    expect(asked).toEqual([0, 103_000, 206_000]);
    tokens.stop();
  });

  test("is in no record and no printed source", async () => {
    const { tokens, probe, pass } = source(() => leaseNamed("k1"));
    tokens.start();
    await pass(60 * MINUTE, MINUTE);
    expect(probe.records.length).toBeGreaterThan(1);
    expect(inspect([probe.records, tokens], { depth: 9, showHidden: true })).not.toMatch(
      /nobody-may-see|identity-token/,
    );
    tokens.stop();
  });
});
