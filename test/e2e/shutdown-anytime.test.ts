import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Hub, type SignalRError } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type ExpressSignalROptions, signalr } from "azure-signalr-server/express";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ensureBuilt, root } from "../support/built.js";
import { startNode } from "../support/child.js";
import { FakeService } from "../support/fake-service.js";
import { Fleet } from "../support/fleet.js";
import { freePort } from "../support/free-port.js";
import { eventually } from "../support/polling.js";

class QuietHub extends Hub {
  echo(text: string) {
    return text;
  }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing was wrong",
    (error: SignalRError) => error.code,
  );

function named(port: number, options: ExpressSignalROptions = {}) {
  const hubs = signalr.named("signalr", {
    connectionString: `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${"k".repeat(40)};Version=1.0;`,
    configuration: { values: {} },
    connectionCount: 2,
    gracefulShutdown: { mode: "WaitForClientsClose", timeout: 10_000 },
    ...options,
  });
  hubs.mapHub("/hub", QuietHub);
  return hubs;
}

describe("a shutdown", () => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await startEmulator({ port: 0 });
  });
  afterEach(() => emulator.stop());

  const onEmulator = (options: ExpressSignalROptions = {}) =>
    named(0, { connectionString: emulator.connectionString, ...options });

  test("in the turn of mapHub means that nothing is ever started", async () => {
    const hubs = onEmulator();
    const started = codeOf(hubs.started());
    await hubs.shutdown();
    expect(await started).toBe("STOPPED");
    expect(emulator.hubs()).toEqual([]);
    expect(await codeOf(hubs.started())).toBe("STOPPED");
    expect(await codeOf(Promise.resolve(hubs.context(QuietHub).clients.all.send("any")))).toBe("STOPPED");
    expect(() => hubs.mapHub("/other", QuietHub)).toThrow(/shut down/);
  });

  test("asked for twice is one, and is over for both at the same time", async () => {
    const hubs = onEmulator();
    await hubs.started();
    const [one, two] = [hubs.shutdown(), hubs.shutdown()];
    expect(two).toBe(one);
    await one;
    await hubs.shutdown();
    expect(emulator.hubs()).toEqual([]);
    expect(await codeOf(Promise.resolve(hubs.context(QuietHub).clients.all.send("any")))).toBe("STOPPED");
  });

  test("while connections are lost and come back ends all the same", async () => {
    const hubs = onEmulator();
    await hubs.started();
    emulator.dropServerConnections();
    const over = hubs.shutdown();
    emulator.dropServerConnections();
    await over;
    await eventually(() => emulator.hubs().length === 0);
    expect(hubs.health().status).toBe("unhealthy");
  });
});

describe("a shutdown while the service", () => {
  test("cannot be reached does not wait for it, and runs the hooks", async () => {
    const hubs = named(await freePort());
    let hooks = 0;
    hubs.onShutdown(QuietHub, () => {
      hooks += 1;
    });
    const started = codeOf(hubs.started());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begin = performance.now();
    await hubs.shutdown();
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(await started).toBe("STOPPED");
    expect(hooks).toBe(1);
  });

  test.each([
    ["has not answered the websocket yet", "upgrade"],
    ["has not answered the handshake yet", "handshake"],
  ] as const)("%s gives up what is not open", async (_name, silent) => {
    const service = await FakeService.start();
    onTestFinished(() => service.stop());
    if (silent === "upgrade") service.refuseWith = 0;
    else service.handshake = "silent";
    const hubs = named(service.port);
    const started = codeOf(hubs.started());
    await service.until(() => (silent === "upgrade" ? service.unanswered === 2 : service.connections.length === 2));
    await hubs.shutdown();
    expect(await started).toBe("STOPPED");
    await service.until(() => service.unanswered === 0 && service.openConnections.length === 0);
  });

  test("says nothing to the announcement ends with its time", async () => {
    const service = await FakeService.start();
    onTestFinished(() => service.stop());
    const hubs = named(service.port, { gracefulShutdown: { mode: "WaitForClientsClose", timeout: 100 } });
    await hubs.started();
    const begin = performance.now();
    await hubs.shutdown();
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(service.connections[0]?.ofKind("ping").map(({ messages }) => messages)).toEqual([["shutdown", "fin:2"]]);
  });

  test("has no time at all is announced none the less", async () => {
    const service = await FakeService.start();
    onTestFinished(() => service.stop());
    const hubs = named(service.port, { gracefulShutdown: { mode: "MigrateClients", timeout: 0 } });
    let hooks = 0;
    hubs.onShutdown(QuietHub, () => {
      hooks += 1;
    });
    await hubs.started();
    await hubs.shutdown();
    await service.until(() => service.openConnections.length === 0);
    expect(service.connections[0]?.ofKind("ping").map(({ messages }) => messages)).toEqual([["shutdown", "fin:1"]]);
    expect(hooks).toBe(0);
  });
});

test("clients under way when a shutdown begins end too, more than one batch of them", async () => {
  const fleet = await Fleet.start();
  onTestFinished(() => fleet[Symbol.asyncDispose]());
  let running = 0;
  let most = 0;
  let over = 0;
  class SlowToLeave extends Hub {
    override async onDisconnected() {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      over += 1;
    }
  }
  const { hubs } = await fleet.add(SlowToLeave, "Off");
  const clients = await Promise.all(Array.from({ length: 130 }, () => fleet.connect()));
  const closed = Promise.all(clients.map((client) => new Promise((resolve) => client.onclose(resolve))));
  await hubs.shutdown();
  expect(over).toBe(130);
  expect(most).toBeLessThanOrEqual(100);
  expect(await closed).toEqual(Array.from({ length: 130 }, () => undefined));
});

describe("a process", () => {
  let folder = "";
  beforeAll(() => {
    ensureBuilt();
    mkdirSync(`${root}node_modules/.cache`, { recursive: true });
    folder = mkdtempSync(`${root}node_modules/.cache/shutdown-`);
    mkdirSync(`${folder}/node_modules`);
    symlinkSync(root, `${folder}/node_modules/azure-signalr-server`, "dir");
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("ends by itself after the shutdown and the close of its HTTP server, its own emulator last", async () => {
    const program = `
      import express from "express";
      import { Hub } from "azure-signalr-server";
      import { signalr } from "azure-signalr-server/express";
      import { HubConnectionBuilder } from "@microsoft/signalr";
      class QuietHub extends Hub {
        onDisconnected() { console.log("left"); }
      }
      const hubs = signalr.named("signalr", { emulator: true, configuration: { values: {} } });
      hubs.mapHub("/hub", QuietHub);
      const app = express().use(hubs);
      const server = app.listen(0, "127.0.0.1", async () => {
        await hubs.started();
        const url = "http://127.0.0.1:" + server.address().port + "/hub";
        const client = new HubConnectionBuilder().withUrl(url).configureLogging(6).build();
        client.onclose(() => console.log("closed"));
        await client.start();
        console.log("ready");
      });
      process.once("SIGTERM", async () => {
        await hubs.shutdown();
        server.close(() => console.log("server closed"));
        server.closeIdleConnections();
      });
    `;
    writeFileSync(`${folder}/program.mjs`, program);
    const child = startNode(`${folder}/program.mjs`, {}, folder);
    onTestFinished(async () => {
      await child.end("SIGKILL");
    });
    await child.printed(/ready/);
    expect(await child.end("SIGTERM")).toBe(0);
    expect(child.output().split("\n").filter(Boolean).sort()).toEqual(["closed", "left", "ready", "server closed"]);
  });
});
