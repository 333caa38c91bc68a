import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.js";
import { signToken, type TokenInput, verifyToken } from "./jwt.js";

const NOW_MS = 1_700_000_000_000;
const KEY = new Secret("the-primary-key");

function signed(changes: Partial<TokenInput> = {}): Promise<string> {
  return signToken({
    key: KEY,
    algorithm: "HS256",
    claims: [["nameid", "srv"]],
    audience: "http://host/client/?hub=chat",
    nowMs: NOW_MS,
    lifetimeMs: 60_000,
    ...changes,
  });
}

function handMade(header: object, payload: string, key = KEY.reveal()): string {
  const head = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

const payloadTextOf = (token: string): string => Buffer.from(token.split(".")[1] ?? "", "base64url").toString();

describe("signing", () => {
  test("keeps the order of claims, even of types that look like numbers", async () => {
    const token = await signed({
      claims: [
        ["z", "1"],
        ["10", "a"],
        ["2", "b"],
        ["__proto__", "c"],
      ],
    });
    expect(payloadTextOf(token)).toMatch(/^\{"z":"1","10":"a","2":"b","__proto__":"c","nbf":/);
  });

  test("gathers repeated types in an array at the place of the first", async () => {
    const token = await signed({
      claims: [
        ["role", "a"],
        ["name", "n"],
        ["role", "b"],
      ],
    });
    expect(payloadTextOf(token)).toMatch(/^\{"role":\["a","b"\],"name":"n",/);
  });

  test("lets no claim replace the times, and keeps a claim aud beside ours", async () => {
    const token = await signed({
      claims: [
        ["exp", "9999999999"],
        ["aud", "mine"],
      ],
    });
    expect(payloadTextOf(token)).toBe(
      '{"nbf":1700000000,"exp":1700000060,"iat":1700000000,"aud":["mine","http://host/client/?hub=chat"]}',
    );
  });

  test("writes whole seconds", async () => {
    const token = await signed({ nowMs: NOW_MS + 999, lifetimeMs: 1500 });
    expect(payloadTextOf(token)).toContain('"nbf":1700000000,"exp":1700000001');
  });
});

describe("verifying", () => {
  const verify = (token: string, nowMs = NOW_MS, keys = [KEY]) => verifyToken(token, { keys, nowMs });

  test("hands over claims in order, flattened, and the audiences", async () => {
    const token = await signed({
      claims: [
        ["role", "a"],
        ["role", "b"],
        ["n", "é"],
      ],
    });
    const verified = await verify(token);
    expect(verified.algorithm).toBe("HS256");
    expect(verified.claims.slice(0, 3)).toEqual([
      ["role", "a"],
      ["role", "b"],
      ["n", "é"],
    ]);
    expect(verified.claims).toContainEqual(["nbf", "1700000000"]);
    expect(verified.audiences).toEqual(["http://host/client/?hub=chat"]);
    expect(verified.expiresAtMs).toBe(NOW_MS + 60_000);
  });

  test("writes values that are no text as text", async () => {
    const payload = '{"exp":1700000060,"a":true,"b":1.5,"c":{"d":[1]},"e":null,"f":[1,"x",[2]]}';
    const verified = await verify(handMade({ alg: "HS256" }, payload));
    expect(verified.claims.slice(1)).toEqual([
      ["a", "true"],
      ["b", "1.5"],
      ["c", '{"d":[1]}'],
      ["e", ""],
      ["f", "1"],
      ["f", "x"],
      ["f", "[2]"],
    ]);
  });

  test("takes any of several keys, in both algorithms", async () => {
    const keys = [new Secret("old"), KEY];
    expect((await verify(await signed({ algorithm: "HS512" }), NOW_MS, keys)).algorithm).toBe("HS512");
    await expect(verify(await signed({ key: new Secret("third") }), NOW_MS, keys)).rejects.toThrow(
      /another access key/,
    );
    await expect(verify(await signed(), NOW_MS, [])).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("refuses a changed payload", async () => {
    const [header, , signature] = (await signed()).split(".");
    const forged = Buffer.from('{"exp":9999999999,"asrs.s.uid":"admin"}').toString("base64url");
    await expect(verify(`${header}.${forged}.${signature}`)).rejects.toThrow(/signature does not fit/);
  });

  test.each([
    ["none", ""],
    ["None", ""],
    ["HS384", "x"],
    ["RS256", "x"],
  ])("refuses algorithm %s", async (alg, signature) => {
    const [, payload] = (await signed()).split(".");
    const header = Buffer.from(JSON.stringify({ alg, typ: "JWT" })).toString("base64url");
    await expect(verify(`${header}.${payload}.${signature}`)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("knows past and future, with a little tolerance", async () => {
    const token = await signed();
    await expect(verify(token, NOW_MS + 64_999)).resolves.toBeDefined();
    await expect(verify(token, NOW_MS + 65_000)).rejects.toThrow(/expired/);
    await expect(verify(token, NOW_MS - 5000)).resolves.toBeDefined();
    await expect(verify(token, NOW_MS - 5001)).rejects.toThrow(/not valid yet/);
  });

  test.each([
    ["no exp", "{}", /no expiry/],
    ["exp as text", '{"exp":"1700000060"}', /no expiry/],
    ["an endless exp", '{"exp":1e999}', /no expiry/],
    ["nbf as text", '{"exp":1700000060,"nbf":"1"}', /nbf/],
    ["an array", "[]", /not a JSON object/],
    ["no JSON", "secret-text", /not JSON/],
    ["an empty text", "", /not JSON/],
  ])("refuses a payload with %s", async (_name, payload, reason) => {
    const error = await verify(handMade({ alg: "HS256" }, payload)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TOKEN_INVALID", message: expect.stringMatching(reason) as string });
    expect(String(error)).not.toContain("secret-text");
  });

  test.each(["", ".", "..", "a.b.c", "a.b", "a.b.c.d", "é.é.é", "x".repeat(20_000)])(
    "refuses what is no token at all",
    async (token) => {
      await expect(verify(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    },
  );
});
