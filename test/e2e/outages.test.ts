import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/base/probe.js";
import { AckRegistry } from "../../src/connections/acks.js";
import { ServiceContainer } from "../../src/connections/endpoints.js";
import type { Dial } from "../../src/connections/socket.js";
import type { ConnectionTuning } from "../../src/connections/tuning.js";
import { dialWebSocket } from "../../src/connections/ws-socket.js";
import { countedTokens } from "../support/connection-harness.js";
import { endpointAt, FakeService } from "../support/fake-service.js";
import { ManualClock } from "../support/manual-clock.js";
import { eventually, turns } from "../support/polling.js";
import { RecordingProbe } from "../support/recording-probe.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/*
 * The service is away for minutes, in every way that it can be. Sockets are real, time is not. What must hold: the
 * pool comes back by itself, it asks seldom meanwhile, and its log says once what is wrong and what to do.
 */

const SLOTS = 2;
const OUTAGE_SECONDS = 130;
/** Attempts in that time: after 0, 1, 3, 7, 15, 31, 63 and 123 seconds. */
const ATTEMPTS = 8;

let service: FakeService;
let port: number;
let clock: ManualClock;
let probe: RecordingProbe;
let container: ServiceContainer;
/** Times of dialing, in seconds. */
let dials: number[];
/** Dialed, and neither open nor closed yet. */
let dialing: number;
let mostDialing: number;
/** Set by a test: where dialing leads in place of the service. */
let redirect: ((url: string) => string) | undefined;

const dial: Dial = (request, handlers) => {
  dials.push(clock.now() / 1000);
  dialing += 1;
  mostDialing = Math.max(mostDialing, dialing);
  let isDialing = true;
  const settled = (): void => {
    if (isDialing) dialing -= 1;
    isDialing = false;
  };
  const url = redirect === undefined ? request.url : redirect(request.url);
  return dialWebSocket(
    { ...request, url },
    {
      onOpen: () => {
        settled();
        handlers.onOpen();
      },
      onBytes: (chunk) => handlers.onBytes(chunk),
      onClose: (reason) => {
        settled();
        handlers.onClose(reason);
      },
    },
  );
};

async function connect(at: number, tuning: ConnectionTuning = {}): Promise<void> {
  container = new ServiceContainer({
    hub: "chathub",
    endpoints: [endpointAt(at)],
    tokens: countedTokens,
    settings: { connectionCount: SLOTS },
    serverName: "server-1",
    acks: new AckRegistry({ clock }),
    probe,
    clock,
    random: () => 0,
    dial,
    tuning,
    clientsInHub: () => 0,
    onMessage: () => {},
    onConnectionClosed: () => {},
    onInstanceOffline: () => {},
  });
  container.start();
  await eventually(() => openNow() === SLOTS);
  // They have lasted: what breaks from now on is a new story.
  clock.advance(6_000);
  dials = [];
  mostDialing = 0;
}

const openNow = (): number => {
  const [endpoint] = container.status().endpoints;
  return endpoint?.connections.filter(({ state }) => state === "open").length ?? 0;
};

/** Lets the outage last; `isQuick`: each attempt has its answer at once. */
async function wait(seconds: number, isQuick: boolean): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    if (isQuick) await eventually(() => dialing === 0);
    await turns(2);
    clock.advance(1000);
  }
  if (isQuick) await eventually(() => dialing === 0);
}

/** Moves the time until all is well again: a minute and a bit, at most. */
async function recover(): Promise<number> {
  let seconds = 0;
  while (openNow() < SLOTS && seconds < 70) {
    clock.advance(1000);
    seconds += 1;
    await turns(20);
  }
  await eventually(() => openNow() === SLOTS);
  return seconds;
}

const loud = (): LogRecord[] => probe.records.filter(({ level }) => level === "warn" || level === "error");
const loudEvents = (): string[] => loud().map(({ event }) => event);
const saying = (event: string): string => loud().find((record) => record.event === event)?.message ?? "";
const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - (times[index] ?? 0));

beforeEach(async () => {
  clock = new ManualClock();
  probe = new RecordingProbe();
  dials = [];
  dialing = 0;
  mostDialing = 0;
  redirect = undefined;
  service = await FakeService.start();
  port = service.port;
});

afterEach(async () => {
  const stopped = container.stop();
  await service.stop();
  await stopped;
  expect(clock.pendingTimers).toBe(0);
  // No key and no token, whatever went wrong.
  expect(JSON.stringify(probe.records.map(({ message, attributes }) => [message, attributes]))).not.toMatch(
    /only tests know|token-\d/,
  );
});

describe("minutes without the service", () => {
  test("because nobody listens, ten of them: it is asked ever more seldom, once a minute at last, and found again", async () => {
    await connect(port);
    await service.stop();
    await eventually(() => openNow() === 0);
    await wait(600, true);
    // The first two come at once: the loss itself, and the first failure.
    expect(gaps(dials)).toEqual([
      1,
      2,
      4,
      8,
      16,
      32,
      ...gaps(dials)
        .slice(6)
        .map(() => 60),
    ]);
    expect(dials.length).toBeLessThan(18);
    expect(mostDialing).toBe(1);
    expect(loudEvents()).toEqual(["EndpointOffline", "FailedToConnect"]);
    expect(saying("FailedToConnect")).toMatch(/Nobody listens.*ECONNREFUSED.*check the Endpoint.*It is tried again\.$/);
    service = await FakeService.start(port);
    expect(await recover()).toBeLessThanOrEqual(61);
    expect(probe.events("info").at(-2)).toBe("EndpointOnline");
    expect(loudEvents()).toHaveLength(2);
  });

  test.each([
    [
      "the name is not known",
      (url: string) => url.replace("127.0.0.1", `${"x".repeat(64)}.invalid`),
      /cannot be resolved \((ENOTFOUND|EAI_AGAIN)\).*DNS/,
    ],
    ["it is no TLS that answers", (url: string) => url.replace("ws:", "wss:"), /No TLS connection .*scheme/],
  ])("because %s", async (_name, broken, sentence) => {
    await connect(port);
    redirect = broken;
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    await wait(OUTAGE_SECONDS, true);
    expect(dials.length).toBeLessThanOrEqual(ATTEMPTS);
    expect(mostDialing).toBe(1);
    expect(loudEvents()).toEqual(["EndpointOffline", "FailedToConnect"]);
    expect(saying("FailedToConnect")).toMatch(sentence);
    redirect = undefined;
    expect(await recover()).toBeLessThanOrEqual(61);
  });

  test("because TLS finds no common ground", async () => {
    const server: TlsServer = createTlsServer({});
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const tlsPort = typeof address === "object" ? address?.port : undefined;
    await connect(port);
    redirect = (url) => url.replace("ws:", "wss:").replace(String(port), String(tlsPort));
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    await wait(120, true);
    server.close();
    expect(loudEvents()).toEqual(["EndpointOffline", "FailedToConnect"]);
    expect(saying("FailedToConnect")).toMatch(/No TLS connection/);
    redirect = undefined;
    expect(await recover()).toBeLessThanOrEqual(61);
  });

  test.each([
    [401, /HTTP 401: the token was not accepted; check that the access key/],
    [404, /HTTP 404: .*as in Serverless mode; set the Service Mode to Default/],
    [503, /HTTP 503: the service is unavailable/],
  ])("because it answers with %d", async (status, sentence) => {
    await connect(port);
    service.refuseWith = status;
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    await wait(OUTAGE_SECONDS, true);
    expect(service.requests.length - SLOTS).toBeLessThanOrEqual(ATTEMPTS);
    expect(mostDialing).toBe(1);
    expect(loudEvents()).toEqual(["EndpointOffline", "FailedToConnect"]);
    expect(saying("FailedToConnect")).toMatch(sentence);
    service.refuseWith = undefined;
    expect(await recover()).toBeLessThanOrEqual(61);
  });

  test("because it refuses the handshake, in words that would forge a log", async () => {
    await connect(port);
    service.handshake = { error: `no room\r\nerror: ${"x".repeat(100_000)}` };
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    await wait(OUTAGE_SECONDS, true);
    expect(dials.length).toBeLessThanOrEqual(ATTEMPTS);
    expect(loudEvents()).toEqual(["EndpointOffline", "HandshakeError"]);
    expect(saying("HandshakeError")).toMatch(
      /^Could not connect to .{0,100}: The service refused the handshake: no room error: x{400,500}… It is tried again\.$/,
    );
    service.handshake = "accept";
    expect(await recover()).toBeLessThanOrEqual(61);
  });

  test.each([
    ["the websocket", "CONNECTION_REFUSED", /was not open after 30 s; check the network, the firewall and the proxy/],
    ["the handshake", "CONNECTION_HANDSHAKE_TIMEOUT", /did not answer the handshake within 15 s/],
  ])("because it takes connections and never answers %s", async (what, code, sentence) => {
    await connect(port);
    if (what === "the websocket") service.refuseWith = 0;
    else service.handshake = "silent";
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    await wait(OUTAGE_SECONDS, false);
    // One that has no answer when its time is over does not hold up the next one, so both may be on their way.
    expect(dials.length).toBeLessThanOrEqual(ATTEMPTS);
    expect(gaps(dials).slice(-2)).toEqual([16, 32]);
    // One more: a websocket that was given up closes a moment after the next one was dialed.
    expect(mostDialing).toBeLessThanOrEqual(SLOTS + 1);
    expect(loudEvents()).toEqual(["EndpointOffline", "FailedToConnect"]);
    expect(saying("FailedToConnect")).toMatch(sentence);
    expect(container.status().endpoints[0]?.failure).toMatchObject({ code });
    service.refuseWith = undefined;
    service.handshake = "accept";
    expect(await recover()).toBeLessThanOrEqual(61);
  });
});

describe("connections that are open and are none", () => {
  test("half open ones are found by their silence, said once, and replaced", async () => {
    const proxy = await TcpProxy.start(port);
    await connect(proxy.port);
    proxy.freeze();
    clock.advance(24_000);
    expect(openNow()).toBe(SLOTS);
    clock.advance(5_000);
    expect(openNow()).toBe(0);
    await eventually(() => openNow() === SLOTS);
    expect(proxy.taken).toBe(2 * SLOTS);
    expect(loudEvents()).toEqual(["ServiceTimeout", "EndpointOffline"]);
    expect(saying("ServiceTimeout")).toMatch(
      /Nothing was received .* more than 30 s.* look for a firewall, proxy or NAT/,
    );
    await proxy.stop();
  });

  test("a service that takes each connection and ends it at once with an error is not stormed", async () => {
    await connect(port);
    service.alongHandshake = [{ kind: "serviceError", errorMessage: "the hub is full" }];
    const end = async (): Promise<void> => {
      await turns(2);
      for (const connection of service.openConnections) {
        if (connection.ofKind("handshakeRequest").length > 0) connection.close();
      }
      await turns(2);
    };
    for (const connection of service.connections) connection.drop();
    await eventually(() => openNow() === 0);
    for (let second = 0; second < 600; second += 1) {
      await end();
      await end();
      clock.advance(1000);
    }
    await eventually(() => dialing === 0);
    const inFirst3s = dials.filter((at) => at < (dials[0] ?? 0) + 3).length;
    expect(inFirst3s).toBeLessThanOrEqual(3 * SLOTS + 2);
    expect(dials.length).toBeLessThan(24);
    expect(loudEvents()).toEqual(["EndpointOffline", "ReceivedServiceErrorMessage", "ConnectionsDoNotLast"]);
    expect(saying("ReceivedServiceErrorMessage")).toBe("The service reported an error: the hub is full.");
    service.alongHandshake = [];
    expect(await recover()).toBeLessThanOrEqual(70);
    expect(probe.of("ConnectionsLast")).toHaveLength(1);
    expect(loudEvents()).toHaveLength(3);
  });

  test("after calm the same failure is news again", async () => {
    await connect(port);
    for (let outage = 1; outage <= 2; outage += 1) {
      service.refuseWith = 503;
      for (const connection of service.connections) connection.drop();
      await eventually(() => openNow() === 0);
      await wait(30, true);
      service.refuseWith = undefined;
      await recover();
      clock.advance(6_000);
      expect(loudEvents()).toHaveLength(2 * outage);
    }
  });
});
