import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeServerConnection, FakeService } from "../../test/support/fake-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { createAccessKeyTokens } from "../auth/access-key.js";
import { SERVICE_DEFAULTS } from "../config/options.js";
import { AckRegistry } from "../connections/acks.js";
import { Hub } from "../hub/hub.js";
import { resolveHubOptions } from "../hub/options.js";
import type { WireHeaders } from "../protocol/service/messages.js";
import { messageTracingPing } from "../protocol/service/pings.js";
import { HubHost } from "./hub-host.js";
import { createTracingIds } from "./message-tracing.js";

const END = "\u001e";

class TracedHub extends Hub {
  async shout(text: string) {
    await this.clients.all.send("shouted", text);
  }
}

let service: FakeService;
let host: HubHost;
let link: FakeServerConnection;
let probe: RecordingProbe;

beforeEach(async () => {
  service = await FakeService.start();
  const clock = new ManualClock(Date.now());
  probe = new RecordingProbe();
  host = new HubHost({
    hubClass: TracedHub,
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
    probe,
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

const shout = (text: string) => host.context().clients.all.send("shouted", text);

/** All that was sent before has been handled. */
async function handled(): Promise<void> {
  const before = link.received.length;
  link.send({ kind: "ping", messages: ["echo", "there"] });
  await service.until(() => link.received.slice(before).some((message) => message.kind === "ping"));
}

function come(connectionId: string, headers: WireHeaders): void {
  link.send(
    { kind: "openConnection", connectionId, claims: [], headers, queryString: "", ext: { protocol: "json" } },
    { kind: "connectionData", connectionId, payload: Buffer.from(`{"protocol":"json","version":1}${END}`) },
    {
      kind: "connectionData",
      connectionId,
      payload: Buffer.from(`{"type":1,"target":"shout","invocationId":"1","arguments":["${connectionId}"]}${END}`),
    },
  );
}

test("ids have the process's number above and a counter below that starts anew when it is full", () => {
  const next = createTracingIds(0x0abc_def1);
  expect(next()).toBe(0x0abc_def1_0000_0001n);
  expect(next()).toBe(0x0abc_def1_0000_0002n);
  expect(createTracingIds()() >> 60n).toBe(0n);
});

describe("messages to the service", () => {
  test("have a tracing id while the service asks for it, each its own, and are told to the log", async () => {
    await shout("before");
    link.send(messageTracingPing(true));
    await handled();
    await shout("one");
    await shout("two");
    link.send(messageTracingPing(false));
    await handled();
    await shout("after");
    await handled();

    const ids = link.received.flatMap((message) => (message.kind === "broadcastData" ? [message.ext?.tracingId] : []));
    expect(ids).toEqual([undefined, expect.any(BigInt), expect.any(BigInt), undefined]);
    expect(ids[2]).toBe((ids[1] ?? 0n) + 1n);
    expect(probe.of("StartToBroadcastMessage").map((record) => record.attributes?.["tracingId"])).toEqual([
      String(ids[1]),
      String(ids[2]),
    ]);
    expect(probe.of("SucceededToSendMessage")).toHaveLength(2);
  });

  test("are traced in the name of a diagnostic client, and of no other", async () => {
    come("ordinary", []);
    come("diagnostic", [["Asrs-Is-Diagnostic-Client", ["true"]]]);
    await service.until(() => link.received.filter((message) => message.kind === "broadcastData").length === 2);
    const traced = link.received.flatMap((message) =>
      message.kind === "broadcastData"
        ? [[JSON.parse(String(message.payloads[0]?.[1]).replace(END, "")).arguments[0], message.ext !== undefined]]
        : [],
    );
    expect(Object.fromEntries(traced)).toEqual({ ordinary: false, diagnostic: true });
  });

  test("that ask for an answer are traced to its end, and a failure is told", async () => {
    link.send(messageTracingPing(true));
    await handled();
    const join = host.context().groups.add("somebody", "lobby");
    const [question] = await link.take("joinGroupWithAck");
    expect(question?.ext?.tracingId).toBeTypeOf("bigint");
    expect(probe.events()).not.toContain("SucceededToSendMessage");
    link.send({ kind: "ack", ackId: question?.ackId ?? 0, status: 4, message: "no room", payload: null });
    await expect(join).rejects.toThrow("no room");
    expect(probe.of("FailedToSendMessage")[0]?.message).toContain("no room");
  });
});

test("messages of the service that carry an id are told", async () => {
  link.send({
    kind: "closeConnection",
    connectionId: "nobody",
    errorMessage: "",
    headers: [],
    ext: { tracingId: 7n },
  });
  await handled();
  expect(probe.of("RecieveMessageFromService").map((record) => record.attributes?.["tracingId"])).toEqual(["7"]);
});
