import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { ClientSecretCredential } from "@azure/identity";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { startEmulator } from "azure-signalr-server/emulator";
import { signalr } from "azure-signalr-server/express";
import { describe, expect, test } from "vitest";
import { makeCertificate } from "../support/certificate.js";

const TENANT = "6f1c0000-0000-4000-8000-000000000001";
const CLIENT = "6f1c0000-0000-4000-8000-000000000002";

class EchoHub extends Hub {
  echo(text: string) {
    return text;
  }
}

const certificate = makeCertificate("the test with a token endpoint");

/** Stands for Microsoft Entra ID: knows one application and gives it tokens. The library insists on https. */
async function startAuthority(tls: { readonly key: string; readonly cert: string }) {
  const forms: URLSearchParams[] = [];
  let url = "";
  const server: Server = createTlsServer(tls, (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.method === "GET") {
      const base = `${url}/${TENANT}`;
      answer(200, {
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/keys`,
      });
      return;
    }
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const form = new URLSearchParams(text);
      forms.push(form);
      if (form.get("client_secret") !== "right") answer(401, { error: "invalid_client", error_description: "no" });
      else answer(200, { token_type: "Bearer", expires_in: 3600, access_token: `entra-token-${forms.length}` });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    forms,
    credential: (secret: string) =>
      new ClientSecretCredential(TENANT, CLIENT, secret, {
        authorityHost: url,
        disableInstanceDiscovery: true,
        tlsOptions: { ca: tls.cert },
        retryOptions: { maxRetries: 0 },
      }),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.skipIf(certificate === undefined)("an application of Microsoft Entra ID", () => {
  const start = () => startAuthority(certificate ?? { key: "", cert: "" });

  test("serves clients: its token opens the service, the lent key lets them in", async () => {
    const authority = await start();
    await using emulator = await startEmulator({ port: 0, entra: true });
    const hubs = signalr.named("signalr", {
      configuration: { values: {} },
      connectionString: `Endpoint=${emulator.url};AuthType=azure`,
      credential: authority.credential("right"),
      connectionCount: 2,
      hubs: { "/echo": EchoHub },
    });
    const app = createServer(hubs).listen(0, "127.0.0.1");
    await once(app, "listening");
    await hubs.started();
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/echo`;
    const client = new HubConnectionBuilder().withUrl(url).configureLogging(LogLevel.None).build();
    await client.start();

    expect(await client.invoke("echo", "hello")).toBe("hello");
    expect(authority.forms).toHaveLength(1);
    expect(authority.forms[0]?.get("scope")).toContain("https://signalr.azure.com/.default");
    expect(authority.forms[0]?.get("client_id")).toBe(CLIENT);

    await client.stop();
    await hubs.shutdown();
    app.close();
    app.closeAllConnections();
    authority.stop();
  });

  test("with a wrong secret opens nothing: negotiate says so, and the secret is not in its answer", async () => {
    const authority = await start();
    await using emulator = await startEmulator({ port: 0, entra: true });
    const hubs = signalr.named("signalr", {
      configuration: { values: {} },
      endpoints: [{ endpoint: emulator.url, credential: authority.credential("wrong-secret") }],
      connectionCount: 0,
      hubs: { "/echo": EchoHub },
    });
    const app = createServer(hubs).listen(0, "127.0.0.1");
    await once(app, "listening");
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/echo/negotiate`;
    const answer = await fetch(url, { method: "POST" });

    expect(answer.status).toBe(500);
    expect(answer.headers.get("x-signalr-error")).toBe("TOKEN_NOT_AUTHORIZED");
    expect(await answer.text()).not.toMatch(/wrong-secret|invalid_client/);

    await hubs.shutdown();
    app.close();
    app.closeAllConnections();
    authority.stop();
  });
});
