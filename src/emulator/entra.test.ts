import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Emulator } from "./emulator.js";
import { startEmulator } from "./index.js";

const PATH = "/api/v1/auth/accessKey";

function ask(emulator: Emulator, token?: string): Promise<Response> {
  return fetch(emulator.url + PATH, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
}

/** The HTTP status of a refused server connection, 101 for an accepted one. */
function knock(emulator: Emulator, token: string | undefined): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${emulator.url.replace("http", "ws")}/server/?hub=chat&cid=c1`, { headers });
  socket.on("error", () => {});
  return new Promise((resolve) => {
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("open", () => {
      socket.terminate();
      resolve(101);
    });
  });
}

describe("an emulator that believes in identities", () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator({ port: 0, entra: true });
  });
  afterAll(() => emulator.stop());

  test("lends a key of its own, not the access key, to whoever has a token", async () => {
    const answer = await ask(emulator, "of-an-identity");
    const { KeyId, AccessKey } = (await answer.json()) as Record<string, string>;
    expect([answer.status, typeof KeyId]).toEqual([200, "string"]);
    expect(AccessKey?.length).toBeGreaterThanOrEqual(32);
    expect(emulator.connectionString).not.toContain(AccessKey);
    expect((await ask(emulator)).status).toBe(401);
    expect((await fetch(emulator.url + PATH, { method: "POST" })).status).toBe(401);
  });

  test("lets servers in with any token, but not without one", async () => {
    expect(await knock(emulator, "of-an-identity")).toBe(101);
    expect(await knock(emulator, undefined)).toBe(401);
    emulator.refuseServers(503);
    expect(await knock(emulator, "of-an-identity")).toBe(503);
    emulator.refuseServers(undefined);
  });

  test("does not let clients in with any token", async () => {
    const answer = await fetch(`${emulator.url}/client/negotiate?hub=chat`, {
      method: "POST",
      headers: { authorization: "Bearer of-an-identity" },
    });
    expect(answer.status).toBe(401);
  });
});

test("an emulator that was not told to believe in identities lends nothing, and says what to do", async () => {
  await using emulator = await startEmulator({ port: 0 });
  const answer = await ask(emulator, "of-an-identity");
  expect(answer.status).toBe(403);
  expect(await answer.text()).toMatch(/connection string, or start it with entra: true/);
  expect(await knock(emulator, "of-an-identity")).toBe(401);
});

test("entra is true or false", async () => {
  await expect(startEmulator({ port: 0, entra: "yes" as never })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});
