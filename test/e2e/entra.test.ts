import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { startEmulator } from "azure-signalr-server/emulator";
import { signalr } from "azure-signalr-server/express";
import { expect, test } from "vitest";
import { createAccessKeyTokens } from "../../src/auth/access-key.js";
import { createEndpoint } from "../../src/config/service-endpoint.js";

class WhoHub extends Hub {
  who() {
    return this.context.userIdentifier;
  }
}

/** An emulator behind a door that lends its key, as the service does to a server with an identity. */
async function startLendingService() {
  const emulator = await startEmulator({ port: 0 });
  const accessKey = /AccessKey=([^;]+)/.exec(emulator.connectionString)?.[1] ?? "";
  const asked: Array<string | undefined> = [];
  let status = 200;
  const door = createServer((incoming, answer) => {
    if (incoming.url?.startsWith("/api/v1/auth/accessKey")) {
      asked.push(incoming.headers.authorization);
      answer.writeHead(status, { "content-type": "application/json" });
      answer.end(status === 200 ? JSON.stringify({ KeyId: "lent", AccessKey: accessKey }) : "");
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port: emulator.port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(onward);
  });
  door.on("upgrade", (incoming, socket, head) => {
    const onward = connect(emulator.port, "127.0.0.1", () => {
      const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}`);
      onward.write([`GET ${incoming.url} HTTP/1.1`, ...headers, "", ""].join("\r\n"));
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  const { port } = door.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  // What stands for the identity's token is one that the emulator accepts on its server door.
  const tokens = createAccessKeyTokens({
    endpoint: createEndpoint({ connectionString: `Endpoint=${endpoint};AccessKey=${accessKey}` }),
    serverName: "identity",
    algorithm: "HS256",
    lifetimeMs: 3_600_000,
  });
  return {
    endpoint,
    asked,
    refuse(refusal: number) {
      status = refusal;
    },
    credential: {
      getToken: async () => ({ token: await tokens.serverToken("whohub"), expiresOnTimestamp: Date.now() + 3_600_000 }),
    },
    async stop() {
      door.close();
      door.closeAllConnections();
      await emulator.stop();
    },
  };
}

async function startApp(service: Awaited<ReturnType<typeof startLendingService>>) {
  const hubs = signalr.named("signalr", {
    configuration: { values: {} },
    endpoints: [{ endpoint: service.endpoint, credential: service.credential }],
    claimsProvider: () => ({ sub: "ann" }),
    hubs: { "/who": WhoHub },
    connectionCount: 1,
  });
  const app = createServer(hubs).listen(0, "127.0.0.1");
  await once(app, "listening");
  const { port } = app.address() as AddressInfo;
  return {
    hubs,
    url: `http://127.0.0.1:${port}/who`,
    async stop() {
      await hubs.shutdown();
      app.close();
      app.closeAllConnections();
    },
  };
}

test("a hub with an identity serves clients whose tokens are signed with a lent key", async () => {
  const service = await startLendingService();
  const app = await startApp(service);
  await app.hubs.started();
  const client = new HubConnectionBuilder().withUrl(app.url).configureLogging(LogLevel.None).build();
  await client.start();

  expect(await client.invoke("who")).toBe("ann");
  const { token } = await service.credential.getToken();
  expect(service.asked[0]?.split(".")[0]).toBe(`Bearer ${token.split(".")[0]}`);

  await client.stop();
  await app.stop();
  await service.stop();
});

test("without a lent key negotiate says that, and nothing of the token", async () => {
  const service = await startLendingService();
  service.refuse(403);
  const app = await startApp(service);
  await app.hubs.started();
  const answer = await fetch(`${app.url}/negotiate`, { method: "POST" });
  const body = await answer.text();

  expect(answer.status).toBe(500);
  expect(answer.headers.get("x-signalr-error")).toBe("TOKEN_NOT_AUTHORIZED");
  expect(body).not.toContain("eyJ");

  await app.stop();
  await service.stop();
});
