import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { TLSSocket } from "node:tls";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type ExpressSignalROptions, signalr } from "azure-signalr-server/express";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createWebSocketDial } from "../../src/connections/ws-socket.js";
import { createNetwork } from "../../src/network/network.js";
import { RestClient } from "../../src/rest/rest-client.js";
import { makeCertificate } from "../support/certificate.js";
import { ConnectProxy } from "../support/connect-proxy.js";
import { ContainerHarness } from "../support/container-harness.js";
import { endpointOf, tokensOf } from "../support/emulator-peers.js";
import { FakeService } from "../support/fake-service.js";
import { always, HttpService } from "../support/http-service.js";
import { HubServer } from "../support/hub-server.js";
import { ManualClock } from "../support/manual-clock.js";
import { eventually, turns } from "../support/polling.js";

class EchoHub extends Hub {
  echo(text: string) {
    return text;
  }
}

const PASSWORD = "a-password-nobody-may-see";
const certificate = makeCertificate("tests of https and wss");

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
});

afterAll(() => emulator.stop());

afterEach(() => {
  vi.unstubAllEnvs();
});

const keyOf = ({ connectionString }: Emulator) => /AccessKey=[^;]+/.exec(connectionString)?.[0] ?? "";

/** An endpoint whose name nobody but a proxy knows; its clients come directly. */
const hiddenEndpoint = (running = emulator) =>
  `Endpoint=http://service.test;${keyOf(running)};ClientEndpoint=http://127.0.0.1:${running.port}`;

/** Hubs of which nobody expects that they connect, and what is logged. */
function lonelyHubs(options: ExpressSignalROptions) {
  const records: string[] = [];
  const configuration = { values: {} };
  const logger = loggerInto(records);
  const hubs = signalr.named("signalr", { configuration, connectionCount: 1, logger, ...options });
  hubs.mapHub("/echo", EchoHub);
  return { hubs, records };
}

function loggerInto(records: string[]) {
  const note = (text: string): void => void records.push(text);
  return { debug: note, info: note, warn: note, error: note };
}

const started = (options: ExpressSignalROptions): Promise<HubServer> =>
  HubServer.start({ connectionCount: 1, hubs: { "/echo": EchoHub }, ...options }, emulator);

async function echoThrough(server: HubServer): Promise<unknown> {
  const client = await server.connect("/echo");
  return client.invoke("echo", "hello");
}

describe("a proxy", () => {
  test("carries the server connections, by the option", async () => {
    await using proxy = await ConnectProxy.start({ ports: { "service.test:80": emulator.port } });
    await using server = await started({ connectionString: hiddenEndpoint(), proxy: proxy.url, connectionCount: 3 });
    expect(await echoThrough(server)).toBe("hello");
    await eventually(() => proxy.size === 3);
    expect(new Set(proxy.asked)).toEqual(new Set(["service.test:80"]));
  });

  test("is found in the environment, with its user and password", async () => {
    const credentials = `user:${PASSWORD}`;
    await using proxy = await ConnectProxy.start({ ports: { "service.test:80": emulator.port }, credentials });
    vi.stubEnv("HTTP_PROXY", proxy.url.replace("//", `//${credentials}@`));
    vi.stubEnv("NO_PROXY", "other.test");
    const records: string[] = [];
    await using server = await started({ connectionString: hiddenEndpoint(), logger: loggerInto(records) });
    expect(await echoThrough(server)).toBe("hello");
    expect(records.join("\n")).not.toContain(PASSWORD);
  });

  test("that wants a password, or refuses, is told with what to do", async () => {
    await using proxy = await ConnectProxy.start({ credentials: "user:another" });
    const { hubs, records } = lonelyHubs({
      connectionString: hiddenEndpoint(),
      proxy: proxy.url.replace("//", `//user:${PASSWORD}@`),
    });
    await eventually(() => records.some((text) => text.includes("HTTP 407")));
    const text = records.find((record) => record.includes("HTTP 407"));
    expect(text).toMatch(/service\.test \(through the proxy 127\.0\.0\.1:\d+\).*the proxy wants a user and a password/);
    expect(records.join("\n")).not.toContain(PASSWORD);
    expect(hubs.health().status).toBe("unhealthy");
    await hubs.shutdown();
  });

  test("that is not there is told, and that an option cannot be used stops the start", async () => {
    const { hubs, records } = lonelyHubs({ connectionString: hiddenEndpoint(), proxy: "http://127.0.0.1:9" });
    await eventually(() => records.some((text) => text.includes("ECONNREFUSED")));
    expect(records.find((text) => text.includes("ECONNREFUSED"))).toContain("through the proxy 127.0.0.1:9");
    expect(hubs.health().status).toBe("unhealthy");
    await hubs.shutdown();
    const wrong = lonelyHubs({ connectionString: hiddenEndpoint(), proxy: "socks5://127.0.0.1:9" });
    await expect(wrong.hubs.started()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("carries REST calls", async () => {
    await using proxy = await ConnectProxy.start();
    await using service = await HttpService.start(always(200, "well"));
    const client = new RestClient({ userAgent: "test/1", network: createNetwork({ proxy: proxy.url }) });
    const answer = await client.send({ method: "GET", url: `${service.url}/api/health`, token: "secret" });
    expect(answer).toMatchObject({ status: 200, text: "well" });
    expect(proxy.asked).toEqual([service.url.slice("http://".length)]);
    expect(service.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  test("that cuts idle connections does not cut ours: the pings of both sides keep them in use", async () => {
    const clock = new ManualClock(Date.now());
    await using beating = await startEmulator({ port: 0, clock });
    await using proxy = await ConnectProxy.start({ idle: { clock, limitMs: 8_000 } });
    const dial = createWebSocketDial(createNetwork({ proxy: proxy.url }));
    const tokens = () => tokensOf(beating, "server-1", clock);
    const harness = new ContainerHarness({ endpoints: [endpointOf(beating)], tokens, dial }, clock);
    await harness.start();
    for (let round = 0; round < 24; round += 1) {
      clock.advance(5_000);
      await turns(30);
    }
    expect([proxy.idleCuts, proxy.size, harness.closes.length]).toEqual([0, 1, 0]);
    await harness.container.stop();
  });

  test("that cuts idle connections does so where nobody pings, and the connection is replaced", async () => {
    const clock = new ManualClock();
    const silent = await FakeService.start();
    await using proxy = await ConnectProxy.start({ idle: { clock, limitMs: 8_000 } });
    const dial = createWebSocketDial(createNetwork({ proxy: proxy.url }));
    const harness = new ContainerHarness({ endpoints: [silent.endpoint()], dial }, clock);
    await harness.start();
    clock.advance(9_000);
    await eventually(() => harness.closes.length === 1);
    expect(proxy.idleCuts).toBe(1);
    await silent.until(() => silent.openConnections.length === 1 && silent.connections.length === 2);
    const stopped = harness.container.stop();
    await silent.stop();
    await stopped;
  });
});

describe.skipIf(certificate === undefined)("a service with a certificate of its own", () => {
  const tls = certificate ?? { key: "", cert: "" };
  let secure: Emulator;

  beforeAll(async () => {
    secure = await startEmulator({ port: 0, tls });
  });

  afterAll(() => secure.stop());

  test("is reached over wss when its authority is trusted, directly and through an https proxy", async () => {
    const port = secure.port;
    await using proxy = await ConnectProxy.start({ tls, ports: { "service.test:443": port } });
    const options = { tls: { ca: tls.cert } };
    for (const [endpoint, way] of [
      [`https://localhost;Port=${port}`, {}],
      ["https://service.test", { proxy: proxy.url }],
    ] as const) {
      const connectionString = `Endpoint=${endpoint};${keyOf(secure)};ClientEndpoint=http://127.0.0.1:9`;
      await using server = await started({ connectionString, ...options, ...way });
      expect(server.hubs.health().status).toBe("healthy");
    }
    expect(proxy.asked).toEqual(["service.test:443"]);
  });

  test("is not trusted without: the log says what to look at", async () => {
    const connectionString = `Endpoint=https://localhost;Port=${secure.port};${keyOf(secure)}`;
    const { hubs, records } = lonelyHubs({ connectionString });
    await eventually(() => records.some((text) => text.includes("certificate")));
    expect(records.find((text) => text.includes("certificate"))).toMatch(/NODE_EXTRA_CA_CERTS/);
    expect(hubs.health().status).toBe("unhealthy");
    await hubs.shutdown();
  });

  test("is asked over https by REST calls, directly and through a proxy, with a certificate of ours if it wants one", async () => {
    const seen: string[] = [];
    const server = createTlsServer({ ...tls, requestCert: true, ca: tls.cert }, (request, response) => {
      const socket = request.socket as TLSSocket;
      seen.push(String(socket.getPeerCertificate().subject?.CN));
      response.end("well");
    }).listen(0, "127.0.0.1");
    await eventually(() => server.listening);
    await using proxy = await ConnectProxy.start();
    const url = `https://localhost:${(server.address() as AddressInfo).port}/api/health`;
    const ours = { ca: tls.cert, cert: tls.cert, key: tls.key };
    for (const options of [{ tls: ours }, { tls: ours, proxy: proxy.url }]) {
      const client = new RestClient({ userAgent: "test/1", network: createNetwork(options) });
      expect(await client.send({ method: "HEAD", url })).toMatchObject({ status: 200 });
    }
    expect(seen).toEqual(["127.0.0.1", "127.0.0.1"]);
    expect(proxy.asked).toHaveLength(1);
    const strict = new RestClient({ userAgent: "test/1", network: createNetwork({ proxy: false }) });
    await expect(strict.send({ method: "HEAD", url })).rejects.toMatchObject({ code: "REST_FAILED" });
    server.closeAllConnections();
    server.close();
  });
});

describe("the addresses of a connection string", () => {
  test("Endpoint, Port, ServerEndpoint and ClientEndpoint each lead where they say", async () => {
    await using server = await started({
      connectionString: `Endpoint=http://service.test;Port=1;${keyOf(emulator)};ServerEndpoint=http://localhost:${emulator.port};ClientEndpoint=http://127.0.0.1:${emulator.port}`,
    });
    expect(await echoThrough(server)).toBe("hello");
  });

  test("IPv6 hosts stand in brackets, for servers and clients", async ({ skip }) => {
    if (!(await answersOn("::1", emulator.port))) skip("this machine has no IPv6");
    const connectionString = `Endpoint=http://[::1];Port=${emulator.port};${keyOf(emulator)}`;
    await using server = await started({ connectionString });
    const reply = await fetch(`${server.origin}/echo/negotiate`, { method: "POST" });
    const { url, accessToken } = (await reply.json()) as { url: string; accessToken: string };
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/client\//);
    const client = new HubConnectionBuilder()
      .withUrl(url, {
        accessTokenFactory: () => accessToken,
        skipNegotiation: true,
        transport: HttpTransportType.WebSockets,
      })
      .configureLogging(LogLevel.None)
      .build();
    await client.start();
    expect(await client.invoke("echo", "six")).toBe("six");
    await client.stop();
    const rest = new RestClient({ userAgent: "test/1" });
    const health = `http://[::1]:${emulator.port}/api/health`;
    expect(await rest.send({ method: "HEAD", url: health })).toMatchObject({ status: 200 });
  });
});

function answersOn(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
