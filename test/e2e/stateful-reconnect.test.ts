import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHubProtocol,
  JsonHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { Hub } from "azure-signalr-server";
import { afterEach, describe, expect, test } from "vitest";
import { Fleet } from "../support/fleet.js";

const ran: number[] = [];
const left: string[] = [];

interface NewsClient {
  news(n: number): void;
}

class SteadyHub extends Hub<NewsClient> {
  override onDisconnected() {
    left.push(this.context.connectionId);
  }
  run(n: number) {
    ran.push(n);
    return n;
  }
  async count(first: number, last: number) {
    for (let n = first; n <= last; n += 1) await this.clients.all.send("news", n);
  }
}

afterEach(() => {
  ran.length = 0;
  left.length = 0;
});

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_item, n) => first + n);

async function steadyClient(fleet: Fleet, protocol: IHubProtocol) {
  const connection: HubConnection = new HubConnectionBuilder()
    .withUrl(fleet.url, { transport: HttpTransportType.WebSockets })
    .withHubProtocol(protocol)
    .withStatefulReconnect()
    .configureLogging(LogLevel.None)
    .build();
  const news: number[] = [];
  connection.on("news", (n: number) => news.push(n));
  await connection.start();
  return { connection, news, id: connection.connectionId ?? "" };
}

describe.each([
  ["JSON", () => new JsonHubProtocol()],
  ["MessagePack", () => new MessagePackHubProtocol()],
] as const)("an official client with stateful reconnect over %s", (_name, protocol) => {
  test("comes back to its connection, again and again, and nothing is lost, doubled or out of order", async () => {
    await using fleet = await Fleet.start();
    await fleet.add(SteadyHub, "Off", { allowStatefulReconnects: true });
    const { connection, news, id } = await steadyClient(fleet, protocol());
    const other = await fleet.connect();
    const answers: Promise<number>[] = [];
    for (let round = 0; round < 5; round += 1) {
      const first = round * 20;
      for (const n of numbers(first, first + 9)) answers.push(connection.invoke("run", n));
      const counted = other.invoke("count", first, first + 19);
      expect(fleet.emulator.dropClient(id)).toBe(true);
      for (const n of numbers(first + 10, first + 19)) answers.push(connection.invoke("run", n));
      await counted;
    }
    expect(await Promise.all(answers)).toEqual(numbers(0, 99));
    expect(ran).toEqual(numbers(0, 99));
    await expect.poll(() => news.length).toBe(100);
    expect(news).toEqual(numbers(0, 99));
    expect(connection.connectionId).toBe(id);
    expect(left).toEqual([]);
    await connection.stop();
    await expect.poll(() => left).toEqual([id]);
    expect(fleet.emulator.clients().map(({ connectionId }) => connectionId)).toEqual([other.connectionId]);
  });
});

test("without leave of the hub a client that asks for it connects as always", async () => {
  await using fleet = await Fleet.start();
  await fleet.add(SteadyHub);
  const { connection, id } = await steadyClient(fleet, new JsonHubProtocol());
  const closed = new Promise((resolve) => connection.onclose(resolve));
  expect(await connection.invoke("run", 1)).toBe(1);
  fleet.emulator.dropClient(id);
  await closed;
  await expect.poll(() => left).toEqual([id]);
});
