import { describe, expect, test } from "vitest";
import { ask, buildHost } from "../../test/support/named-host.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { startEmulator } from "../emulator/index.js";
import { Hub } from "../hub/hub.js";

class ChatHub extends Hub {}

describe("emulator: true", () => {
  const unset = { connectionString: undefined as never, emulator: true, connectionCount: 1 };
  const real = { createHubHost: undefined as never };

  test("starts one when nothing is configured, and stops it at the shutdown", async () => {
    const { host } = buildHost(unset, real);
    host.mapHub("/chat", ChatHub);
    await host.started();
    const answer = await ask(host);
    expect(answer.status).toBe(200);
    const url = new URL(JSON.parse(answer.body).url);
    expect(url.port).not.toBe("8888");
    expect((await fetch(new URL("/api/health", url), { method: "HEAD" })).status).toBe(200);
    expect((await host.probe()).status).toBe("healthy");
    await host.shutdown();
    await expect(fetch(new URL("/api/health", url), { method: "HEAD" })).rejects.toThrow();
  });

  test("leaves a connection string alone", async () => {
    await using emulator = await startEmulator({ port: 0 });
    const { host } = buildHost({ ...unset, connectionString: emulator.connectionString }, real);
    host.mapHub("/chat", ChatHub);
    await host.started();
    expect(JSON.parse((await ask(host)).body).url).toContain(`:${emulator.port}/client/`);
    await host.shutdown();
  });

  test("never starts one in production", async () => {
    const { host } = buildHost(unset, { ...real, env: { NODE_ENV: "production" } });
    host.mapHub("/chat", ChatHub);
    await expect(host.started()).rejects.toMatchObject({ code: "CONNECTION_STRING_MISSING" });
    await host.shutdown();
  });

  test("two services in one process have one each", async () => {
    const [one, other] = [buildHost(unset, real).host, buildHost(unset, real).host];
    const urls: string[] = [];
    for (const host of [one, other]) {
      host.mapHub("/chat", ChatHub);
      await host.started();
      urls.push(new URL(JSON.parse((await ask(host)).body).url).port);
    }
    expect(urls[0]).not.toBe(urls[1]);
    await one.shutdown();
    expect((await ask(other)).status).toBe(200);
    await other.shutdown();
  });

  test("stops it again when another setting is wrong", async () => {
    const probe = new RecordingProbe();
    const { host } = buildHost({ ...unset, connectionCount: -1 }, { ...real, probe });
    host.mapHub("/chat", ChatHub);
    await expect(host.started()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const said = probe.of("EmulatorStarted")[0]?.message ?? "";
    const url = /http:[^ ]+:\d+/.exec(said)?.[0] ?? "";
    expect(url).not.toBe("");
    await expect(fetch(`${url}/api/health`)).rejects.toThrow();
  });
});
