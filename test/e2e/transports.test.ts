import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel, Subject } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import express from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface NewsClient {
  news(text: string): void;
  confirm(question: string): boolean;
}

const left: string[] = [];

class NewsHub extends Hub<NewsClient> {
  override onDisconnected() {
    left.push(this.context.connectionId);
  }
  async join(group: string) {
    await this.groups.add(this.context.connectionId, group);
  }
  async tell(group: string, text: string) {
    await this.clients.group(group).send("news", text);
  }
  echo(value: unknown) {
    return value;
  }
  async *count(to: number) {
    for (let n = 1; n <= to; n += 1) yield n;
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const n of numbers) sum += n;
    return sum;
  }
  async ask() {
    return await this.clients.caller.invoke("confirm", "Sure?");
  }
  goAway() {
    this.context.abort();
  }
}

let emulator: Emulator;
let hubs: SignalRMiddleware;
let url: string;
let server: ReturnType<ReturnType<typeof express>["listen"]>;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  hubs = signalr.named("signalr", {
    connectionString: emulator.connectionString,
    configuration: { values: {} },
    hub: { enableDetailedErrors: true },
  });
  hubs.mapHub("/news", NewsHub);
  const app = express();
  app.use(hubs);
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`;
  await hubs.started();
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await hubs.shutdown();
  await emulator.stop();
});

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

describe.each([
  ["websockets", "JSON", WebSockets, false],
  ["websockets", "MessagePack", WebSockets, true],
  ["server-sent events", "JSON", ServerSentEvents, false],
  ["long polling", "JSON", LongPolling, false],
  ["long polling", "MessagePack", LongPolling, true],
] as const)("over %s in %s", (_transport, _protocol, transport, isBinary) => {
  function build() {
    const builder = new HubConnectionBuilder().withUrl(url, { transport }).configureLogging(LogLevel.None);
    return (isBinary ? builder.withHubProtocol(new MessagePackHubProtocol()) : builder).build();
  }

  test("calls, streams and client results go both ways", async () => {
    const client = build();
    client.on("confirm", () => true);
    await client.start();
    expect(await client.invoke("echo", { text: "hällo \u2028\n", list: [1, null] })).toEqual({
      text: "hällo \u2028\n",
      list: [1, null],
    });
    expect(await client.invoke("ask")).toBe(true);
    const counted: number[] = [];
    await new Promise<void>((complete, error) => {
      client.stream<number>("count", 50).subscribe({ next: (n) => counted.push(n), complete, error });
    });
    expect(counted).toEqual(Array.from({ length: 50 }, (_item, n) => n + 1));
    const numbers = new Subject<number>();
    const total = client.invoke("total", numbers);
    for (const n of [1, 2, 3]) numbers.next(n);
    numbers.complete();
    expect(await total).toBe(6);
    await client.stop();
  });

  test("groups reach their members, and a large message arrives whole", async () => {
    const [one, two] = [build(), build()];
    await Promise.all([one.start(), two.start()]);
    const group = `group ${transport} ${isBinary}`;
    const heard = [one, two].map(
      (client) => new Promise<string>((resolve) => client.on("news", (text: string) => resolve(text))),
    );
    await Promise.all([one.invoke("join", group), two.invoke("join", group)]);
    const members = emulator.groups("newshub").find(({ name }) => name === group)?.connectionIds;
    expect(new Set(members)).toEqual(new Set([one.connectionId, two.connectionId]));
    const text = "x".repeat(20_000);
    await one.invoke("tell", group, text);
    expect(await Promise.all(heard)).toEqual([text, text]);
    await Promise.all([one.stop(), two.stop()]);
  });

  test("the hub hears that the client has stopped", async () => {
    const client = build();
    await client.start();
    const id = client.connectionId;
    expect(emulator.clients().find(({ connectionId }) => connectionId === id)?.transport).toBe(
      HttpTransportType[transport],
    );
    await client.stop();
    await expect.poll(() => left, { timeout: 8000 }).toContain(id);
  });

  test("the client hears that the hub has ended it", async () => {
    const client = build();
    await client.start();
    const id = client.connectionId;
    const closed = new Promise((resolve) => client.onclose(resolve));
    await client.send("goAway");
    await closed;
    expect(client.state).toBe(HubConnectionState.Disconnected);
    await expect.poll(() => left).toContain(id);
  });
});

test("a client without a choice of its own falls back to what the network lets through", async () => {
  const client = new HubConnectionBuilder()
    .withUrl(url, { transport: ServerSentEvents | LongPolling })
    .withHubProtocol(new MessagePackHubProtocol())
    .configureLogging(LogLevel.None)
    .build();
  await client.start();
  expect(emulator.clients().at(-1)?.transport).toBe("LongPolling");
  expect(await client.invoke("echo", 1)).toBe(1);
  await client.stop();
});
