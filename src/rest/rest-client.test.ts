import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { always, HttpService } from "../../test/support/http-service.js";
import { RestClient, type RestClientOptions } from "./rest-client.js";
import { pauseBefore } from "./retry.js";

const clientWith = (options: Partial<RestClientOptions> = {}) => new RestClient({ userAgent: "test/1", ...options });
const QUICK = { retries: 2, delay: 1, maxDelay: 2, mode: "fixed" } as const;

describe("a REST call", () => {
  test("carries token, body and the name of this process, and brings status, header and text back", async () => {
    let received = "";
    await using service = await HttpService.start((request, response) => {
      request.on("data", (chunk) => {
        received += chunk;
      });
      request.on("end", () => response.writeHead(202, { "X-Thing": "yes" }).end("grüße"));
    });
    const body = { type: "application/json", content: '{"a":1}' };
    const answer = await clientWith().send({ method: "POST", url: `${service.url}/api?x=1`, token: "t0ken", body });
    expect([answer.status, answer.header("x-thing"), answer.text, received]).toEqual([202, "yes", "grüße", '{"a":1}']);
    const [request] = service.requests;
    expect(request?.url).toBe("/api?x=1");
    expect(request?.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "content-type": "application/json",
      "asrs-user-agent": "test/1",
    });
  });

  test("does not follow a redirect, which would take the token elsewhere", async () => {
    await using service = await HttpService.start(always(307, "", { Location: "/elsewhere" }));
    const answer = await clientWith().send({ method: "GET", url: service.url, token: "t" });
    expect([answer.status, service.requests.length]).toEqual([307, 1]);
  });

  test("reads a compressed answer", async () => {
    await using service = await HttpService.start((_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("hello"));
    });
    expect((await clientWith().send({ method: "GET", url: service.url })).text).toBe("hello");
  });

  test.each([false, true])("refuses an answer without end (compressed: %s)", async (isCompressed) => {
    await using service = await HttpService.start((_request, response) => {
      const body = Buffer.alloc(5 * 1024 * 1024, "x");
      if (isCompressed) response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(body));
      else response.writeHead(200).end(body);
    });
    const call = clientWith().send({ method: "GET", url: service.url });
    await expect(call).rejects.toMatchObject({ code: "REST_FAILED", message: expect.stringContaining("longer than") });
  });

  test("that nobody takes fails with the reason, and shows neither token nor query", async () => {
    const service = await HttpService.start(always(200));
    const { url } = service;
    await service[Symbol.asyncDispose]();
    const call = clientWith().send({ method: "GET", url: `${url}/api?secret=query`, token: "secret-token" });
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "REST_FAILED", message: expect.stringContaining("ECONNREFUSED") });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/secret/);
  });

  test("that is not answered in time fails, also when only the end of the answer is missing", async () => {
    await using service = await HttpService.start((request, response) => {
      if (request.url === "/slow") response.writeHead(200).write("half");
    });
    for (const path of ["/none", "/slow"]) {
      const call = clientWith({ timeout: 50 }).send({ method: "GET", url: service.url + path });
      await expect(call).rejects.toThrow(/failed: there was no answer within 0.05 s/);
    }
  });

  test("ends at once when its signal is aborted", async () => {
    const end = new AbortController();
    await using service = await HttpService.start(() => end.abort());
    const call = clientWith({ retry: QUICK }).send({ method: "GET", url: service.url, signal: end.signal });
    await expect(call).rejects.toMatchObject({ code: "STOPPED" });
    expect(service.requests).toHaveLength(1);
  });
});

describe("a REST call that fails for now", () => {
  const statusAfter = async (statuses: number[], isSend = false): Promise<[number, number]> => {
    await using service = await HttpService.start((_request, response) => {
      response.writeHead(statuses[Math.min(service.requests.length, statuses.length) - 1] ?? 0).end();
    });
    const answer = await clientWith({ retry: QUICK }).send({ method: "POST", url: service.url, isSend });
    return [answer.status, service.requests.length];
  };

  test("is not repeated unless asked for", async () => {
    await using service = await HttpService.start(always(503));
    expect((await clientWith().send({ method: "GET", url: service.url })).status).toBe(503);
    expect(service.requests).toHaveLength(1);
  });

  test("is repeated until it is well, or the attempts are used up", async () => {
    expect(await statusAfter([503, 408, 200])).toEqual([200, 3]);
    expect(await statusAfter([500])).toEqual([500, 3]);
    expect(await statusAfter([404])).toEqual([404, 1]);
  });

  test("is not repeated after 500 when it sends, because that may have been delivered", async () => {
    expect(await statusAfter([500], true)).toEqual([500, 1]);
    expect(await statusAfter([408], true)).toEqual([408, 1]);
    expect(await statusAfter([502, 202], true)).toEqual([202, 2]);
  });

  test.each([
    [false, 3],
    [true, 1],
  ])("by its time limit: sends: %s, attempts: %i", async (isSend, attempts) => {
    await using service = await HttpService.start(() => {});
    const client = clientWith({ timeout: 30, retry: QUICK });
    await expect(client.send({ method: "POST", url: service.url, isSend })).rejects.toThrow(/no answer within/);
    expect(service.requests).toHaveLength(attempts);
  });

  test("waits the same time, or twice as long each time up to a limit", () => {
    const fixed = { retries: 9, delay: 800, maxDelay: 60_000, mode: "fixed" } as const;
    expect([1, 2, 9].map((failed) => pauseBefore(fixed, failed))).toEqual([800, 800, 800]);
    const doubling = { ...fixed, mode: "exponential" } as const;
    expect([1, 2, 3, 9].map((failed) => pauseBefore(doubling, failed))).toEqual([800, 1600, 3200, 60_000]);
  });
});
