import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub, type ServerStickyMode } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HubServer } from "../support/hub-server.js";

class PlainHub extends Hub {}

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
});

afterAll(() => emulator.stop());

/** Two hub servers of one application, each with its own mode as in a deployment: the same. */
async function servers(serverStickyMode: ServerStickyMode): Promise<readonly [HubServer, HubServer]> {
  const options = { serverStickyMode, connectionCount: 2, hubs: { "/hub": PlainHub } };
  return [await HubServer.start(options, emulator), await HubServer.start(options, emulator)];
}

const counts = (...pair: readonly HubServer[]): number[] =>
  pair.map(({ hubs }) => hubs.health().hubs.reduce((sum, { clients }) => sum + clients, 0));

/** Negotiates with the server, but connects only when it is told to. */
async function ticketOf(server: HubServer): Promise<HubConnection> {
  const reply = await fetch(`${server.origin}/hub/negotiate`, { method: "POST" });
  const { url, accessToken } = (await reply.json()) as { url: string; accessToken: string };
  return new HubConnectionBuilder()
    .withUrl(url, {
      accessTokenFactory: () => accessToken,
      skipNegotiation: true,
      transport: HttpTransportType.WebSockets,
    })
    .configureLogging(LogLevel.None)
    .build();
}

test.each(["Required", "Preferred"] as const)("%s: clients come back to the server that negotiated", async (mode) => {
  const [one, two] = await servers(mode);
  for (let count = 0; count < 4; count += 1) await one.connect("/hub");
  await two.connect("/hub");
  expect(counts(one, two)).toEqual([4, 1]);
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

test("Disabled: clients go to the server with fewer of them, whoever negotiated", async () => {
  const [one, two] = await servers("Disabled");
  for (let count = 0; count < 6; count += 1) await one.connect("/hub");
  expect(counts(one, two)).toEqual([3, 3]);
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

test.each([
  ["Required", false],
  ["Preferred", true],
  ["Disabled", true],
] as const)("%s: whether a client gets in when its server is gone: %s", async (mode, getsIn) => {
  const [one, two] = await servers(mode);
  const client = await ticketOf(one);
  await one[Symbol.asyncDispose]();
  const outcome = await client.start().then(
    () => true,
    () => false,
  );
  expect(outcome).toBe(getsIn);
  expect(counts(two)).toEqual([getsIn ? 1 : 0]);
  await client.stop();
  await two[Symbol.asyncDispose]();
});
