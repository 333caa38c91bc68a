import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { connectPair, RawClient, ScriptedServer } from "../../test/support/emulator-peers.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { SignalRError } from "../base/errors.js";
import { EMULATOR_DEFAULTS, type Emulator, type EmulatorOptions, startEmulator } from "./index.js";
import { resolveEmulatorOptions } from "./options.js";

let running: Emulator[] = [];

afterEach(async () => {
  await Promise.all(running.map((emulator) => emulator.stop()));
  running = [];
});

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ port: 0, ...options });
  running.push(emulator);
  return emulator;
}

async function failure(promise: Promise<unknown>): Promise<SignalRError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SignalRError)) throw new Error(`expected a SignalRError, got ${String(error)}`);
  return error;
}

describe("the emulator", () => {
  test("names itself in a connection string", async () => {
    const emulator = await start();
    expect(emulator.connectionString).toBe(
      `Endpoint=http://localhost;Port=${emulator.port};AccessKey=${EMULATOR_DEFAULTS.accessKey};Version=1.0;`,
    );
    expect(emulator.url).toBe(`http://localhost:${emulator.port}`);
  });

  test("names the address that it was told to listen on", async () => {
    expect((await start({ host: "127.0.0.1" })).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await start({ host: "0.0.0.0" })).url).toMatch(/^http:\/\/localhost:\d+$/);
  });

  test("works with a key of one's own", async () => {
    const emulator = await start({ accessKey: "k".repeat(64) });
    await ScriptedServer.connect(emulator);
    expect(emulator.hubs()).toHaveLength(1);
  });

  test("says that a port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const error = await failure(startEmulator({ port }));
    expect(error.code).toBe("PORT_IN_USE");
    expect(error.message).toBe(
      `Port ${port} on 127.0.0.1 is in use by another program. Stop it, or choose another port.`,
    );
    other.close();
  });

  test("frees the first address when the second is in use", async () => {
    const probe = await start();
    const { port } = probe;
    await probe.stop();
    const other = createServer();
    const hasIpv6 = await new Promise<boolean>((resolve) => {
      other.once("error", () => resolve(false));
      other.listen({ port, host: "::1", ipv6Only: true }, () => resolve(true));
    });
    if (!hasIpv6) {
      console.warn("skipped: this machine has no IPv6 loopback");
      return;
    }
    expect((await failure(startEmulator({ port }))).code).toBe("PORT_IN_USE");
    other.close();
    await once(other, "close");
    expect((await start({ port })).port).toBe(port);
  });

  test("says that it has no such address", async () => {
    const error = await failure(startEmulator({ port: 0, host: "203.0.113.1" }));
    expect(error.code).toBe("EMULATOR_FAILED");
    expect(error.message).toContain("203.0.113.1");
  });

  test("counts what it holds", async () => {
    const emulator = await start();
    const servers = [
      await ScriptedServer.connect(emulator, { serverId: "a" }),
      await ScriptedServer.connect(emulator, { serverId: "a", connectionId: "cid-2" }),
      await ScriptedServer.connect(emulator, { serverId: "b", hub: "Other" }),
    ];
    await RawClient.connect(emulator);
    const [chat, other] = emulator.hubs();
    expect(chat).toEqual({
      name: "chat",
      servers: [{ id: "a", connections: 2, connectionIds: ["cid-1", "cid-2"], clients: 1, isDraining: false }],
      clients: 1,
      users: 0,
      groups: 0,
    });
    expect(other).toMatchObject({ name: "other", clients: 0 });
    await Promise.all(servers.map((server) => server.close()));
    await expect.poll(() => emulator.hubs()).toEqual([]);
  });
});

describe("stopping", () => {
  test("closes everything, lets clients come back, and frees the port", async () => {
    const emulator = await start();
    const server = await ScriptedServer.connect(emulator);
    const { client } = await connectPair(emulator, server);
    await Promise.all([emulator.stop(), emulator.stop()]);
    expect(await client.closed).toBe(1000);
    expect(client.received.at(-1)).toContain('"allowReconnect":true');
    expect(await server.closed).toBe(1001);
    const again = await start({ port: emulator.port });
    expect(again.port).toBe(emulator.port);
  });

  test("does not wait for peers that do not answer", async () => {
    const emulator = await start();
    const server = await ScriptedServer.connect(emulator);
    const { client } = await connectPair(emulator, server);
    client.socket.pause();
    server.socket.pause();
    await emulator.stop();
    client.socket.terminate();
    server.socket.terminate();
    expect(emulator.hubs()).toEqual([]);
  });

  test("leaves no timer behind", async () => {
    const clock = new ManualClock(Date.now());
    const emulator = await start({ clock });
    const server = await ScriptedServer.connect(emulator, { clock });
    await connectPair(emulator, server, { clock });
    await RawClient.connect(emulator, {
      clock,
      shakesHands: false,
      claims: [
        ["asrs.s.coae", "true"],
        ["asrs.s.aeo", "99999999999"],
      ],
    });
    await emulator.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("happens at the end of a block", async () => {
    let port = 0;
    {
      await using emulator = await startEmulator({ port: 0 });
      port = emulator.port;
    }
    expect((await start({ port })).port).toBe(port);
  });
});

describe("options", () => {
  test.each([
    [{ port: -1 }, "port must be a whole number from 0 to 65535, got -1"],
    [{ port: 1.5 }, "port must be a whole number"],
    [{ maxClients: 0 }, "maxClients must be a whole number from 1"],
    [{ clientSendBufferBytes: Number.NaN }, "clientSendBufferBytes must be a whole number"],
    [{ accessKey: "short" }, "accessKey must have at least 32 characters, got 5"],
    [{ accessKey: `${"k".repeat(40)};` }, "accessKey must not hold semicolons"],
    [{ host: "http://localhost" }, "host must be an IP address or a host name"],
  ])("%j are refused in words", (options, text) => {
    expect(() => resolveEmulatorOptions(options)).toThrow(text);
    try {
      resolveEmulatorOptions(options);
    } catch (error) {
      expect((error as SignalRError).code).toBe("CONFIG_INVALID");
      expect((error as SignalRError).message).not.toContain("kkkk");
    }
  });

  test("have defaults", () => {
    expect(resolveEmulatorOptions()).toMatchObject(EMULATOR_DEFAULTS);
  });
});
