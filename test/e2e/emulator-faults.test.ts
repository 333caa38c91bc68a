import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import { afterAll, beforeAll, expect, test } from "vitest";

const left: string[] = [];

class WorkHub extends Hub {
  override onDisconnected() {
    left.push(this.context.connectionId);
  }
  echo(value: number) {
    return value;
  }
}

let emulator: Emulator;
let hubs: SignalRMiddleware;
let server: Server;
let url: string;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  hubs = signalr.named("signalr", {
    connectionString: emulator.connectionString,
    configuration: { values: {} },
    connectionCount: 2,
  });
  hubs.mapHub("/work", WorkHub);
  server = createServer(hubs).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/work`;
  await hubs.started();
});

afterAll(async () => {
  await hubs.shutdown();
  await emulator.stop();
  server.close();
  server.closeAllConnections();
});

const serverConnections = () => emulator.hubs()[0]?.servers[0]?.connectionIds ?? [];

test("a lost instance ends its clients at their server, and they come back as new ones", async () => {
  const client = new HubConnectionBuilder()
    .withUrl(url)
    .withAutomaticReconnect([0, 20, 20])
    .configureLogging(LogLevel.None)
    .build();
  await client.start();
  const first = client.connectionId;
  const back = new Promise((resolve) => client.onreconnected(resolve));
  emulator.loseInstance();
  expect(await back).not.toBe(first);
  await expect.poll(() => left).toEqual([first]);
  expect(await client.invoke("echo", 1)).toBe(1);
  await client.stop();
});

test("a server that is asked for one more connection opens it", async () => {
  await expect.poll(() => serverConnections().length).toBe(2);
  const before = serverConnections();
  emulator.rebalance("workhub");
  await expect.poll(() => serverConnections().length).toBe(3);
  for (const id of before) expect(serverConnections()).toContain(id);
});

test("a server connection that is cut is replaced", async () => {
  const [first = ""] = serverConnections();
  expect(emulator.dropServerConnection(first)).toBe(true);
  await expect.poll(serverConnections).not.toContain(first);
  await expect.poll(() => serverConnections().length, { timeout: 8000 }).toBeGreaterThanOrEqual(3);
});
