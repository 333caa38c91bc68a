import cors from "@fastify/cors";
import jwt from "@fastify/jwt";
import Fastify, { type FastifyInstance, type FastifyServerOptions, type LightMyRequestResponse } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { turns } from "../../test/support/polling.js";
import { Hub } from "../hub/hub.js";
import { addNamedAzureSignalR, type FastifySignalROptions, signalrOf } from "./index.js";

class ChatHub extends Hub<{ messageReceived(user: string, text: string): void }> {}
class RoomHub extends Hub {}

const KEY = "a-key-that-must-never-be-seen-anywhere-0123456789";
const connectionString = `Endpoint=http://localhost;Port=9;AccessKey=${KEY};Version=1.0;`;
const apps: FastifyInstance[] = [];

/** Only negotiates, so that no test needs a service at the other end. */
const service = (options: FastifySignalROptions = {}) =>
  addNamedAzureSignalR("signalr", { connectionString, connectionCount: 0, configuration: { values: {} }, ...options });

function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  const app = Fastify(options) as FastifyInstance;
  apps.push(app);
  return app;
}

async function appWith(options: FastifySignalROptions = {}, server: FastifyServerOptions = {}) {
  const app = createApp(server);
  await app.register(service(options));
  return app;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const negotiate = (app: FastifyInstance, url = "/chat/negotiate", headers: Record<string, string> = {}) =>
  app.inject({ method: "POST", url, headers });

function claimsOf(reply: LightMyRequestResponse): Record<string, unknown> {
  const { accessToken } = reply.json<{ accessToken: string }>();
  return JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}

const urlOf = (reply: LightMyRequestResponse): string => reply.json<{ url: string }>().url;

describe("negotiate", () => {
  test("answers 200 with what the client needs, by inject and over a socket", async () => {
    const app = await appWith();
    app.signalr.mapHub("/chat", ChatHub);
    const injected = await negotiate(app, "/chat/negotiate?negotiateVersion=1&user=ann&user=%C3%A4");
    expect(injected.statusCode).toBe(200);
    expect(injected.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "content-length": String(Buffer.byteLength(injected.body)),
      "cache-control": "no-store",
    });
    expect(urlOf(injected)).toMatch(
      /^http:\/\/localhost:9\/client\/\?hub=chathub&asrs\.op=%2Fchat&negotiateVersion=1&user=ann&user=%C3%A4&asrs_request_id=[^&]+$/,
    );
    const origin = await app.listen({ port: 0, host: "127.0.0.1" });
    for (const body of ["x".repeat(100_000), "{", ""]) {
      const reply = await fetch(`${origin}/chat/negotiate`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      expect([reply.status, Object.keys((await reply.json()) as object).sort()]).toEqual([
        200,
        ["accessToken", "availableTransports", "negotiateVersion", "url"],
      ]);
    }
  });

  test("takes no notice of a body, whatever its type is, and of limits for bodies", async () => {
    const app = await appWith({}, { bodyLimit: 10 });
    app.signalr.mapHub("/chat", ChatHub);
    app.post("/other", async () => "other");
    for (const type of ["application/json", "text/plain", "application/xml", "multipart/form-data; boundary=x"]) {
      const reply = await app.inject({
        method: "POST",
        url: "/chat/negotiate",
        headers: { "content-type": type },
        payload: "<not json>".repeat(10),
      });
      expect([type, reply.statusCode]).toEqual([type, 200]);
    }
    // The app's own routes keep their parsers.
    const refused = await app.inject({ method: "POST", url: "/other", payload: { long: "x".repeat(20) } });
    expect(refused.statusCode).toBe(413);
  });

  test("other methods are 405 with Allow, OPTIONS is the app's affair", async () => {
    const app = await appWith();
    app.signalr.mapHub("/chat", ChatHub, { preHandler: async () => Promise.reject(new Error("not asked")) });
    for (const method of ["GET", "HEAD", "PUT", "DELETE"] as const) {
      const reply = await app.inject({ method, url: "/chat/negotiate" });
      expect([method, reply.statusCode, reply.headers.allow, reply.headers["x-signalr-error"]]).toEqual([
        method,
        405,
        "POST",
        "METHOD_NOT_ALLOWED",
      ]);
    }
    expect((await app.inject({ method: "OPTIONS", url: "/chat/negotiate" })).statusCode).toBe(404);
    expect((await app.inject({ method: "POST", url: "/chat" })).statusCode).toBe(404);
  });

  test("paths match by the rules of the app's router", async () => {
    const exact = await appWith({ hubs: { "/Chat": ChatHub } });
    expect((await negotiate(exact, "/Chat/negotiate")).statusCode).toBe(200);
    expect((await negotiate(exact)).statusCode).toBe(404);
    const routerOptions = { caseSensitive: false, ignoreTrailingSlash: true };
    const lax = await appWith({ hubs: { "/Chat": ChatHub } }, { routerOptions });
    expect((await negotiate(lax, "/CHAT/Negotiate/")).statusCode).toBe(200);
  });

  test("authorize refuses with 401 and 403 and an empty body", async () => {
    const app = await appWith({
      claimsProvider: (request) => (request.headers["x-user"] ? { sub: String(request.headers["x-user"]) } : null),
    });
    app.signalr.mapHub("/chat", ChatHub, { authorize: (request) => request.headers["x-door"] === "open" });
    const stranger = await negotiate(app);
    expect([stranger.statusCode, stranger.body, stranger.headers["x-signalr-error"]]).toEqual([
      401,
      "",
      "UNAUTHORIZED",
    ]);
    expect(stranger.headers["content-type"]).toBeUndefined();
    const known = await negotiate(app, "/chat/negotiate", { "x-user": "ann" });
    expect([known.statusCode, known.body, known.headers["x-signalr-error"]]).toEqual([403, "", "FORBIDDEN"]);
    expect((await negotiate(app, "/chat/negotiate", { "x-door": "open" })).statusCode).toBe(200);
  });

  test("a token that is too long is 413, a callback that fails a 500 that tells nothing", async () => {
    const app = await appWith({
      claimsProvider: (request) => {
        if (request.headers["x-fail"]) throw new Error("password hunter2");
        return { sub: "ann", long: "x".repeat(5000) };
      },
    });
    app.setErrorHandler((_error, _request, reply) => reply.code(599).send());
    app.signalr.mapHub("/chat", ChatHub);
    const long = await negotiate(app);
    expect([long.statusCode, long.headers["x-signalr-error"]]).toEqual([413, "TOKEN_TOO_LONG"]);
    expect(long.body).toContain("claimsProvider");
    const failed = await negotiate(app, "/chat/negotiate", { "x-fail": "1" });
    expect([failed.statusCode, failed.headers["x-signalr-error"]]).toEqual([500, "NEGOTIATE_FAILED"]);
    expect(JSON.stringify(failed.headers) + failed.body).not.toContain("hunter2");
  });

  test("without a server connection it is 503 with Retry-After and the official text", async () => {
    const app = await appWith({ connectionCount: 1 });
    app.signalr.mapHub("/chat", ChatHub);
    const reply = await negotiate(app);
    expect([reply.statusCode, reply.headers["retry-after"], reply.headers["x-signalr-error"], reply.body]).toEqual([
      503,
      "2",
      "NOT_CONNECTED",
      "Azure SignalR Service is not connected yet, please try again later.",
    ]);
  });

  test("an answer that the app has given meanwhile is left alone", async () => {
    let decide: (isAllowed: boolean) => void = () => {};
    const decided = new Promise<boolean>((resolve) => {
      decide = resolve;
    });
    const lines: string[] = [];
    const app = await appWith({}, { logger: { stream: { write: (line) => void lines.push(line) } } });
    app.signalr.mapHub("/chat", ChatHub, {
      authorize: () => decided,
      preHandler: (_request, reply, done) => {
        done();
        reply.code(504).send();
      },
    });
    expect((await negotiate(app)).statusCode).toBe(504);
    decide(true);
    await decided;
    expect((await negotiate(app)).statusCode).toBe(504);
    await turns();
    expect(lines.join("")).not.toContain("FST_ERR_REP_ALREADY_SENT");
  });
});

describe("the plugin", () => {
  test("starts nothing before the app is ready, and wrong settings fail its start", async () => {
    const app = await appWith({ connectionString: "" });
    app.signalr.mapHub("/chat", ChatHub);
    await expect(app.ready()).rejects.toMatchObject({
      code: "CONNECTION_STRING_MISSING",
      message: expect.stringContaining("ConnectionStrings:signalr"),
    });
  });

  test.each<[string, () => FastifyInstance]>([
    [
      "when registered with it",
      () => {
        const app = createApp();
        app.register(service({ hubs: { "/chat": ChatHub } }), { prefix: "/api/v1" });
        return app;
      },
    ],
    [
      "of the plugin around it",
      () => {
        const app = createApp();
        app.register(
          async (inner) => {
            await inner.register(service(), { prefix: "v1/" });
            inner.signalr.mapHub("chat/", ChatHub);
          },
          { prefix: "/api" },
        );
        return app;
      },
    ],
    [
      "of a plugin below it",
      () => {
        const app = createApp();
        app.register(service());
        app.register(async (inner) => inner.signalr.mapHub("/chat", ChatHub), { prefix: "/api/v1" });
        return app;
      },
    ],
  ])("honours a prefix %s", async (_where, build) => {
    const app = build();
    const reply = await negotiate(app, "/api/v1/chat/negotiate?a=1");
    expect(urlOf(reply)).toContain("&asrs.op=%2Fapi%2Fv1%2Fchat&a=1&");
    expect((await negotiate(app)).statusCode).toBe(404);
  });

  test("a path with parameters is one hub, and each client has its own original path", async () => {
    const app = await appWith({
      claimsProvider: (request) => ({ tenant: String((request.params as { tenant?: string }).tenant) }),
    });
    app.register(async (inner) => inner.signalr.mapHub("/chat", ChatHub), { prefix: "/:tenant" });
    const reply = await negotiate(app, "/Blue/chat/negotiate");
    expect(urlOf(reply)).toContain("&asrs.op=%2FBlue%2Fchat&");
    expect(claimsOf(reply)).toMatchObject({ tenant: "Blue" });
    expect(app.signalr.health().hubs).toMatchObject([{ hub: "chathub", paths: ["/:tenant/chat"] }]);
  });

  test("hooks of the place where a hub is mapped hold for it, those added later too, and no others", async () => {
    const app = await appWith();
    app.register(async (inner) => {
      inner.signalr.mapHub("/chat", ChatHub);
      inner.addHook("onRequest", async (request, reply) => {
        if (request.headers["x-door"] !== "open") await reply.code(418).send();
      });
    });
    app.signalr.mapHub("/room", RoomHub);
    expect((await negotiate(app)).statusCode).toBe(418);
    expect((await negotiate(app, "/chat/negotiate", { "x-door": "open" })).statusCode).toBe(200);
    expect((await negotiate(app, "/room/negotiate")).statusCode).toBe(200);
  });

  test("hooks and config of a hub are those of its route, in the order of Fastify", async () => {
    const app = await appWith();
    const calls: string[] = [];
    app.signalr.mapHub("/chat", ChatHub, {
      config: { tag: "chat" } as object,
      onRequest: [async () => void calls.push("onRequest 1"), async () => void calls.push("onRequest 2")],
      preHandler: async (request) => void calls.push(`preHandler ${JSON.stringify(request.routeOptions.config)}`),
      onSend: async (_request, _reply, payload) => {
        calls.push("onSend");
        return payload;
      },
      authorize: () => calls.push("authorize") > 0,
    });
    expect((await negotiate(app)).statusCode).toBe(200);
    expect(calls).toEqual([
      "onRequest 1",
      "onRequest 2",
      expect.stringMatching(/^preHandler .*"tag":"chat"/),
      "authorize",
      "onSend",
    ]);
  });

  test("a hub may be mapped in the short form, with hooks and options of its own", async () => {
    const app = await appWith({
      hubs: {
        "/chat": ChatHub,
        "/room": [
          RoomHub,
          { enableDetailedErrors: true, preHandler: async (_request, reply) => reply.code(418).send() },
        ],
      },
    });
    expect((await negotiate(app)).statusCode).toBe(200);
    expect((await negotiate(app, "/room/negotiate")).statusCode).toBe(418);
  });

  test("several services live in one app under names of their own", async () => {
    const app = await appWith({ hubs: { "/chat": ChatHub } });
    const other = `Endpoint=http://other.example;AccessKey=${KEY}`;
    await app.register(
      addNamedAzureSignalR("other", {
        decorator: "other",
        connectionString: other,
        connectionCount: 0,
        configuration: { values: {} },
      }),
    );
    signalrOf(app, "other").mapHub("/room", RoomHub);
    expect(urlOf(await negotiate(app))).toContain("http://localhost:9/");
    expect(urlOf(await negotiate(app, "/room/negotiate"))).toContain("http://other.example/");
    expect(signalrOf(app, "other")).not.toBe(signalrOf(app));
    expect(signalrOf(app)).toBe(app.signalr);
    expect(app.hasPlugin("azure-signalr-server")).toBe(true);
  });

  test("a name that is taken, and one that is not there, are told in words", async () => {
    const app = await appWith();
    await expect(appWith({ decorator: "server" })).rejects.toThrow(/called server already; .*decorator/);
    await expect(appWith({ decorator: "" })).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(() => signalrOf(app, "other")).toThrow(/no service called other/);
    expect(() => signalrOf(app, "server")).toThrow(/no service called server/);
  });

  test("what is wrong with a mapping is told at once, and after the start it is too late", async () => {
    const app = await appWith();
    expect(() => app.signalr.mapHub("/a?b", ChatHub)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
    expect(() => app.signalr.mapHub("/date", Date as never)).toThrow(expect.objectContaining({ code: "HUB_INVALID" }));
    app.signalr.mapHub("/chat", ChatHub);
    expect(() => app.signalr.mapHub("/chat/", RoomHub)).toThrow(/already has the hub ChatHub/);
    expect((await negotiate(app)).statusCode).toBe(200);
    expect((await negotiate(app, "/date/negotiate")).statusCode).toBe(404);
    expect(() => app.signalr.mapHub("/late", RoomHub)).toThrow(/too late/);
    expect(app.signalr.health().hubs).toHaveLength(1);
  });

  test("writes to the app's log in its levels, or to the logger of the options", async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const app = await appWith({ connectionCount: 1 }, { logger: { level: "warn", stream } });
    app.signalr.mapHub("/chat", ChatHub);
    await negotiate(app);
    const PINO_WARN = 40;
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toContainEqual(
      expect.objectContaining({
        level: PINO_WARN,
        event: "NegotiateFailed",
        category: "Microsoft.Azure.SignalR.ServiceRouteHelper",
        code: "NOT_CONNECTED",
      }),
    );
    expect(lines.join("")).not.toContain(KEY);

    const own: unknown[] = [];
    const keep = (line: unknown) => void own.push(line);
    lines.length = 0;
    const logger = { debug: keep, info: keep, warn: keep, error: keep };
    const quiet = await appWith({ connectionCount: 1, logger }, { logger: { level: "warn", stream } });
    quiet.signalr.mapHub("/chat", ChatHub);
    await negotiate(quiet);
    expect(own.join()).toContain("was answered with 503");
    expect(lines).toEqual([]);
  });

  test("the health handler serves 200 or 503 with the report", async () => {
    const app = await appWith();
    app.signalr.mapHub("/chat", ChatHub);
    app.get("/healthz", app.signalr.healthHandler());
    app.get("/health", app.signalr.healthHandler({ details: false }));
    app.get("/alive", app.signalr.livenessHandler());
    const well = await app.inject("/healthz");
    expect((await app.inject("/health")).json()).toEqual({ status: "healthy" });
    expect([well.statusCode, well.json()]).toEqual([200, app.signalr.health()]);
    await app.signalr.shutdown();
    const down = await app.inject("/healthz");
    expect([down.statusCode, down.json().status]).toEqual([503, "unhealthy"]);
    const alive = await app.inject("/alive");
    expect([alive.statusCode, alive.json()]).toEqual([200, { status: "alive" }]);
    expect((await negotiate(app)).headers["x-signalr-error"]).toBe("STOPPED");
  });
});

describe("who the user is", () => {
  test("comes from @fastify/jwt by default, once it has verified the token", async () => {
    const app = createApp();
    await app.register(jwt, { secret: "a secret of the app" });
    await app.register(service());
    app.signalr.mapHub("/chat", ChatHub, { onRequest: (request) => request.jwtVerify() });
    app.signalr.mapHub("/open", RoomHub);
    const authorization = `Bearer ${app.jwt.sign({ sub: "ann", role: ["a", "b"] })}`;
    expect(claimsOf(await negotiate(app, "/chat/negotiate", { authorization }))).toMatchObject({
      "asrs.s.uid": "ann",
      sub: "ann",
      role: ["a", "b"],
    });
    expect((await negotiate(app)).statusCode).toBe(401);
    const open = claimsOf(await negotiate(app, "/open/negotiate", { authorization }));
    expect(Object.keys(open)).toEqual(["nbf", "exp", "iat", "iss", "aud"]);
  });

  test.each([
    ["there is no @fastify/jwt", false, {}],
    ["passport has logged in", true, { passport: {} }],
    ["it is a row with a password", true, { user: { id: 5, password: "of the database" } }],
  ])("is nobody from request.user when %s", async (_when, hasJwt, extras) => {
    const app = createApp();
    if (hasJwt) await app.register(jwt, { secret: "a secret of the app" });
    await app.register(service());
    app.signalr.mapHub("/chat", ChatHub, {
      preHandler: async (request) => void Object.assign(request, { user: { id: 5, name: "ann" }, ...extras }),
    });
    expect(Object.keys(claimsOf(await negotiate(app)))).toEqual(["nbf", "exp", "iat", "iss", "aud"]);
  });

  test("callbacks get the request of Fastify with the app's trust in proxies", async () => {
    const app = await appWith(
      {
        claimsProvider: (request) => ({ ip: request.ip, scheme: request.protocol }),
        userIdProvider: async (request, claims) => `${(request.query as { user: string }).user}/${claims.length}`,
      },
      { trustProxy: true },
    );
    app.signalr.mapHub("/chat", ChatHub);
    const headers = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };
    expect(claimsOf(await negotiate(app, "/chat/negotiate?user=ann", headers))).toMatchObject({
      "asrs.s.uid": "ann/2",
      ip: "203.0.113.9",
      scheme: "https",
    });
  });
});

test("@fastify/cors of the app answers the preflight and marks negotiate", async () => {
  const app = createApp();
  await app.register(cors, { origin: ["https://page.example"], credentials: true });
  await app.register(
    service({ hubs: { "/chat": [ChatHub, { authorize: (request) => Boolean(request.headers["x-in"]) }] } }),
  );
  const origin = "https://page.example";
  const allowed = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
  const preflight = await app.inject({
    method: "OPTIONS",
    url: "/chat/negotiate",
    headers: { origin, "access-control-request-method": "POST" },
  });
  expect([preflight.statusCode, preflight.headers]).toEqual([204, expect.objectContaining(allowed)]);
  for (const [headers, status] of [
    [{ origin }, 401],
    [{ origin, "x-in": "1" }, 200],
  ] as const) {
    const reply = await negotiate(app, "/chat/negotiate", headers);
    expect([reply.statusCode, reply.headers]).toEqual([status, expect.objectContaining(allowed)]);
  }
});
