import type { TokenCredential } from "@azure/core-auth";
import { afterEach, expect, test } from "vitest";
import { always, HttpService } from "../../test/support/http-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { ask, buildHost } from "../../test/support/named-host.js";
import { eventually, turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { createEndpoint } from "../config/service-endpoint.js";
import { Hub } from "../hub/hub.js";
import { createNetwork } from "../network/network.js";
import { type EntraEndpoints, openEntraEndpoints } from "./entra-endpoints.js";

class ChatHub extends Hub {}

const LENT = always(200, '{"KeyId":"k1","AccessKey":"a-key-that-the-service-lends-for-two-hours"}');

const opened: EntraEndpoints[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.stop();
});

function identity() {
  const asked: unknown[] = [];
  const credential: TokenCredential = {
    async getToken(scope) {
      asked.push(scope);
      return { token: "identity-token", expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  return { asked, credential };
}

async function open(endpoints: readonly ServiceEndpoint[], clock = new ManualClock(Date.now())) {
  const settings = { accessTokenAlgorithm: "HS256", accessTokenLifetime: 3_600_000 } as const;
  const parts = { network: createNetwork({ proxy: false }), clock, probe: new RecordingProbe() };
  const entra = await openEntraEndpoints({ endpoints, settings, ...parts });
  opened.push(entra);
  return { entra, clock };
}

test("endpoints of one identity share its token, and each leases its own key where its server connections go", async () => {
  await using one = await HttpService.start(LENT);
  await using two = await HttpService.start(LENT);
  const { asked, credential } = identity();
  const endpoints = [
    createEndpoint({ endpoint: one.url, credential }),
    createEndpoint({ endpoint: "https://demo.example", serverEndpoint: two.url, credential, name: "two" }),
  ];
  const { entra } = await open(endpoints);
  for (const endpoint of endpoints) await entra.tokens.get(endpoint)?.clientToken("chat", []);
  expect(asked).toHaveLength(1);
  for (const service of [one, two]) {
    expect(service.requests.map(({ url }) => url)).toEqual(["/api/v1/auth/accessKey"]);
    expect(service.requests[0]?.headers.authorization).toBe("Bearer identity-token");
    expect(service.requests[0]?.headers["asrs-user-agent"]).toMatch(/^azure-signalr-server\//);
  }
});

test("a stop ends timers, requests and waiting", async () => {
  await using service = await HttpService.start(() => {});
  const endpoint = createEndpoint({ endpoint: service.url, credential: identity().credential });
  const { entra, clock } = await open([endpoint]);
  const token = entra.tokens.get(endpoint)?.clientToken("chat", []);
  await eventually(() => service.requests.length === 1);
  entra.stop();
  await expect(token).rejects.toMatchObject({ code: "STOPPED" });
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  { endpoint: "http://demo.example" },
  { endpoint: "https://demo.example", serverEndpoint: "http://inside.example" },
  { endpoint: "http://127.0.0.1.demo.example" },
])("a token is not sent in the clear: %o", async (addresses) => {
  const { asked, credential } = identity();
  const opening = open([createEndpoint({ ...addresses, credential })]);
  await expect(opening).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("https") });
  expect(asked).toEqual([]);
});

test.each(["http://localhost:8888", "http://127.0.0.1:8888", "http://[::1]:8888", "https://demo.example"])(
  "a token may go to %s",
  async (endpoint) => {
    // Never asked for: what counts is that the start is not refused.
    const credential: TokenCredential = { getToken: () => new Promise(() => {}) };
    expect((await open([createEndpoint({ endpoint, credential })])).entra.tokens.size).toBe(1);
  },
);

test("a named host signs with the lent key, and has no timer left after its shutdown", async () => {
  await using service = await HttpService.start(LENT);
  const clock = new ManualClock(Date.now());
  const options = {
    connectionString: `Endpoint=${service.url};AuthType=azure`,
    credential: identity().credential,
  };
  const { host, stubs } = buildHost(options, { clock });
  host.mapHub("/chat", ChatHub);
  await eventually(() => stubs.length === 1);
  stubs[0]?.open();
  const answer = await ask(host);
  const header = JSON.parse(answer.body).accessToken.split(".")[0];
  expect(JSON.parse(Buffer.from(header, "base64url").toString("utf8"))).toMatchObject({ alg: "HS256", kid: "k1" });
  await host.shutdown();
  expect(clock.pendingTimers).toBe(0);
});

test("a host whose identity has no token negotiates with 500 and the code; only the log has the reason", async () => {
  const clock = new ManualClock(Date.now());
  const probe = new RecordingProbe();
  const credential: TokenCredential = { getToken: () => Promise.reject(new Error("not logged in")) };
  const options = { connectionString: "Endpoint=https://demo.example;AuthType=azure", credential };
  const { host, stubs } = buildHost(options, { clock, probe });
  host.mapHub("/chat", ChatHub);
  await eventually(() => stubs.length === 1);
  stubs[0]?.open();
  const asking = ask(host);
  // Nothing here leaves the process, so each try is over within a turn or two.
  while (probe.of("FailedAuthorizeAccessKey").length === 0) {
    await turns();
    clock.advance(1000);
  }
  const answer = await asking;
  expect([answer.status, answer.headers["x-signalr-error"]]).toEqual([500, "TOKEN_NOT_AUTHORIZED"]);
  expect(answer.body).not.toMatch(/logged in|demo/);
  expect(probe.of("FailedAuthorizeAccessKey")[0]?.message).toMatch(/demo\.example.*not logged in.*in 5 minutes/);
  await host.shutdown();
});
