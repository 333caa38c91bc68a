import { describe, expect, test } from "vitest";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { createAccessKeyTokens } from "../auth/access-key.js";
import { SignalRError, ThrottledError } from "../base/errors.js";
import { SERVICE_DEFAULTS, type ServiceSettings } from "../config/options.js";
import { createEndpoint } from "../config/service-endpoint.js";
import { handshakeTimeoutClaim, type NegotiableHub, type NegotiateInput, negotiate } from "./negotiate.js";

const KEY = "a-key-that-must-never-be-seen-anywhere-0123456789";
const SECRET = "hunter2-of-the-application";
const endpoint = createEndpoint({
  connectionString: `Endpoint=http://localhost;Port=8888;AccessKey=${KEY};Version=1.0;`,
});
const settings: ServiceSettings = { name: "signalr", ...SERVICE_DEFAULTS, endpoints: [endpoint], hub: {} };

interface Request {
  readonly user?: string;
}

function hubWith(changes: Partial<NegotiableHub> = {}): NegotiableHub {
  return {
    name: "chathub",
    serverName: "server-1",
    settings,
    handshakeTimeoutSeconds: undefined,
    enableDetailedErrors: false,
    negotiateEndpoint: () => endpoint,
    tokens: () =>
      createAccessKeyTokens({ endpoint, serverName: "server-1", algorithm: "HS256", lifetimeMs: 3_600_000 }),
    ...changes,
  };
}

function ask(changes: Partial<NegotiateInput<Request>> = {}, request: { method?: string; query?: string } = {}) {
  return negotiate<Request>({
    request: {
      method: "POST",
      path: "/chat/negotiate",
      originalPath: "/api/chat/negotiate",
      query: "negotiateVersion=1",
      headers: {},
      remoteAddress: "10.0.0.1",
      raw: {},
      ...request,
    },
    rules: {},
    identity: {},
    defaultClaims: () => undefined,
    hub: async () => hubWith(),
    probe: new RecordingProbe(),
    requestId: () => "id 1",
    ...changes,
  });
}

function claimsIn(body: string): Record<string, unknown> {
  const { accessToken } = JSON.parse(body) as { accessToken: string };
  const payload = Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString();
  const { nbf, exp, iat, iss, aud, ...claims } = JSON.parse(payload) as Record<string, unknown>;
  expect([typeof nbf, typeof exp, typeof iat, iss, aud]).toEqual([
    "number",
    "number",
    "number",
    "azure-signalr",
    "http://localhost/client/?hub=chathub",
  ]);
  return claims;
}

test("what the application says of a client is in its token, in the service's order", async () => {
  const seen: unknown[] = [];
  const terms: NonNullable<NegotiateInput<Request>["terms"]> = {
    diagnosticClientFilter: (req) => seen.push(req) > 0,
    transportTypeDetector: async () => ["WebSockets", "LongPolling"],
  };
  const { body } = await ask({ terms });
  expect(Object.entries(claimsIn(body))).toEqual([
    ["asrs.s.dc", "true"],
    ["asrs.s.htt", "5"],
  ]);
  expect(seen).toEqual([{}]);
});

test("transports that do not exist are an error of the server, and cost a client without access nothing", async () => {
  let asked = 0;
  const terms = {
    transportTypeDetector: () => {
      asked += 1;
      return ["Pigeon"] as never;
    },
  };
  const refused = await ask({ terms, rules: { authorize: () => false } });
  expect([refused.status, asked]).toEqual([401, 0]);
  const answer = await ask({ terms });
  expect([answer.status, answer.headers["x-signalr-error"]]).toEqual([500, "CONFIG_INVALID"]);
});

describe("a client that may connect", () => {
  test("is sent to the service: members in the official order, nothing cached", async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(headers).toEqual({
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
      "Cache-Control": "no-store",
    });
    const answer = JSON.parse(body) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(["negotiateVersion", "url", "accessToken", "availableTransports"]);
    expect(answer).toMatchObject({
      negotiateVersion: 0,
      url: "http://localhost:8888/client/?hub=chathub&asrs.op=%2Fapi%2Fchat&negotiateVersion=1&asrs_request_id=id+1",
      availableTransports: [],
    });
    expect(claimsIn(body)).toEqual({});
  });

  test.each(["", "negotiateVersion=0", "negotiateVersion=7"])(
    "gets the same answer for the query %j",
    async (query) => {
      const answer = await ask({}, { query });
      expect(JSON.parse(answer.body)).toMatchObject({ negotiateVersion: 0, availableTransports: [] });
    },
  );

  test("keeps its query byte for byte: order, repeats and encoding", async () => {
    const query = "b=%7E&a=1&a=2&access_token=x&empty&hub=evil&c=d+e";
    const answer = await ask({}, { query });
    expect(JSON.parse(answer.body).url).toContain(
      `/client/?hub=chathub&asrs.op=%2Fapi%2Fchat&${query}&asrs_request_id=`,
    );
  });

  test("carries user id and claims, reserved ones hidden", async () => {
    const identity = { claimsProvider: () => ({ sub: "ann", role: ["a", "b"], exp: 1 }), userIdProvider: () => "ann!" };
    expect(claimsIn((await ask({ identity })).body)).toEqual({
      "asrs.s.uid": "ann!",
      sub: "ann",
      role: ["a", "b"],
      "asrs.u.exp": "1",
    });
  });

  test("carries what the settings and the hub ask for", async () => {
    const hub = hubWith({
      settings: {
        ...settings,
        serverStickyMode: "Required",
        endpoints: [endpoint, endpoint],
        maxPollIntervalInSeconds: 7,
      },
      handshakeTimeoutSeconds: 20,
      enableDetailedErrors: true,
    });
    expect(claimsIn((await ask({ hub: async () => hub })).body)).toEqual({
      "asrs.s.sn": "server-1",
      "asrs.s.ssticky": "Required",
      "asrs.s.cht": "20",
      "asrs.s.secn": "2",
      "asrs.s.derror": "True",
      "asrs.s.ttl": "7",
    });
  });

  test("is told to leave when its claims expire, only where the path says so and an expiry is known", async () => {
    const rules = { closeOnAuthenticationExpiration: true };
    const expiring = { defaultClaims: () => ({ sub: "ann", exp: 2_000_000_000 }) };
    expect(claimsIn((await ask({ rules, ...expiring })).body)).toMatchObject({
      "asrs.s.coae": "true",
      "asrs.s.aeo": "2000000000",
    });
    expect(claimsIn((await ask(expiring)).body)).not.toHaveProperty(["asrs.s.coae"]);
    expect(claimsIn((await ask({ rules, defaultClaims: () => ({ sub: "ann" }) })).body)).not.toHaveProperty([
      "asrs.s.coae",
    ]);
  });
});

describe("authorize", () => {
  test.each([true, Promise.resolve(true)])("%s lets the client pass", async (verdict) => {
    expect((await ask({ rules: { authorize: () => verdict } })).status).toBe(200);
  });

  test.each([false, Promise.resolve(false), undefined])(
    "%s refuses a client without claims with 401",
    async (verdict) => {
      const answer = await ask({ rules: { authorize: () => verdict as boolean } });
      expect(answer).toEqual({
        status: 401,
        headers: { "Content-Length": "0", "Cache-Control": "no-store", "x-signalr-error": "UNAUTHORIZED" },
        body: "",
      });
    },
  );

  test("false refuses a client with claims with 403", async () => {
    const answer = await ask({ rules: { authorize: () => false }, defaultClaims: () => ({ sub: "ann" }) });
    expect(answer).toMatchObject({ status: 403, body: "", headers: { "x-signalr-error": "FORBIDDEN" } });
  });

  test("false is 401 when claimsProvider cannot cope with strangers", async () => {
    const identity = {
      claimsProvider: () => {
        throw new Error("no user");
      },
    };
    expect((await ask({ rules: { authorize: () => false }, identity })).status).toBe(401);
  });

  test("is asked before anything else: a refused client does not start or wait for the hub", async () => {
    let asked = false;
    const hub = async () => {
      asked = true;
      return hubWith();
    };
    await ask({ rules: { authorize: () => false }, hub });
    expect(asked).toBe(false);
  });
});

describe("a negotiate that cannot be answered", () => {
  test.each(["GET", "HEAD", "PUT", "DELETE"])("is 405 for %s", async (method) => {
    const answer = await ask({}, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers).toMatchObject({ Allow: "POST", "x-signalr-error": "METHOD_NOT_ALLOWED" });
  });

  test("is 503 with the official text while no server connection is open", async () => {
    const answer = await ask({ hub: async () => hubWith({ negotiateEndpoint: () => undefined }) });
    expect(answer).toMatchObject({
      status: 503,
      body: "Azure SignalR Service is not connected yet, please try again later.",
      headers: {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "x-signalr-error": "NOT_CONNECTED",
      },
    });
    expect(Number(answer.headers["Retry-After"])).toBeGreaterThan(0);
  });

  test("is 500 with a code of its own when the router chose no endpoint, and 500 for what it throws", async () => {
    const fails = (error: Error) =>
      ask({ hub: async () => hubWith({ negotiateEndpoint: () => Promise.reject(error) }) });
    expect(await fails(new SignalRError("NO_ENDPOINT_ROUTED", "of hub chat"))).toMatchObject({
      status: 500,
      body: "Unable to get the negotiate endpoint",
      headers: { "x-signalr-error": "NO_ENDPOINT_ROUTED" },
    });
    expect(await fails(new Error("hidden"))).toMatchObject({
      status: 500,
      body: "Negotiate failed; the server's log has the reason.",
      headers: { "x-signalr-error": "NEGOTIATE_FAILED" },
    });
  });

  test("is 429 with the service's Retry-After when the service has too many requests, whatever that became meanwhile", async () => {
    const cause = new ThrottledError("GET https://demo was answered with 429.", 30);
    const error = new SignalRError("TOKEN_NOT_AUTHORIZED", "no key", { cause });
    const answer = await ask({ hub: () => Promise.reject(error) });
    expect(answer).toMatchObject({ status: 429, headers: { "Retry-After": "30", "x-signalr-error": "THROTTLED" } });
    expect(answer.body).not.toContain("demo");
  });

  test("is 413 for a token beyond 4,096 characters, naming claimsProvider", async () => {
    const answer = await ask({ identity: { claimsProvider: () => ({ much: "x".repeat(4000) }) } });
    expect(answer).toMatchObject({ status: 413, headers: { "x-signalr-error": "TOKEN_TOO_LONG" } });
    expect(answer.body).toContain("AccessToken must not be longer than 4K.");
    expect(answer.body).toContain("claimsProvider");
  });

  const fail = (): never => {
    throw new Error(`database password ${SECRET}`);
  };
  const reject = async (): Promise<never> => fail();

  test.each<[string, Partial<NegotiateInput<Request>>, string]>([
    ["authorize throws", { rules: { authorize: fail } }, "NEGOTIATE_FAILED"],
    ["authorize rejects", { rules: { authorize: reject } }, "NEGOTIATE_FAILED"],
    ["claimsProvider throws", { identity: { claimsProvider: fail } }, "NEGOTIATE_FAILED"],
    ["claimsProvider rejects", { identity: { claimsProvider: reject } }, "NEGOTIATE_FAILED"],
    ["userIdProvider throws", { identity: { userIdProvider: fail } }, "NEGOTIATE_FAILED"],
    ["userIdProvider rejects", { identity: { userIdProvider: reject } }, "NEGOTIATE_FAILED"],
    ["userIdProvider returns no text", { identity: { userIdProvider: () => 1 as never } }, "CLAIMS_INVALID"],
    ["claimsProvider returns no claims", { identity: { claimsProvider: () => SECRET as never } }, "CLAIMS_INVALID"],
    [
      "something that is no error is thrown",
      { rules: { authorize: () => Promise.reject(SECRET) } },
      "NEGOTIATE_FAILED",
    ],
    [
      "the settings are wrong",
      { hub: () => Promise.reject(new SignalRError("CONFIG_INVALID", `key ${SECRET}`)) },
      "CONFIG_INVALID",
    ],
  ])("is 500 without details when %s", async (_name, changes, code) => {
    const probe = new RecordingProbe();
    const answer = await ask({ ...changes, probe });
    expect(answer.status).toBe(500);
    expect(answer.headers).toMatchObject({
      "x-signalr-error": code,
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": String(Buffer.byteLength(answer.body)),
      "Cache-Control": "no-store",
    });
    expect(answer.body).not.toBe("");
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(JSON.stringify(answer)).not.toContain("at ");
    // The operator gets what the client does not.
    expect(probe.records).toEqual([
      expect.objectContaining({ level: "error", event: "NegotiateFailed", error: expect.anything() }),
    ]);
  });

  test("never shows the access key, whatever happens", async () => {
    const bodies = await Promise.all([
      ask(),
      ask({ hub: async () => hubWith({ negotiateEndpoint: () => undefined }) }),
      ask({ identity: { claimsProvider: () => ({ much: "x".repeat(4000) }) } }),
    ]);
    for (const answer of bodies) expect(JSON.stringify(answer)).not.toContain(KEY);
  });
});

describe("the handshake timeout in the token", () => {
  test.each([
    [15_000, undefined, undefined],
    [15_900, undefined, undefined],
    [1_000, 1, "SucceedToSetCustomHandshakeTimeout"],
    [20_500, 20, "SucceedToSetCustomHandshakeTimeout"],
    [30_000, 30, "SucceedToSetCustomHandshakeTimeout"],
    [999, undefined, "FailToSetCustomHandshakeTimeout"],
    [31_000, undefined, "FailToSetCustomHandshakeTimeout"],
  ])("of %d ms is %s", (timeoutMs, seconds, event) => {
    const log = new RecordingProbe();
    expect(handshakeTimeoutClaim(timeoutMs, "chathub", log)).toBe(seconds);
    expect(log.events()).toEqual(event === undefined ? [] : [event]);
  });
});
