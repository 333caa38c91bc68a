import { expect, test } from "vitest";
import { always, HttpService } from "../../test/support/http-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { createEndpoint } from "../config/service-endpoint.js";
import { createNetwork } from "../network/network.js";
import { EndpointTokens } from "./endpoint-tokens.js";

const KEY = "a key of a test, long enough for HS256";
const LEASE = JSON.stringify({ KeyId: "lent", AccessKey: KEY });

const identity = (token: string) => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

function tokensFor(): EndpointTokens {
  return new EndpointTokens({
    settings: { accessTokenAlgorithm: "HS256", accessTokenLifetime: 3_600_000 },
    serverName: "server-1",
    network: createNetwork({ proxy: false }),
    clock: new ManualClock(Date.now()),
    probe: new RecordingProbe(),
  });
}

const keyed = (name: string, accessKey: string): ServiceEndpoint =>
  createEndpoint({ connectionString: `Endpoint=https://a.example;AccessKey=${accessKey}`, name });

test("an endpoint with another key signs with it at once, while the old one may still be asked", async () => {
  const tokens = tokensFor();
  const [old, next] = [keyed("", KEY), keyed("", `${KEY} two`)];
  await tokens.add([old]);
  await tokens.add([next]);
  tokens.keepOnly([next]);
  const [one, two] = await Promise.all([old, next].map((endpoint) => tokens.of(endpoint).clientToken("chat", [])));
  const signatures = [one, two].map((token) => token?.split(".")[2]);
  expect(new Set(signatures).size).toBe(2);
  expect(() => tokens.of(keyed("", KEY))).toThrow(/bug/);
});

test("an identity's lease goes on under another name, and ends with its endpoint", async () => {
  await using service = await HttpService.start(always(200, LEASE));
  const [ours, others] = [identity("token-1"), identity("token-2")];
  const at = (name: string, credential = ours): ServiceEndpoint =>
    createEndpoint({ endpoint: service.url, name, credential });
  const tokens = tokensFor();
  const [first, renamed, changed] = [at("first"), at("renamed"), at("renamed", others)];
  await tokens.add([first]);
  await tokens.of(first).clientToken("chat", []);
  await tokens.add([renamed]);
  tokens.keepOnly([renamed]);
  expect(tokens.of(renamed)).toBe(tokens.of(first));
  await tokens.of(renamed).clientToken("chat", []);
  expect(service.requests).toHaveLength(1);
  await tokens.add([changed]);
  tokens.keepOnly([changed]);
  await tokens.of(changed).clientToken("chat", []);
  expect(service.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer token-1", "Bearer token-2"]);
  await expect(tokens.of(first).clientToken("chat", [])).rejects.toMatchObject({ code: "STOPPED" });
  tokens.stop();
  await expect(tokens.of(changed).clientToken("chat", [])).rejects.toMatchObject({ code: "STOPPED" });
});

test("an endpoint that cannot be used adds none of the list", async () => {
  const tokens = tokensFor();
  const good = keyed("good", KEY);
  const insecure = createEndpoint({ endpoint: "http://a.example", credential: identity("token") });
  await expect(tokens.add([good, insecure])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(() => tokens.of(good)).toThrow(/bug/);
});
