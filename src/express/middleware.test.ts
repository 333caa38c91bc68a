import type { IncomingMessage, RequestListener } from "node:http";
import express, { type Express, type Request, type Response } from "express";
import express4 from "express4";
import { afterEach, describe, expect, test } from "vitest";
import { type HttpReply, serve } from "../../test/support/http-client.js";
import { Hub } from "../hub/hub.js";
import {
  addNamedAzureSignalR,
  type ConnectRequest,
  type ExpressSignalROptions,
  type SignalRMiddleware,
  signalr,
} from "./index.js";

class ChatHub extends Hub<{ messageReceived(user: string, text: string): void }> {}

const KEY = "a-key-that-must-never-be-seen-anywhere-0123456789";
const connectionString = `Endpoint=http://localhost;Port=9;AccessKey=${KEY};Version=1.0;`;

const running: SignalRMiddleware<never>[] = [];

/** A service that only negotiates, so that no test needs one at the other end. */
function named<TRequest extends IncomingMessage = ConnectRequest>(
  options: ExpressSignalROptions<TRequest> = {},
): SignalRMiddleware<TRequest> {
  const hubs = signalr.named<TRequest>("signalr", {
    connectionString,
    connectionCount: 0,
    configuration: { values: {} },
    ...options,
  });
  running.push(hubs as SignalRMiddleware<never>);
  return hubs;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((hubs) => hubs.shutdown()));
});

interface Negotiated {
  readonly url: string;
  readonly accessToken: string;
}

const negotiated = (reply: HttpReply): Negotiated => JSON.parse(reply.body) as Negotiated;

function claimsOf(reply: HttpReply): Record<string, unknown> {
  const payload = negotiated(reply).accessToken.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

const apps: ReadonlyArray<readonly [string, () => Express]> = [
  ["Express 5", () => express()],
  ["Express 4", () => express4()],
];

describe.each(apps)("behind %s", (_name, createApp) => {
  test("negotiate answers 200 with what the client needs, and no header more", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    await using server = await serve(createApp().disable("x-powered-by").use(hubs) as RequestListener);
    const reply = await server.ask("/chat/negotiate?negotiateVersion=1&user=ann&user=%C3%A4");
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.headers).sort()).toEqual([
      "cache-control",
      "connection",
      "content-length",
      "content-type",
      "date",
    ]);
    expect(reply.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(reply.body)),
      "cache-control": "no-store",
    });
    expect(negotiated(reply).url).toMatch(
      /^http:\/\/localhost:9\/client\/\?hub=chathub&asrs\.op=%2Fchat&negotiateVersion=1&user=ann&user=%C3%A4&asrs_request_id=[^&]+$/,
    );
  });

  test("the mount path is part of the original path and not of the mapped one", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    const inner = express.Router().use("/v1", hubs);
    await using server = await serve(createApp().use("/api", inner) as RequestListener);
    const reply = await server.ask("/api/v1/chat/negotiate?a=1");
    expect(negotiated(reply).url).toContain("&asrs.op=%2Fapi%2Fv1%2Fchat&a=1&");
    expect((await server.ask("/chat/negotiate")).status).toBe(404);
  });

  test("paths match without regard to case and one trailing slash", async () => {
    const hubs = named();
    hubs.mapHub("/Chat/", ChatHub);
    await using server = await serve(createApp().use(hubs) as RequestListener);
    expect((await server.ask("/CHAT/Negotiate/")).status).toBe(200);
    expect((await server.ask("/chat/negotiate")).status).toBe(200);
  });

  test("nothing passes by a guard that the app has put on the path", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    const app = createApp();
    app.use("/chat", (_req, res) => void res.sendStatus(418));
    app.use(hubs);
    await using server = await serve(app as RequestListener);
    for (const path of [
      "/chat/negotiate",
      "/CHAT/negotiate",
      "/chat/negotiate/",
      "/chat//negotiate",
      "//chat/negotiate",
    ]) {
      expect([path, (await server.ask(path)).status]).not.toEqual([path, 200]);
    }
    for (const path of ["/ch%61t/negotiate", "/chat%2fnegotiate", "/chat/%6eegotiate", "/x/../chat/negotiate"]) {
      expect([path, (await server.ask(path)).status]).not.toEqual([path, 200]);
    }
  });

  test("GET on negotiate is 405 with Allow; OPTIONS and all other requests go on to the app", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    const app = createApp().use(hubs);
    app.use((req: Request, res: Response) => void res.status(200).send(`app ${req.method} ${req.originalUrl}`));
    await using server = await serve(app as RequestListener);
    const refused = await server.ask("/chat/negotiate", { method: "GET" });
    expect(refused).toMatchObject({ status: 405, headers: { allow: "POST", "x-signalr-error": "METHOD_NOT_ALLOWED" } });
    expect((await server.ask("/chat/negotiate", { method: "OPTIONS" })).body).toBe("app OPTIONS /chat/negotiate");
    expect((await server.ask("/chat")).body).toBe("app POST /chat");
    expect((await server.ask("/room/negotiate?x")).body).toBe("app POST /room/negotiate?x");
  });

  test("a router sees the framework's request, and may answer the client itself", async () => {
    const hubs = named<Request>({
      endpointRouter: {
        negotiate(req, endpoints) {
          if (req.get("x-region") !== "elsewhere") return endpoints[0];
          req.res?.redirect(307, "https://elsewhere.example/chat/negotiate");
          return undefined;
        },
      },
    });
    hubs.mapHub("/chat", ChatHub);
    await using server = await serve(createApp().use(hubs) as RequestListener);
    expect((await server.ask("/chat/negotiate")).status).toBe(200);
    const answered = await server.ask("/chat/negotiate", { headers: { "x-region": "elsewhere" } });
    expect(answered).toMatchObject({
      status: 307,
      headers: { location: "https://elsewhere.example/chat/negotiate" },
    });
    expect(answered.headers).not.toHaveProperty("x-signalr-error");
  });

  test("headers that the app has set stay, CORS for one", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub, { authorize: (req) => req.headers.authorization !== undefined });
    const app = createApp();
    app.use((_req, res, next) => {
      res.set({ "Access-Control-Allow-Origin": "https://page.example", "Access-Control-Allow-Credentials": "true" });
      next();
    });
    app.use(hubs);
    await using server = await serve(app as RequestListener);
    const cors = {
      "access-control-allow-origin": "https://page.example",
      "access-control-allow-credentials": "true",
    };
    expect(await server.ask("/chat/negotiate")).toMatchObject({ status: 401, headers: cors, body: "" });
    expect(await server.ask("/chat/negotiate", { headers: { authorization: "x" } })).toMatchObject({
      status: 200,
      headers: cors,
    });
  });

  test("callbacks get the request of the framework, typed as it is", async () => {
    const hubs = named<Request>({
      claimsProvider: (req) => ({ agent: req.get("user-agent") ?? "", ip: req.ip ?? "", secure: req.secure }),
      userIdProvider: (req, claims) => `${String(req.query["user"])}/${claims.length}`,
    });
    hubs.mapHub("/chat", ChatHub, { authorize: (req: Request) => req.get("x-door") === "open" });
    const app = createApp().set("trust proxy", true).use(hubs);
    await using server = await serve(app as RequestListener);
    const headers = {
      "user-agent": "tester",
      "x-door": "open",
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
    };
    const reply = await server.ask("/chat/negotiate?user=ann", { headers });
    expect(claimsOf(reply)).toMatchObject({
      "asrs.s.uid": "ann/3",
      agent: "tester",
      ip: "203.0.113.9",
      secure: "true",
    });
    expect((await server.ask("/chat/negotiate?user=ann")).status).toBe(403);
  });

  test("claims come from JWT middleware by default, never from passport's req.user", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    const app = createApp();
    app.use((req, _res, next) => {
      const kind = req.get("x-auth");
      const user = { password: "of the database" };
      const auth =
        kind === "oauth2"
          ? { header: {}, payload: { sub: "ann", scope: "chat" }, token: "raw" }
          : kind === "jwt"
            ? { nameid: "bob", role: ["a", "b"] }
            : undefined;
      Object.assign(req, { user, auth });
      next();
    });
    app.use(hubs);
    await using server = await serve(app as RequestListener);
    const as = async (kind: string) => claimsOf(await server.ask("/chat/negotiate", { headers: { "x-auth": kind } }));
    expect(await as("oauth2")).toMatchObject({ "asrs.s.uid": "ann", sub: "ann", scope: "chat" });
    expect(await as("jwt")).toMatchObject({ "asrs.s.uid": "bob", nameid: "bob", role: ["a", "b"] });
    expect(Object.keys(await as("none"))).toEqual(["nbf", "exp", "iat", "iss", "aud"]);
  });

  test("an error of a callback is a 500 that tells nothing, and the app's own error handler is not bothered", async () => {
    const hubs = named({
      claimsProvider: async () => {
        throw new Error("password hunter2");
      },
    });
    hubs.mapHub("/chat", ChatHub);
    const app = createApp().use(hubs);
    app.use((_error: unknown, _req: Request, res: Response, _next: unknown) => void res.sendStatus(599));
    await using server = await serve(app as RequestListener);
    const reply = await server.ask("/chat/negotiate");
    expect(reply).toMatchObject({ status: 500, headers: { "x-signalr-error": "NEGOTIATE_FAILED" } });
    expect(JSON.stringify(reply)).not.toContain("hunter2");
  });

  test("an answer that the app has given meanwhile is left alone", async () => {
    let decide: (isAllowed: boolean) => void = () => {};
    const decided = new Promise<boolean>((resolve) => {
      decide = resolve;
    });
    const hubs = named();
    hubs.mapHub("/chat", ChatHub, { authorize: () => decided });
    const app = createApp();
    app.use((_req, res, next) => {
      next();
      res.sendStatus(504);
    });
    app.use(hubs);
    await using server = await serve(app as RequestListener);
    expect((await server.ask("/chat/negotiate")).status).toBe(504);
    decide(true);
    await decided;
    expect((await server.ask("/chat/negotiate")).status).toBe(504);
  });

  test("the health handler serves 200 or 503 with the report", async () => {
    const hubs = named();
    hubs.mapHub("/chat", ChatHub);
    await hubs.started();
    const app = createApp();
    app.get("/healthz", hubs.healthHandler());
    app.get("/health", hubs.healthHandler({ details: false }));
    app.get("/alive", hubs.livenessHandler());
    await using server = await serve(app as RequestListener);
    const reply = await server.ask("/healthz", { method: "GET" });
    expect(JSON.parse((await server.ask("/health", { method: "GET" })).body)).toEqual({ status: "healthy" });
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(JSON.parse(reply.body)).toEqual(hubs.health());
    await hubs.shutdown();
    const down = await server.ask("/healthz", { method: "GET" });
    expect(down.status).toBe(503);
    expect(JSON.parse(down.body).status).toBe("unhealthy");
    expect(await server.ask("/alive", { method: "GET" })).toMatchObject({ status: 200, body: '{"status":"alive"}' });
    expect(() => hubs.healthHandler({ kind: "startup" as never })).toThrow(/readiness/);
  });
});

describe("behind a plain HTTP server", () => {
  test("negotiate is answered, all other requests are 404", async () => {
    const hubs = named({ hubs: { "/chat": ChatHub } });
    await using server = await serve(hubs);
    expect(negotiated(await server.ask("/chat/negotiate")).url).toContain("&asrs.op=%2Fchat&asrs_request_id=");
    expect(await server.ask("/nothing", { method: "GET" })).toMatchObject({ status: 404, body: "Not Found" });
    expect((await server.ask("/chat/negotiate", { method: "OPTIONS" })).status).toBe(404);
    expect((await server.ask("*", { method: "OPTIONS" })).status).toBe(404);
  });

  test("the absolute form of a request target is understood", async () => {
    await using server = await serve(named({ hubs: { "/chat": ChatHub } }));
    const reply = await server.ask(`http://127.0.0.1:${server.port}/chat/negotiate?a=1`);
    expect(negotiated(reply).url).toContain("&asrs.op=%2Fchat&a=1&");
  });

  test("a body and a keep-alive connection are no trouble", async () => {
    await using server = await serve(named({ hubs: { "/chat": ChatHub } }));
    for (let round = 0; round < 3; round++) {
      const body = "x".repeat(100_000);
      const reply = await fetch(`http://127.0.0.1:${server.port}/chat/negotiate`, { method: "POST", body });
      expect(reply.status).toBe(200);
      await reply.text();
    }
  });
});

describe("without a service at the other end", () => {
  test("negotiate is 503 with Retry-After and the official text, and shutdown ends the attempts", async () => {
    const hubs = named({ connectionCount: 1 });
    hubs.mapHub("/chat", ChatHub);
    await using server = await serve(hubs);
    const reply = await server.ask("/chat/negotiate");
    expect(reply).toMatchObject({
      status: 503,
      headers: { "retry-after": "2", "x-signalr-error": "NOT_CONNECTED" },
      body: "Azure SignalR Service is not connected yet, please try again later.",
    });
    expect(hubs.health().status).toBe("unhealthy");
    const started = expect(hubs.started()).rejects.toMatchObject({ code: "STOPPED" });
    await hubs.shutdown();
    await started;
    expect(await server.ask("/chat/negotiate")).toMatchObject({
      status: 503,
      headers: { "x-signalr-error": "STOPPED" },
    });
  });

  test("wrong settings are told by started() and as a code by negotiate", async () => {
    const hubs = named({ connectionString: "", logger: quiet });
    hubs.mapHub("/chat", ChatHub);
    await expect(hubs.started()).rejects.toThrow(/ConnectionStrings:signalr/);
    await using server = await serve(hubs);
    const reply = await server.ask("/chat/negotiate");
    expect(reply).toMatchObject({ status: 500, headers: { "x-signalr-error": "CONNECTION_STRING_MISSING" } });
    expect(reply.body).not.toContain("ConnectionStrings");
  });
});

const lines: unknown[][] = [];
const keep = (...line: unknown[]): void => {
  lines.push(line);
};
const quiet = { debug: keep, info: keep, warn: keep, error: keep };

test("the logger of the options is told what happens", async () => {
  lines.length = 0;
  const hubs = named({ logger: quiet, connectionString: "" });
  hubs.mapHub("/chat", ChatHub);
  await expect(hubs.started()).rejects.toThrow();
  expect(lines).toEqual([
    ["[Microsoft.Azure.SignalR] The Azure SignalR service signalr could not start.", expect.any(Error)],
  ]);
});

test("callbacks may name express.Request without a type argument", async () => {
  const hubs = named({ userIdProvider: (req: Request) => req.get("x-user") ?? null });
  hubs.mapHub("/chat", ChatHub, { authorize: (req: Request) => req.secure || req.protocol === "http" });
  await using server = await serve(express().use(hubs));
  const reply = await server.ask("/chat/negotiate", { headers: { "x-user": "ann" } });
  expect(claimsOf(reply)["asrs.s.uid"]).toBe("ann");
});

test("the long name is the same function", () => {
  expect(signalr.named).toBe(addNamedAzureSignalR);
  expect(() => addNamedAzureSignalR("")).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
});

test("await using shuts the hubs down", async () => {
  let kept: SignalRMiddleware | undefined;
  {
    await using hubs = named();
    hubs.mapHub("/chat", ChatHub);
    kept = hubs;
    expect(Object.keys(hubs.context(ChatHub)).sort()).toEqual(["clients", "groups"]);
  }
  await expect(kept.started()).rejects.toMatchObject({ code: "STOPPED" });
});
