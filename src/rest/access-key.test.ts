import { describe, expect, test } from "vitest";
import { type Answerer, always, HttpService } from "../../test/support/http-service.js";
import { systemClock } from "../base/clock.js";
import { SignalRError, ThrottledError } from "../base/errors.js";
import { leaseAccessKey } from "./access-key.js";
import { RestClient } from "./rest-client.js";

const TOKEN = "identity-token-that-must-not-be-seen";

async function lease(answer: Answerer) {
  await using service = await HttpService.start(answer);
  const { url } = service;
  const endpoint = { endpoint: url, serverEndpoint: url, clientEndpoint: url, audienceBaseUrl: `${url}/` };
  const request = { endpoint, token: TOKEN, signal: new AbortController().signal, clock: systemClock };
  return { leased: await leaseAccessKey(new RestClient({ userAgent: "test/1" }), request), service };
}

async function failureOf(answer: Answerer): Promise<SignalRError> {
  const error = await lease(answer).catch((thrown: unknown) => thrown);
  if (!(error instanceof SignalRError)) throw new Error("there was no refusal");
  expect(error.code).toBe(error instanceof ThrottledError ? "THROTTLED" : "REST_FAILED");
  expect(error.message).not.toContain(TOKEN);
  return error;
}

async function refusal(answer: Answerer): Promise<string> {
  return (await failureOf(answer)).message;
}

describe("a key for client tokens", () => {
  test("is asked for with the identity's token, and kept out of sight", async () => {
    const { leased, service } = await lease(always(200, '{"KeyId":"k1","AccessKey":"secret"}'));
    expect([leased.keyId, leased.accessKey.reveal(), String(leased.accessKey)]).toEqual(["k1", "secret", "[secret]"]);
    expect(service.requests[0]?.url).toBe("/api/v1/auth/accessKey");
    expect(service.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test("is found whatever the case of the members", async () => {
    const { leased } = await lease(always(200, '{"keyId":"k1","accessKey":"secret","more":[1]}'));
    expect(leased.keyId).toBe("k1");
  });

  test.each([
    "",
    "null",
    "[]",
    "<html>",
    '{"KeyId":"k1"}',
    '{"KeyId":"","AccessKey":"x"}',
    '{"KeyId":"two\\nlines","AccessKey":"x"}',
    '{"KeyId":1,"AccessKey":"x"}',
    `{"KeyId":"k1","AccessKey":"${"x".repeat(9000)}"}`,
  ])("is not found in %j", async (body) => {
    expect(await refusal(always(200, body))).toMatch(/without a key/);
  });

  test.each([
    [400, /endpoint is that of an Azure SignalR Service/],
    [401, /tenant of the service.*AZURE_AUTHORITY_HOST/],
    [403, /SignalR App Server.*network access/],
    [404, /no such service at this address/],
    [429, /answered with 429\. .*asked again later\.$/],
    [500, /answered with 500\.$/],
    [302, /answered with 302\.$/],
  ])("is refused with %i in words that help", async (status, words) => {
    expect(await refusal(always(status))).toMatch(words);
  });

  test("is refused with the service's own words beside ours", async () => {
    const text = await refusal(always(400, "Bad\u0000 thing", { "x-ms-error-code": "Some.Code" }));
    expect(text).toMatch(/The service says: Some\.Code Bad thing$/);
    expect(await refusal(always(403, "<html>no</html>"))).not.toContain("html");
    expect(await refusal(always(403, `you sent ${TOKEN}`))).not.toContain("you sent");
    expect((await refusal(always(403, "x".repeat(5000)))).length).toBeLessThan(1000);
  });

  test("tells of clocks that are apart, which is behind many a 401", async () => {
    const past = new Date(Date.now() - 20 * 60_000).toUTCString();
    expect(await refusal(always(401, "", { Date: past }))).toMatch(/20 minutes apart/);
    expect(await refusal(always(401, "", { Date: new Date().toUTCString() }))).not.toMatch(/apart/);
    expect(await refusal(always(401, "", { Date: "no time" }))).not.toMatch(/apart/);
  });

  test.each([
    [{}, 2],
    [{ "Retry-After": "30" }, 30],
    [{ "Retry-After": "0" }, 1],
    [{ "Retry-After": "99999999" }, 3600],
    [{ "Retry-After": "soon" }, 2],
    [{ "Retry-After": "-5" }, 2],
    [{ "Retry-After": new Date(Date.now() + 60_500).toUTCString() }, 60],
  ])("of a busy service is told with its %j", async (headers, seconds) => {
    const { retryAfter } = (await failureOf(always(429, "", headers as Record<string, string>))) as ThrottledError;
    expect(retryAfter).toBeGreaterThanOrEqual(seconds - 1);
    expect(retryAfter).toBeLessThanOrEqual(seconds + 1);
  });
});
