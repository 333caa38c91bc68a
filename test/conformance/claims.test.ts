import { describe, expect, test } from "vitest";
import { createAccessKeyTokens } from "../../src/auth/access-key.js";
import { buildTokenClaims, longClaimType, restoreUser, shortClaimType } from "../../src/auth/claims.js";
import { signToken, verifyToken } from "../../src/auth/jwt.js";
import { Secret } from "../../src/base/secret.js";
import type { AccessTokenAlgorithm, ServerStickyMode } from "../../src/config/options.js";
import { createEndpoint } from "../../src/config/service-endpoint.js";
import type { WireClaim } from "../../src/protocol/service/messages.js";
import { readSharedData } from "./shared-data.js";

interface ClaimCase {
  readonly name: string;
  readonly input: {
    readonly identity?: {
      readonly claims: readonly WireClaim[];
      readonly authenticationType?: string | null;
      readonly nameType?: string;
      readonly roleType?: string;
    };
    readonly claimsProvider?: readonly WireClaim[];
    readonly userId?: string;
    readonly serverName?: string;
    readonly stickyMode?: ServerStickyMode;
    readonly isDiagnosticClient?: boolean;
    readonly handshakeTimeout?: number;
    readonly endpointsCount?: number;
    readonly enableDetailedErrors?: boolean;
    readonly maxPollInterval?: number;
    readonly httpTransportType?: number;
    readonly closeOnAuthenticationExpiration?: boolean;
    readonly authenticationExpiresOnUnix?: number;
  };
  readonly jwtClaims: readonly WireClaim[];
  readonly restored: {
    readonly claims: readonly WireClaim[];
    readonly authenticationType: string | null;
    readonly nameType?: string;
    readonly roleType?: string;
    readonly userIdentifier?: string;
  };
}

interface JwtCase {
  readonly name: string;
  readonly key: string;
  readonly header: { readonly alg: AccessTokenAlgorithm; readonly typ: string; readonly kid?: string };
  readonly payload: Readonly<Record<string, string | number | readonly string[]>> & {
    readonly nbf: number;
    readonly exp: number;
    readonly aud: string;
    readonly iss?: string;
  };
  readonly token: string;
}

interface ClaimData {
  readonly cases: readonly ClaimCase[];
  readonly jwt: readonly JwtCase[];
  readonly outboundClaimTypeMap: Readonly<Record<string, string>>;
}

const NAME_TYPE = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const ROLE_TYPE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

const OWN: ClaimData = {
  cases: [
    {
      name: "long types leave as short ones",
      input: {
        identity: {
          claims: [
            [NAME_TYPE, "Ann"],
            [ROLE_TYPE, "admin"],
            ["role", "tester"],
          ],
          authenticationType: "Bearer",
        },
      },
      jwtClaims: [
        ["unique_name", "Ann"],
        ["role", "admin"],
        ["role", "tester"],
      ],
      restored: {
        claims: [
          ["unique_name", "Ann"],
          ["role", "admin"],
          ["role", "tester"],
        ],
        authenticationType: "Bearer",
        nameType: NAME_TYPE,
        roleType: ROLE_TYPE,
      },
    },
    {
      name: "a handshake timeout beyond what the service takes is not told",
      input: { handshakeTimeout: 31, userId: "u" },
      jwtClaims: [["asrs.s.uid", "u"]],
      restored: { claims: [], authenticationType: null, userIdentifier: "u" },
    },
  ],
  jwt: [
    {
      name: "a token made with node:crypto",
      key: "own-test-key",
      header: { alg: "HS256", typ: "JWT" },
      payload: {
        nameid: "srv",
        nbf: 1_700_000_000,
        exp: 1_700_003_600,
        iat: 1_700_000_000,
        aud: "http://h/api/hubs/chat",
      },
      token:
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYW1laWQiOiJzcnYiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMCwiaWF0IjoxNzAwMDAwMDAwLCJhdWQiOiJodHRwOi8vaC9hcGkvaHVicy9jaGF0In0.jDINmwj2RfqUkjkYyl25YawoXijkBKXgUtCFtQ0fu4g",
    },
  ],
  outboundClaimTypeMap: { [NAME_TYPE]: "unique_name", [ROLE_TYPE]: "role" },
};

const shared = readSharedData<ClaimData>("protocol/claims.json");
const sets = { own: OWN, ...(shared === undefined ? {} : { shared }) };
for (const [name, data] of Object.entries(sets)) {
  const types = Object.keys(data.outboundClaimTypeMap).length;
  console.log(`claims, ${name} set: ${data.cases.length} cases, ${data.jwt.length} tokens, ${types} claim types`);
}
if (shared === undefined) console.log("claims: shared test data is not here, only our own set ran");

describe.each(Object.entries(sets))("claims, %s set", (_name, data) => {
  test.each(data.cases)("$name", ({ input, jwtClaims, restored }) => {
    const built = buildTokenClaims({
      claims: input.claimsProvider ?? input.identity?.claims,
      userId: input.userId,
      serverName: input.serverName,
      stickyMode: input.stickyMode,
      isDiagnosticClient: input.isDiagnosticClient,
      handshakeTimeoutSeconds: input.handshakeTimeout,
      authenticationType: input.identity?.authenticationType,
      endpointsCount: input.endpointsCount,
      enableDetailedErrors: input.enableDetailedErrors,
      nameType: input.identity?.nameType,
      roleType: input.identity?.roleType,
      maxPollIntervalInSeconds: input.maxPollInterval,
      httpTransportType: input.httpTransportType,
      closeOnAuthenticationExpiration: input.closeOnAuthenticationExpiration,
      authenticationExpiresOn: input.authenticationExpiresOnUnix,
    });
    expect(built).toEqual(jwtClaims);
    const user = restoreUser(built);
    expect(user.claims).toEqual(restored.claims);
    expect(user.authenticationType).toBe(restored.authenticationType);
    expect(user.nameType).toBe(restored.nameType ?? NAME_TYPE);
    expect(user.roleType).toBe(restored.roleType ?? ROLE_TYPE);
    if (restored.userIdentifier !== undefined) expect(user.userIdentifier).toBe(restored.userIdentifier);
  });

  test.each(data.jwt)("signs and reads: $name", async ({ key, header, payload, token }) => {
    const { nbf, exp, iat: _iat, iss, aud, ...claims } = payload;
    const signed = await signToken({
      key: new Secret(key),
      algorithm: header.alg,
      keyId: header.kid,
      claims: Object.entries(claims).flatMap(([type, value]) =>
        [value].flat().map((item) => [type, String(item)] as const),
      ),
      audience: aud,
      issuer: iss,
      nowMs: nbf * 1000,
      lifetimeMs: (exp - nbf) * 1000,
    });
    expect(signed).toBe(token);
    const verified = await verifyToken(token, { keys: [new Secret(key)], nowMs: nbf * 1000 });
    expect(JSON.stringify(verified.payload)).toBe(JSON.stringify(payload));
  });

  test("knows every claim type by both of its names", () => {
    for (const [long, short] of Object.entries(data.outboundClaimTypeMap)) {
      expect(shortClaimType(long)).toBe(short);
      expect(longClaimType(short)).toBe(long);
    }
  });
});

test("the token source writes the tokens of the shared data byte for byte", async (context) => {
  const expected = Object.fromEntries((shared?.jwt ?? []).map((item) => [item.name, item]));
  const server = expected["server token with issuer (newest)"];
  const rest = expected["REST token"];
  if (server === undefined || rest === undefined) return context.skip("shared test data is not here");
  const clock = { now: () => 0, unixTime: () => server.payload.nbf * 1000, after: unused, every: unused };
  const source = (address: string, key: string) =>
    createAccessKeyTokens({
      endpoint: createEndpoint({ connectionString: `Endpoint=${address};AccessKey=${key}` }),
      serverName: String(server.payload["nameid"]),
      algorithm: "HS256",
      lifetimeMs: 3_600_000,
      keyId: "1234",
      clock,
    });
  expect(await source("https://myendpoint", server.key).serverToken("testhub")).toBe(server.token);
  expect(await source("http://localhost:8888", rest.key).restToken(`${rest.payload.aud}?api-version=2022-06-01`)).toBe(
    rest.token,
  );
});

function unused(): never {
  throw new Error("bug: signing needs no timer");
}
