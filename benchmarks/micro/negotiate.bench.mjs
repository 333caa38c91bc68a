// What a negotiate costs without the HTTP around it: claims, address, and a signed token.
//
//   npm run build && node benchmarks/micro/negotiate.bench.mjs
import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { createAccessKeyTokens } from "../../dist/auth/access-key.js";
import { silentProbe } from "../../dist/base/probe.js";
import { loadSettings } from "../../dist/config/load.js";
import { negotiate } from "../../dist/host/negotiate.js";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const connectionString = `Endpoint=http://localhost;Port=8888;AccessKey=${key};Version=1.0;`;
const settings = loadSettings("signalr", { connectionString }, { env: {}, values: {}, warn: () => {} });
const [endpoint] = settings.endpoints;
const tokens = createAccessKeyTokens({ endpoint, serverName: "server-1", algorithm: "HS256", lifetimeMs: 3_600_000 });
const hub = {
  name: "bench",
  serverName: "server-1",
  settings,
  handshakeTimeoutSeconds: undefined,
  enableDetailedErrors: false,
  negotiateEndpoint: () => endpoint,
  tokens: () => tokens,
};

const ask =
  (claims, query = "negotiateVersion=1") =>
  () =>
    negotiate({
      request: {
        method: "POST",
        path: "/bench/negotiate",
        originalPath: "/bench/negotiate",
        query,
        headers: {},
        remoteAddress: "127.0.0.1",
        raw: {},
      },
      rules: {},
      identity: { claimsProvider: () => claims },
      defaultClaims: () => undefined,
      hub: async () => hub,
      probe: silentProbe,
    });

const ann = { nameid: "ann", role: ["admin", "user"] };
const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`claim-${index}`, `value ${index}`]));
for (const claims of [null, ann, many]) assert.equal((await ask(claims)()).status, 200);
assert.equal((await ask({ huge: "x".repeat(5000) })()).status, 413);

const secret = new TextEncoder().encode(key);
group("negotiate", () => {
  summary(() => {
    bench("two kinds of claims", async () => do_not_optimize(await ask(ann)())).baseline();
    bench("anonymous", async () => do_not_optimize(await ask(null)()));
    bench("60 claims", async () => do_not_optimize(await ask(many)()));
    bench("refused: claims of 5,000 characters", async () => do_not_optimize(await ask({ huge: "x".repeat(5000) })()));
    bench("query of 4,000 characters", async () => do_not_optimize(await ask(ann, "q=x&".repeat(1000))()));
    bench("for comparison: jose alone, the same claims", async () =>
      do_not_optimize(
        await new SignJWT(ann)
          .setProtectedHeader({ alg: "HS256" })
          .setIssuedAt()
          .setExpirationTime("1h")
          .setAudience("http://localhost/client/?hub=bench")
          .sign(secret),
      ),
    );
  });
});

await run();
