import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeServerConnection, FakeService } from "../../test/support/fake-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { eventually } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { createAccessKeyTokens } from "../auth/access-key.js";
import { SERVICE_DEFAULTS } from "../config/options.js";
import { AckRegistry } from "../connections/acks.js";
import { Hub } from "../hub/hub.js";
import { resolveHubOptions } from "../hub/options.js";
import { HubHost } from "./hub-host.js";

const CLIENTS = 1500;

/** How often onDisconnected ran in each turn of the event loop. */
let ended: Map<number, number>;
let turn: number;

class CrowdedHub extends Hub {
  override onDisconnected() {
    ended.set(turn, (ended.get(turn) ?? 0) + 1);
  }
}

let service: FakeService;
let clock: ManualClock;
let host: HubHost;
let link: FakeServerConnection;

beforeEach(async () => {
  ended = new Map();
  turn = 0;
  service = await FakeService.start();
  clock = new ManualClock(Date.now());
  host = new HubHost({
    hubClass: CrowdedHub,
    options: resolveHubOptions(),
    settings: {
      name: "signalr",
      ...SERVICE_DEFAULTS,
      connectionCount: 1,
      endpoints: [service.endpoint()],
      hub: {},
    },
    serverName: "server-1",
    tokens: (endpoint) =>
      createAccessKeyTokens({ endpoint, serverName: "server-1", algorithm: "HS256", lifetimeMs: 60_000 }),
    acks: new AckRegistry({ clock }),
    probe: new RecordingProbe(),
    clock,
  });
  host.start();
  link = await service.connection(0);
  await host.container.opened();
  for (let number = 0; number < CLIENTS; number += 1) {
    const connectionId = `client-${number}`;
    link.send(
      { kind: "openConnection", connectionId, claims: [], headers: [], queryString: "", ext: { protocol: "json" } },
      { kind: "connectionData", connectionId, payload: Buffer.from('{"protocol":"json","version":1}\u001e') },
    );
  }
  await link.take("connectionData", CLIENTS);
});

afterEach(async () => {
  await host.close();
  await service.stop();
});

const endedInAll = () => [...ended.values()].reduce((sum, count) => sum + count, 0);
const nextTurn = () =>
  new Promise<void>((resolve) => {
    setImmediate(() => {
      turn += 1;
      resolve();
    });
  });

test("clients of a connection that breaks end a few at a time, each once", async () => {
  link.drop();
  while (endedInAll() < CLIENTS) await nextTurn();
  await eventually(() => host.clientCount === 0);
  expect(endedInAll()).toBe(CLIENTS);
  expect(ended.size).toBeGreaterThan(5);
});

test("a shutdown ends them a few at a time, and waits for all", async () => {
  let isClosed = false;
  const closed = host.close().then(() => {
    isClosed = true;
  });
  while (!isClosed) await nextTurn();
  await closed;
  expect(endedInAll()).toBe(CLIENTS);
  expect(host.clientCount).toBe(0);
  expect(ended.size).toBeGreaterThan(5);
});

test("all clients are pinged, those of the later turns too", async () => {
  const before = link.ofKind("connectionData").length;
  for (let second = 0; second < 16; second += 1) {
    clock.advance(1000);
    await nextTurn();
    await nextTurn();
  }
  await service.until(() => link.ofKind("connectionData").length >= before + CLIENTS);
  const pings = link.ofKind("connectionData").slice(before);
  expect(new Set(pings.map(({ connectionId }) => connectionId)).size).toBe(CLIENTS);
});
