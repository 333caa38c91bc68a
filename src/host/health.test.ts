import { describe, expect, test } from "vitest";
import { always, HttpService } from "../../test/support/http-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { buildHost, KEY, nextTurn } from "../../test/support/named-host.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { SignalRError } from "../base/errors.js";
import { Hub } from "../hub/hub.js";
import type { HealthReport } from "./health.js";
import { healthAnswerer } from "./health-answer.js";

class ChatHub extends Hub {}
class RoomHub extends Hub {}

const NOON = Date.parse("2026-01-01T12:00:00Z");

/** Two hubs on one primary endpoint. */
async function twoHubs() {
  const clock = new ManualClock(NOON);
  const probe = new RecordingProbe();
  const { host, stubs } = buildHost(
    { connectionString: `Endpoint=https://primary.example;AccessKey=${KEY}` },
    { clock, probe },
  );
  host.mapHub("/chat", ChatHub);
  host.mapHub("/room", RoomHub);
  await nextTurn();
  const [chat, room] = stubs;
  if (chat === undefined || room === undefined) throw new Error("the hubs did not start");
  return { host, clock, probe, chat, room };
}

describe("what is known", () => {
  test("is healthy when every hub is, unhealthy when none is, and degraded between", async () => {
    const { host, clock, chat, room } = await twoHubs();
    expect(host.health()).toMatchObject({ status: "unhealthy", since: "2026-01-01T12:00:00.000Z" });
    clock.advance(1000);
    chat.set("primary", { isOnline: true, connected: 2, since: clock.unixTime() });
    const primary = { name: "", url: "https://primary.example" };
    expect(host.health()).toEqual({
      status: "degraded",
      since: "2026-01-01T12:00:01.000Z",
      hubs: [
        {
          hub: "chathub",
          paths: ["/chat"],
          status: "healthy",
          clients: 0,
          endpoints: [{ ...primary, status: "healthy", connected: 2, wanted: 2, since: "2026-01-01T12:00:01.000Z" }],
        },
        {
          hub: "roomhub",
          paths: ["/room"],
          status: "unhealthy",
          clients: 0,
          endpoints: [{ ...primary, status: "unhealthy", connected: 0, wanted: 2, since: "1970-01-01T00:00:00.000Z" }],
        },
      ],
      endpoints: [{ ...primary, type: "primary", status: "degraded", connected: 2, wanted: 4 }],
    });
    clock.advance(1000);
    room.set("primary", { isOnline: true, connected: 2 });
    room.clientCount = 3;
    expect(host.health()).toMatchObject({
      status: "healthy",
      since: "2026-01-01T12:00:02.000Z",
      hubs: [{}, { clients: 3 }],
    });
  });

  test("is degraded with fewer connections than wanted, but not while they are only just being opened", async () => {
    const { host, chat, room } = await twoHubs();
    chat.set("primary", { isOnline: true, connected: 1 });
    room.set("primary", { isOnline: true, connected: 2 });
    expect(host.health().status).toBe("healthy");
    const failure = { code: "CONNECTION_REFUSED", message: "HTTP 429", at: NOON } as const;
    chat.set("primary", { isOnline: true, connected: 1, failure });
    expect(host.health()).toMatchObject({
      status: "degraded",
      hubs: [{ status: "degraded", endpoints: [{ status: "degraded", connected: 1, wanted: 2 }] }, {}],
    });
    chat.set("primary", { isOnline: true, connected: 2, failure });
    expect(host.health().status).toBe("healthy");
  });

  test("is degraded while one of two endpoints is away", async () => {
    const { host, chat, room } = await twoHubs();
    for (const stub of [chat, room]) {
      stub.set("primary", { isOnline: true, connected: 2 });
      stub.set("secondary", { isOnline: false, connected: 0 });
    }
    const parts = [{ status: "healthy" }, { status: "unhealthy" }];
    expect(host.health()).toMatchObject({
      status: "degraded",
      hubs: [{ status: "degraded", endpoints: parts }, { status: "degraded" }],
      endpoints: parts,
    });
  });

  test("shows the last error with a hint, the latest one for the endpoint", async () => {
    const { host, chat, room } = await twoHubs();
    const failure = { code: "CONNECTION_REFUSED", message: "refused", at: NOON } as const;
    chat.set("primary", { failure });
    room.set("primary", { failure: { code: "CONNECTION_HANDSHAKE_TIMEOUT", message: "silent", at: NOON + 5000 } });
    const report = host.health();
    expect(report.hubs[0]?.endpoints[0]?.lastError).toEqual({
      code: "CONNECTION_REFUSED",
      message: "refused",
      hint: expect.stringContaining("port 443"),
      at: "2026-01-01T12:00:00.000Z",
    });
    expect(report.endpoints[0]?.lastError).toMatchObject({
      code: "CONNECTION_HANDSHAKE_TIMEOUT",
      hint: expect.stringContaining("proxy"),
      at: "2026-01-01T12:00:05.000Z",
    });
  });

  test("without hubs is healthy until it cannot be", () => {
    expect(buildHost().host.health()).toMatchObject({ status: "healthy", hubs: [], endpoints: [] });
  });

  test("is unhealthy with settings that cannot be used, and says so without secrets", async () => {
    const { host } = buildHost({ connectionString: `AccessKey=${KEY};Version=1.0;` });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    const report = host.health();
    expect(report).toMatchObject({
      status: "unhealthy",
      hubs: [{ hub: "chathub", status: "unhealthy", endpoints: [] }],
      lastError: { code: "CONNECTION_STRING_INVALID", hint: expect.stringContaining("portal") },
    });
    expect(JSON.stringify(report)).not.toContain(KEY);
  });

  test("is unhealthy from the beginning of a shutdown on", async () => {
    const { host, chat, room } = await twoHubs();
    for (const stub of [chat, room]) stub.set("primary", { isOnline: true, connected: 2 });
    expect(host.health().status).toBe("healthy");
    const ended = host.shutdown();
    expect(host.health()).toMatchObject({ status: "unhealthy", lastError: { code: "STOPPED" } });
    await ended;
  });
});

describe("the log", () => {
  test("is told once of each change that lasts, and of none that passes", async () => {
    const { host, clock, probe, chat, room } = await twoHubs();
    const told = () => probe.of("HealthChanged").map(({ level, message }) => [level, message]);
    for (const stub of [chat, room]) stub.set("primary", { isOnline: true, connected: 2 });
    clock.advance(4999);
    expect(told()).toEqual([]);
    clock.advance(1);
    expect(told()).toEqual([["info", "The Azure SignalR service signalr is healthy."]]);

    chat.set("primary", { isOnline: false, connected: 0 });
    clock.advance(3000);
    chat.set("primary", { isOnline: true, connected: 2 });
    clock.advance(60_000);
    expect(told()).toHaveLength(1);

    const failure = { code: "CONNECTION_REFUSED", message: "refused", at: NOON } as const;
    chat.set("primary", { isOnline: false, connected: 0, failure });
    for (let attempt = 0; attempt < 20; attempt++) {
      clock.advance(1000);
      chat.set("primary", { isOnline: false, connected: 0, failure });
    }
    expect(told().slice(1)).toEqual([
      [
        "warn",
        "The Azure SignalR service signalr is degraded: hub chathub has 0 of 2 connections to https://primary.example (CONNECTION_REFUSED).",
      ],
    ]);
    room.set("primary", { isOnline: false, connected: 0 });
    clock.advance(5000);
    expect(told().at(-1)?.[0]).toBe("error");
    expect(told()).toHaveLength(3);
    await host.shutdown();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("probe()", () => {
  test("asks the service: HEAD /api/health without a token", async () => {
    await using service = await HttpService.start(always(200));
    const { host, stubs } = buildHost({ connectionString: `Endpoint=${service.url};AccessKey=${KEY}` });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    const report = await host.probe();
    expect(report).toMatchObject({
      status: "healthy",
      endpoints: [{ status: "healthy", answer: { isWell: true, status: 200, milliseconds: expect.any(Number) } }],
    });
    expect(service.requests.map(({ method, url, headers }) => [method, url, headers.authorization])).toEqual([
      ["HEAD", "/api/health", undefined],
    ]);
  });

  test.each([503, 302, 404])("is unhealthy when the service answers with %i, whatever is connected", async (status) => {
    await using service = await HttpService.start(always(status, "", { location: "http://127.0.0.1:9/" }));
    const { host, stubs } = buildHost({ connectionString: `Endpoint=${service.url};AccessKey=${KEY}` });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    expect(host.health().status).toBe("healthy");
    expect(await host.probe()).toMatchObject({
      status: "unhealthy",
      endpoints: [{ status: "unhealthy", answer: { isWell: false, status } }],
    });
  });

  test("waits no longer than it may, and says why there is no answer", async () => {
    await using silent = await HttpService.start(() => {});
    const { host } = buildHost({ connectionString: `Endpoint=${silent.url};AccessKey=${KEY}` });
    const report = await host.probe({ timeout: 50 });
    expect(report).toMatchObject({
      status: "unhealthy",
      endpoints: [{ answer: { isWell: false, message: expect.stringMatching(/^HEAD http:.*\/api\/health failed: /) } }],
    });
    expect(report.endpoints[0]?.answer).not.toHaveProperty("status");
    expect(JSON.stringify(report)).not.toContain(KEY);
    for (const timeout of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(host.probe({ timeout })).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    }
  });

  test("is degraded when one of two endpoints does not answer well", async () => {
    await using well = await HttpService.start(always(200));
    await using ill = await HttpService.start(always(500));
    const endpoints = [well, ill].map(({ url }, index) => ({
      name: `e${index}`,
      connectionString: `Endpoint=${url};AccessKey=${KEY}`,
    }));
    const { host } = buildHost({ connectionString: undefined as never, endpoints });
    const report = await host.probe();
    expect([report.status, report.endpoints.map(({ status }) => status)]).toEqual([
      "degraded",
      ["healthy", "unhealthy"],
    ]);
  });

  test("tells what is known when there is nobody to ask", async () => {
    const { host } = buildHost({ connectionString: "" });
    expect(await host.probe()).toMatchObject({
      status: "unhealthy",
      lastError: { code: "CONNECTION_STRING_MISSING" },
    });
    await host.shutdown();
    expect((await host.probe()).status).toBe("unhealthy");
  });
});

describe("what monitors get", () => {
  const report = (status: HealthReport["status"]): HealthReport => ({
    status,
    since: "2026-01-01T12:00:00.000Z",
    hubs: [],
    endpoints: [],
  });

  test.each([
    ["healthy", {}, 200],
    ["degraded", {}, 200],
    ["degraded", { acceptDegraded: false }, 503],
    ["unhealthy", {}, 503],
    ["unhealthy", { kind: "liveness" }, 200],
  ] as const)("is for %s with %o the status %i", (status, options, expected) => {
    expect(healthAnswerer(() => report(status), options)().status).toBe(expected);
  });

  test("is the whole report, or the status alone where strangers read it", () => {
    const known = report("degraded");
    expect(JSON.parse(healthAnswerer(() => known)().body)).toEqual(known);
    expect(JSON.parse(healthAnswerer(() => known, { details: false })().body)).toEqual({ status: "degraded" });
    expect(JSON.parse(healthAnswerer(() => known, { kind: "liveness" })().body)).toEqual({ status: "alive" });
  });

  test("is refused at once for a kind that is none", () => {
    expect(() => healthAnswerer(() => report("healthy"), { kind: "startup" as never })).toThrow(SignalRError);
  });
});
