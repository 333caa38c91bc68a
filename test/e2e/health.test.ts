import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/polling.js";

class ChatHub extends Hub {}

let emulator: Emulator;
let hubs: SignalRMiddleware;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  hubs = signalr.named("signalr", {
    connectionString: emulator.connectionString,
    configuration: { values: {} },
    connectionCount: 2,
    hubs: { "/chat": ChatHub },
  });
  await hubs.started();
});

afterAll(async () => {
  await hubs.shutdown();
  await emulator.stop();
});

const part = () => hubs.health().hubs[0]?.endpoints[0];

test("health tells how many connections there are and why some are missing, and heals with them", async () => {
  await eventually(() => part()?.connected === 2);
  const begun = hubs.health();
  expect(begun).toMatchObject({ status: "healthy", hubs: [{ status: "healthy", endpoints: [{ wanted: 2 }] }] });
  expect(begun.hubs[0]?.endpoints[0]).not.toHaveProperty("lastError");
  expect(Math.abs(Date.now() - Date.parse(begun.since))).toBeLessThan(30_000);

  emulator.refuseServers(429);
  const [lost = ""] = emulator.hubs().flatMap(({ servers }) => servers.flatMap(({ connectionIds }) => connectionIds));
  expect(emulator.dropServerConnection(lost)).toBe(true);
  await eventually(() => hubs.health().status === "degraded" && part()?.lastError?.code === "CONNECTION_REFUSED");
  expect(part()).toMatchObject({
    status: "degraded",
    connected: 1,
    wanted: 2,
    lastError: { message: expect.stringContaining("429"), hint: expect.any(String) },
  });

  emulator.dropServerConnections();
  await eventually(() => hubs.health().status === "unhealthy");
  expect(part()).toMatchObject({ status: "unhealthy", connected: 0 });
  // The service itself is well: it only takes no server connections.
  expect((await hubs.probe()).endpoints).toMatchObject([
    { status: "unhealthy", answer: { isWell: true, status: 200 } },
  ]);

  emulator.refuseServers(undefined);
  await eventually(() => part()?.connected === 2);
  expect(hubs.health().status).toBe("healthy");
  expect(await hubs.probe()).toMatchObject({
    status: "healthy",
    endpoints: [{ connected: 2, answer: { isWell: true } }],
  });
  const shown = JSON.stringify(hubs.health());
  expect(shown).not.toContain(/AccessKey=([^;]+)/.exec(emulator.connectionString)?.[1]);
}, 20_000);
