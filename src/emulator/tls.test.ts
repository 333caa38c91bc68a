import { request } from "node:https";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { clientUrl } from "../../src/auth/service-urls.js";
import { makeCertificate } from "../../test/support/certificate.js";
import { endpointOf, JSON_HANDSHAKE, RawClient, RECORD_END, tokensOf } from "../../test/support/emulator-peers.js";
import { startEmulator } from "./index.js";

const tls = makeCertificate("the emulator over https and wss");

test.skipIf(tls === undefined)("an emulator with a certificate serves https and wss, and stops in order", async () => {
  if (tls === undefined) return;
  const emulator = await startEmulator({ port: 0, tls });
  expect(emulator.connectionString).toMatch(/^Endpoint=https:\/\/localhost;Port=\d+;/);
  expect(emulator.url).toMatch(/^https:/);
  const trust = { ca: tls.cert };
  const status = await new Promise((resolve, reject) => {
    const asked = request(`${emulator.url}/api/health`, { ...trust, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });
  expect(status).toBe(200);
  const url = clientUrl(endpointOf(emulator), "chat").replace(/^http/, "ws");
  const token = await tokensOf(emulator).clientToken("chat", []);
  const client = new RawClient(new WebSocket(url, { ...trust, headers: { Authorization: `Bearer ${token}` } }));
  await new Promise((resolve) => client.socket.once("open", resolve));
  client.send(JSON_HANDSHAKE);
  expect(await client.next()).toBe(`{}${RECORD_END}`);
  // A browser opens some connections in advance; they must not hold up the end.
  const silent = connect({ ...trust, host: "127.0.0.1", port: emulator.port });
  await new Promise((resolve) => silent.once("secureConnect", resolve));
  const silentClosed = new Promise((resolve) => silent.on("error", () => {}).once("close", resolve));
  await emulator.stop();
  await silentClosed;
  expect(await client.next()).toContain("The emulator stops.");
  expect(await client.closed).toBe(1000);
});

test("a certificate that is none is told in words", async () => {
  await expect(startEmulator({ port: 0, tls: { cert: "x", key: "y" } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/^tls needs a certificate and its key in PEM form: /),
  });
});
