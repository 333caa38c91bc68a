import { describe, expect, test } from "vitest";
import { claimsOf, expiryOf, userIdOf, verifiedTokenClaims } from "./identity.js";

const noDefault = () => undefined;

describe("claims of a request", () => {
  test("come from claimsProvider, a record whose arrays repeat", async () => {
    const claims = await claimsOf(
      "req",
      { claimsProvider: (req) => ({ from: req, role: ["a", "b"], level: 3 }) },
      noDefault,
    );
    expect(claims).toEqual([
      ["from", "req"],
      ["role", "a"],
      ["role", "b"],
      ["level", "3"],
    ]);
  });

  test("come from an async claimsProvider, as a list in its order", async () => {
    const list = [
      { type: "role", value: "a" },
      { type: "sub", value: "ann" },
      { type: "role", value: "a" },
    ];
    expect(await claimsOf({}, { claimsProvider: async () => list }, noDefault)).toEqual([
      ["role", "a"],
      ["sub", "ann"],
      ["role", "a"],
    ]);
  });

  test.each([undefined, null, {}, []])("%j is an anonymous user", async (given) => {
    expect(await claimsOf({}, { claimsProvider: () => given }, () => ({ sub: "default" }))).toEqual([]);
  });

  test("come from the middleware of the framework when there is no claimsProvider", async () => {
    expect(await claimsOf({}, {}, () => ({ sub: "ann" }))).toEqual([["sub", "ann"]]);
  });

  test("of a wrong shape are refused", async () => {
    const options = { claimsProvider: () => "ann" as never };
    await expect(claimsOf({}, options, noDefault)).rejects.toMatchObject({ code: "CLAIMS_INVALID" });
  });
});

describe("claims that JWT middleware has verified", () => {
  test("are the payload of express-oauth2-jwt-bearer, without header and token", () => {
    const auth = { header: { alg: "RS256" }, payload: { sub: "ann" }, token: "raw.token.text" };
    expect(verifiedTokenClaims(auth)).toEqual({ sub: "ann" });
  });

  test("are req.auth itself with express-jwt", () => {
    expect(verifiedTokenClaims({ sub: "ann", role: ["a"] })).toEqual({ sub: "ann", role: ["a"] });
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "ann"],
    ["a list", ["ann"]],
    ["a text payload", { payload: "ann" }],
    ["basic authentication", { user: "ann", password: "secret" }],
    ["a raw token", { token: "raw.token.text", userId: "ann" }],
    ["a session helper", { userId: "ann", getToken: () => "secret" }],
    ["a function", () => ({ userId: "ann" })],
  ])("are none in %s", (_name, auth) => {
    expect(verifiedTokenClaims(auth)).toBeUndefined();
  });
});

describe("the user id", () => {
  const long = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

  test.each([
    [
      "nameid before sub",
      [
        ["sub", "s"],
        ["nameid", "n"],
      ],
      "n",
    ],
    [
      "the long name of nameid",
      [
        ["sub", "s"],
        [long, "n"],
      ],
      "n",
    ],
    [
      "sub without nameid",
      [
        ["role", "a"],
        ["sub", "s"],
      ],
      "s",
    ],
    ["none without both", [["role", "a"]], undefined],
  ] as const)("is by default %s", async (_name, claims, expected) => {
    expect(await userIdOf({}, claims, {})).toBe(expected);
  });

  test("comes from userIdProvider, which sees request and claims", async () => {
    const options = {
      userIdProvider: async (req: string, claims: readonly { type: string; value: string }[]) =>
        `${req}:${claims.map(({ type, value }) => `${type}=${value}`).join()}`,
    };
    expect(await userIdOf("req", [["sub", "ann"]], options)).toBe("req:sub=ann");
  });

  test("may be the empty text", async () => {
    expect(await userIdOf({}, [["sub", "ann"]], { userIdProvider: () => "" })).toBe("");
  });

  test.each([undefined, null])("is none when userIdProvider returns %s, whatever the claims", async (given) => {
    expect(await userIdOf({}, [["sub", "ann"]], { userIdProvider: () => given })).toBeUndefined();
  });

  test("of another type is refused, without showing it", async () => {
    const asked = userIdOf({}, [], { userIdProvider: () => 4711 as never });
    await expect(asked).rejects.toThrow("userIdProvider must return a string, null or undefined; got number.");
  });
});

test.each([
  ["1700000000", 1_700_000_000],
  ["1700000000.9", 1_700_000_000],
  ["soon", undefined],
  ["-1", undefined],
  ["", undefined],
])("exp %j ends at %s", (value, expected) => {
  expect(expiryOf([["exp", value]])).toBe(expected);
});
