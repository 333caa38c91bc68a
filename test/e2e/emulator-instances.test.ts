import { Hub } from "azure-signalr-server";
import { expect, test } from "vitest";
import { Fleet } from "../support/fleet.js";

const left: string[] = [];
const failures: string[] = [];

interface AskedClient {
  ask(): string;
  told(text: string): void;
}

class SpreadHub extends Hub<AskedClient> {
  override onDisconnected() {
    left.push(this.context.connectionId);
  }
  tell(text: string) {
    return this.clients.all.send("told", text);
  }
  async ask(connectionId: string) {
    try {
      return await this.clients.client(connectionId).invoke("ask");
    } catch (error) {
      failures.push(String(error));
      throw error;
    }
  }
}

test("two servers on two instances: sends and results cross, and servers hear that an instance is gone", async () => {
  await using fleet = await Fleet.start({ instances: 2 });
  const { emulator } = fleet;
  for (let count = 0; count < 2; count += 1) await fleet.add(SpreadHub, "Off", { connectionCount: 2 });
  const [ann, bob] = [await fleet.connect([0, 10, 50, 100]), await fleet.connect([0, 10, 50, 100])];
  const told: string[] = [];
  bob.on("told", (text: string) => told.push(text));
  let asked = 0;
  bob.on("ask", () => {
    asked += 1;
    return asked === 1 ? "an answer" : new Promise(() => {});
  });
  const at = (id: string | null) =>
    emulator.clients().find(({ connectionId }) => connectionId === id)?.instanceId ?? "";
  const [annId, bobId] = [ann.connectionId, bob.connectionId];
  expect(at(annId)).not.toBe(at(bobId));

  await ann.invoke("tell", "hello");
  await expect.poll(() => told).toEqual(["hello"]);
  expect(await ann.invoke("ask", bobId)).toBe("an answer");

  const unanswered = ann.invoke("ask", bobId).catch((error: Error) => error.message);
  await expect.poll(() => asked).toBe(2);
  const back = new Promise((resolve) => bob.onreconnected(resolve));
  emulator.stopInstance(at(bobId));
  expect(await unanswered).toContain("ask");
  expect(failures).toHaveLength(1);
  await expect.poll(() => left).toEqual([bobId]);
  expect(await back).not.toBe(bobId);
  expect(new Set(emulator.clients().map(({ instanceId }) => instanceId))).toEqual(new Set([at(annId)]));
  await ann.invoke("tell", "again");
  await expect.poll(() => told).toEqual(["hello", "again"]);
});

test("a client's server that is not connected to the client's instance opens a connection there when asked", async () => {
  await using fleet = await Fleet.start({ instances: 2 });
  const { hubs } = await fleet.add(SpreadHub, "Off", { connectionCount: 1 });
  const serverConnections = () => fleet.emulator.instances().map((instance) => instance.serverConnections);
  expect(serverConnections()).toEqual([1, 0]);
  const clients = [await fleet.connect(), await fleet.connect()];
  expect(fleet.emulator.instances().map((instance) => instance.clients)).toEqual([1, 1]);
  await expect.poll(serverConnections).toEqual([1, 1]);
  for (const client of clients) await client.invoke("tell", "hello");
  expect(hubs.health().status).toBe("healthy");
});
