import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeServerConnection, FakeService } from "../../test/support/fake-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { eventually, turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { createAccessKeyTokens } from "../auth/access-key.js";
import { SERVICE_DEFAULTS } from "../config/options.js";
import { AckRegistry } from "../connections/acks.js";
import { connectionMigration } from "../hub/features.js";
import { Hub } from "../hub/hub.js";
import { resolveHubOptions } from "../hub/options.js";
import type { ServiceMessage, WireHeaders } from "../protocol/service/messages.js";
import { finAckPing } from "../protocol/service/pings.js";
import { HubHost } from "./hub-host.js";

const END = "\u001e";
const ID = "client-1";

let told: unknown[];
let open: (value: string) => void;

class MovingHub extends Hub {
  override onConnected() {
    told.push(["connected", this.context.features.get(connectionMigration)]);
  }
  override onDisconnected(error?: Error) {
    told.push(["disconnected", this.context.features.get(connectionMigration), error]);
  }
  echo(text: string) {
    return text;
  }
  async gated() {
    const { signal } = this;
    const value = await new Promise<string>((resolve) => {
      open = resolve;
    });
    told.push(["gated", signal.aborted]);
    return value;
  }
}

let service: FakeService;
let clock: ManualClock;
let host: HubHost;
let link: FakeServerConnection;

beforeEach(async () => {
  told = [];
  service = await FakeService.start();
  clock = new ManualClock(Date.now());
  host = new HubHost({
    hubClass: MovingHub,
    options: resolveHubOptions(),
    settings: {
      name: "signalr",
      ...SERVICE_DEFAULTS,
      connectionCount: 1,
      gracefulShutdown: { mode: "MigrateClients", timeout: 30_000 },
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
});

afterEach(async () => {
  await host.close();
  await service.stop();
});

function come(headers: WireHeaders = []): void {
  link.send(
    { kind: "openConnection", connectionId: ID, claims: [], headers, queryString: "", ext: { protocol: "json" } },
    bytes(`{"protocol":"json","version":1}${END}`),
  );
}

const bytes = (text: string): ServiceMessage => ({
  kind: "connectionData",
  connectionId: ID,
  payload: Buffer.from(text),
});
const call = (target: string, invocationId: string, ...args: unknown[]) =>
  bytes(JSON.stringify({ type: 1, target, invocationId, arguments: args }) + END);
const control = (operation: number): ServiceMessage => ({
  kind: "connectionFlowControl",
  connectionId: ID,
  connectionType: 1,
  operation,
});
const moveTo = (server: string): ServiceMessage => ({
  kind: "closeConnection",
  connectionId: ID,
  errorMessage: "",
  headers: [["Asrs-Migrate-To", [server]]],
});

/** What the service got for the client, pauses as the word `paused`. */
const answers = () =>
  link.received.flatMap((message) => {
    if (message.kind === "connectionData") return [Buffer.from(message.payload).toString().replaceAll(END, "")];
    if (message.kind === "connectionFlowControl") return ["paused"];
    return message.kind === "closeConnection" ? ["closed"] : [];
  });
const result = (invocationId: string, value: string) => ({ type: 3, invocationId, result: value });

/** All that was sent before has been handled. */
async function handled(): Promise<void> {
  const before = link.received.length;
  link.send({ kind: "ping", messages: ["echo", "there"] });
  await service.until(() => link.received.slice(before).some((message) => message.kind === "ping"));
}

/** Begins a shutdown, up to the service's word. */
async function shutDown(): Promise<{ readonly over: Promise<void> }> {
  const over = host.stop();
  await link.take("ping");
  link.send(finAckPing());
  await handled();
  return { over };
}

describe("a client that comes from another server", () => {
  test("is told nothing of its handshake, and the hub who sent it", async () => {
    come([["asrs-migrate-from", ["server-0"]]]);
    link.send(call("echo", "1", "hi"));
    await link.take("connectionData");
    expect(answers().map((text) => JSON.parse(text))).toEqual([result("1", "hi")]);
    expect(told).toEqual([["connected", { from: "server-0" }]]);
  });

  test("and goes on to a third one, is known with both", async () => {
    come([["Asrs-Migrate-From", ["server-0"]]]);
    link.send(moveTo("server-2"));
    await eventually(() => told.length === 2);
    expect(told[1]).toEqual(["disconnected", { from: "server-0", to: "server-2" }, undefined]);
  });

  test("and then leaves, has really left", async () => {
    come([["Asrs-Migrate-From", ["server-0"]]]);
    link.send({ kind: "closeConnection", connectionId: ID, errorMessage: "", headers: [] });
    await eventually(() => told.length === 2);
    expect(told[1]).toEqual(["disconnected", { from: "server-0" }, undefined]);
  });
});

test("a client that was never moved has no such feature", async () => {
  come();
  link.send({ kind: "closeConnection", connectionId: ID, errorMessage: "", headers: [] });
  await eventually(() => told.length === 2);
  expect(told).toEqual([
    ["connected", undefined],
    ["disconnected", undefined, undefined],
  ]);
});

test("after a client has moved, nothing of it is sent: no close, no answer of a call that still ran", async () => {
  come();
  link.send(call("gated", "1"));
  await handled();
  link.send(moveTo("server-2"));
  await handled();
  expect(host.clientCount).toBe(0);
  open("too late");
  await eventually(() => told.length === 3);
  expect(told).toEqual([
    ["connected", undefined],
    ["disconnected", { to: "server-2" }, undefined],
    ["gated", true],
  ]);
  link.send(call("echo", "2", "late"));
  await handled();
  expect(answers()).toEqual(["{}"]);
});

describe("a pause", () => {
  test("is answered at once while the server does not shut down", async () => {
    come();
    link.send(call("gated", "1"), control(1));
    await handled();
    expect(answers()).toEqual(["{}", "paused"]);
    open("held back");
    await turns();
    link.send(control(3));
    await link.take("connectionData", 2);
    expect(JSON.parse(answers()[2] ?? "")).toEqual(result("1", "held back"));
  });

  test("in a shutdown is answered when the client's calls are", async () => {
    come();
    link.send(call("gated", "1"), call("echo", "2", "behind"));
    const { over } = await shutDown();
    link.send(control(1), control(1));
    await handled();
    expect(answers()).toEqual(["{}"]);
    open("done");
    await link.take("connectionFlowControl");
    const [, first = "", second = "", ...rest] = answers();
    expect([JSON.parse(first), JSON.parse(second)]).toEqual([result("1", "done"), result("2", "behind")]);
    expect(rest).toEqual(["paused"]);
    link.send(moveTo("server-2"));
    await over;
    expect(told.at(-1)).toEqual(["disconnected", { to: "server-2" }, undefined]);
    expect(answers().slice(3)).toEqual(["paused"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("in a shutdown waits two seconds for calls, and answers them with an error then", async () => {
    come();
    link.send(call("gated", "1"));
    const { over } = await shutDown();
    link.send(control(1));
    await handled();
    clock.advance(2000);
    await link.take("connectionFlowControl");
    expect(answers()[1]).toContain("The server shut down before the call had ended.");
    open("too late");
    // The other server is gone: the client stays, and gets nothing twice.
    link.send(control(3), call("echo", "2", "back"));
    await link.take("connectionData", 3);
    expect(JSON.parse(answers()[3] ?? "")).toEqual(result("2", "back"));
    link.send(moveTo("server-2"));
    await over;
    expect(answers()).toHaveLength(4);
  });

  test("that is taken back in time is none", async () => {
    come();
    link.send(call("gated", "1"));
    const { over } = await shutDown();
    link.send(control(1), control(3));
    await handled();
    clock.advance(2000);
    await handled();
    expect(answers()).toEqual(["{}"]);
    open("done");
    await link.take("connectionData", 2);
    expect(JSON.parse(answers()[1] ?? "")).toEqual(result("1", "done"));
    link.send(moveTo("server-2"));
    await over;
  });
});
