import {
  HttpTransportType,
  HubConnectionBuilder,
  HubConnectionState,
  type IHubProtocol,
  JsonHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientUrl } from "../../src/auth/service-urls.js";
import { endpointOf, ScriptedServer, tokensOf } from "../../test/support/emulator-peers.js";
import { createJsonHubProtocol } from "../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../protocol/hub/messagepack.js";
import type { HubMessage } from "../protocol/hub/messages.js";
import type { Payloads } from "../protocol/service/messages.js";
import { type Emulator, startEmulator } from "./index.js";

const ENCODINGS = [createJsonHubProtocol(), createMessagePackHubProtocol()];

let emulator: Emulator;
let server: ScriptedServer;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  server = await ScriptedServer.connect(emulator);
});

afterEach(() => emulator.stop());

interface ConnectionOptions {
  readonly transport?: HttpTransportType;
  readonly skipNegotiation?: boolean;
  readonly reconnects?: boolean;
}

function connection(protocol: IHubProtocol, options: ConnectionOptions = {}) {
  const builder = new HubConnectionBuilder()
    .withUrl(clientUrl(endpointOf(emulator), "chat", { originalPath: "/chat", query: "a=1" }), {
      accessTokenFactory: () => tokensOf(emulator).clientToken("chat", [["asrs.s.uid", "ann"]]),
      transport: options.transport ?? HttpTransportType.WebSockets,
      ...(options.skipNegotiation === undefined ? {} : { skipNegotiation: options.skipNegotiation }),
    })
    .withHubProtocol(protocol)
    .configureLogging(LogLevel.None);
  return (options.reconnects ? builder.withAutomaticReconnect([0, 10, 50]) : builder).build();
}

const payloadsOf = (message: HubMessage): Payloads =>
  ENCODINGS.map((encoding) => [encoding.name, encoding.write(message)] as const);

/** Answers each call of the next client with its own arguments, until the test ends. */
async function echo(): Promise<string> {
  const { connectionId, ext } = await server.next("openConnection");
  const encoding = ENCODINGS.find(({ name }) => name === ext?.protocol) ?? createJsonHubProtocol();
  void (async () => {
    for (;;) {
      const { payload } = await server.next("connectionData", (data) => data.connectionId === connectionId);
      const isHandshake = payload.toString().includes('"protocol"');
      const message = isHandshake ? undefined : encoding.read(payload, 0, payload.length);
      if (message?.type !== 1 || message.invocationId === undefined) continue;
      const { invocationId, arguments: result } = message;
      server.data(connectionId, encoding.write({ type: 3, invocationId, hasResult: true, result }));
    }
  })();
  return connectionId;
}

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

describe.each([
  ["JSON over websockets", () => new JsonHubProtocol(), WebSockets],
  ["MessagePack over websockets", () => new MessagePackHubProtocol(), WebSockets],
  ["JSON over server-sent events", () => new JsonHubProtocol(), ServerSentEvents],
  ["JSON over long polling", () => new JsonHubProtocol(), LongPolling],
  ["MessagePack over long polling", () => new MessagePackHubProtocol(), LongPolling],
])("the official client with %s", (_name, protocol, transport) => {
  test("negotiates, connects, calls and stops", async () => {
    const client = connection(protocol(), { transport });
    const [connectionId] = await Promise.all([echo(), client.start()]);
    expect(client.connectionId).toBe(connectionId);
    expect(await client.invoke("echo", "hällo", 42, null)).toEqual(["hällo", 42, null]);
    await client.stop();
    expect((await server.next("closeConnection")).connectionId).toBe(connectionId);
  });

  test("receives broadcasts in order", async () => {
    const client = connection(protocol(), { transport });
    await Promise.all([echo(), client.start()]);
    const got: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      client.on("news", (n: number) => {
        got.push(n);
        if (n === 99) resolve();
      });
    });
    for (let n = 0; n < 100; n += 1) {
      const payloads = payloadsOf({ type: 1, target: "news", arguments: [n] });
      server.send({ kind: "userData", userId: "ann", payloads });
    }
    await done;
    expect(got).toEqual(Array.from({ length: 100 }, (_item, n) => n));
    await client.stop();
  });

  test("comes back by itself when its server was lost", async () => {
    const client = connection(protocol(), { transport, reconnects: true });
    await Promise.all([echo(), client.start()]);
    const first = client.connectionId;
    const lost = new Promise<Error | undefined>((resolve) => client.onreconnecting(resolve));
    const back = new Promise<string | undefined>((resolve) => client.onreconnected(resolve));
    server.socket.terminate();
    expect(String(await lost)).toContain("The connection to the hub server was lost.");
    server = await ScriptedServer.connect(emulator);
    const [again] = await Promise.all([back, echo()]);
    expect(again).not.toBe(first);
    expect(await client.invoke("echo", 2)).toEqual([2]);
    await client.stop();
  });

  test("ends for good when the app says so", async () => {
    const client = connection(protocol(), { transport, reconnects: true });
    const [connectionId] = await Promise.all([echo(), client.start()]);
    const closed = new Promise<Error | undefined>((resolve) => client.onclose(resolve));
    server.send({ kind: "closeConnection", connectionId, errorMessage: "", headers: [] });
    expect(await closed).toBeUndefined();
    expect(client.state).toBe(HubConnectionState.Disconnected);
  });
});

test("the official client connects without negotiating", async () => {
  for (const protocol of [new JsonHubProtocol(), new MessagePackHubProtocol()]) {
    const client = connection(protocol, { skipNegotiation: true });
    await Promise.all([echo(), client.start()]);
    expect(await client.invoke("echo", 1)).toEqual([1]);
    await client.stop();
  }
});

test("the official client hears that binary messages need another transport", async () => {
  const client = connection(new MessagePackHubProtocol(), { transport: ServerSentEvents });
  await expect(client.start()).rejects.toThrow("'ServerSentEvents' does not support Binary.");
});

test("the official client tells why it cannot connect", async () => {
  await server.close();
  const client = connection(new JsonHubProtocol());
  await expect(client.start()).rejects.toThrow("No server is connected to hub 'chat'.");
  const direct = connection(new JsonHubProtocol(), { skipNegotiation: true });
  await expect(direct.start()).rejects.toThrow("No server is connected to hub 'chat'.");
});
