import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectionHarness, connectionTo } from "../../test/support/connection-harness.js";
import { type FakeServerConnection, FakeService } from "../../test/support/fake-service.js";
import { eventually, turns } from "../../test/support/polling.js";
import type { ConnectionTuning } from "../connections/tuning.js";
import { ServiceWire } from "./service-wire.js";

let service: FakeService;
let harness: ConnectionHarness;
let link: FakeServerConnection;
let broken: Error[];

beforeEach(async () => {
  service = await FakeService.start();
  broken = [];
});

afterEach(async () => {
  harness.connection.abort(undefined);
  await service.stop();
});

async function wireWith(maxHeldBytes = 1000, tuning: ConnectionTuning = {}): Promise<ServiceWire> {
  harness = connectionTo(service, { tuning });
  harness.connection.start();
  link = await service.connection(0);
  await eventually(() => harness.connection.isOpen);
  const { connection } = harness;
  const onBroken = (error: Error): void => {
    broken.push(error);
  };
  return new ServiceWire({
    connection,
    connectionId: "client-1",
    instanceId: undefined,
    isDiagnostic: false,
    maxHeldBytes,
    onBroken,
  });
}

const sent = () =>
  link.received.flatMap((message) => {
    if (message.kind === "connectionData") return [Buffer.from(message.payload).toString()];
    if (message.kind === "connectionFlowControl") return ["paused"];
    return message.kind === "closeConnection" ? ["closed"] : [];
  });
const send = (wire: ServiceWire, text: string): void => wire.send(Buffer.from(text), "invocation");

describe("a paused client", () => {
  test("gets what was held, in order, when the service lets it go on", async () => {
    const wire = await wireWith();
    send(wire, "a");
    wire.pause();
    send(wire, "b");
    send(wire, "c");
    await service.until(() => sent().length === 2);
    await turns();
    expect(sent()).toEqual(["a", "paused"]);
    wire.resume();
    await service.until(() => sent().length === 4);
    expect(sent()).toEqual(["a", "paused", "b", "c"]);
    expect(broken).toEqual([]);
  });

  test("for whom more waits than allowed is closed, and whoever waits to send goes on", async () => {
    const wire = await wireWith(1000);
    wire.pause();
    const room = wire.ready();
    send(wire, "x".repeat(400));
    send(wire, "y".repeat(400));
    expect(broken).toMatchObject([
      { code: "SEND_BUFFER_FULL", message: expect.stringMatching(/^1100 bytes.*1000 \(maximumBuffered/) },
    ]);
    send(wire, "z");
    wire.resume();
    await room;
    await service.until(() => sent().length === 2);
    await turns();
    expect(sent()).toEqual(["paused", "closed"]);
    expect(broken).toHaveLength(1);
  });

  test("starts to count anew with each pause", async () => {
    const wire = await wireWith(1000);
    for (let pause = 0; pause < 3; pause += 1) {
      wire.pause();
      send(wire, "x".repeat(800));
      wire.resume();
    }
    expect(broken).toEqual([]);
    await service.until(() => sent().length === 6);
  });
});

describe("when the connection can take no more", () => {
  const full = async (): Promise<ServiceWire> => {
    const wire = await wireWith(1000, { highWaterBytes: 1, maxBufferedBytes: 100 });
    send(wire, "x".repeat(200));
    return wire;
  };

  test.each([
    ["a close", (wire: ServiceWire) => wire.close(), 0],
    ["a message", (wire: ServiceWire) => send(wire, "missed"), 1],
    ["a pause", (wire: ServiceWire) => wire.pause(), 1],
  ] as const)("%s throws nothing, and the client is closed as soon as there is room", async (_name, act, failures) => {
    const wire = await full();
    act(wire);
    expect(broken).toHaveLength(failures);
    await service.until(() => sent().length === 2);
    expect(sent()).toEqual(["x".repeat(200), "closed"]);
  });

  test("a pause that comes after something else rejects for nobody", async () => {
    const wire = await full();
    await expect(
      wire.pauseAfter(
        () => Promise.resolve(),
        () => {},
      ),
    ).resolves.toBeUndefined();
    expect(broken).toHaveLength(1);
  });
});
