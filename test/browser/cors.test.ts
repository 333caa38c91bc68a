import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { HubConnection } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { type Emulator, startEmulator } from "azure-signalr-server/emulator";
import { type SignalRMiddleware, signalr } from "azure-signalr-server/express";
import express, { type RequestHandler } from "express";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/built.js";
import { CHROMIUM_ARGUMENTS, chromiumPath } from "./chromium.js";

class EchoHub extends Hub {
  echo(text: string) {
    return `${text} from ${this.context.userIdentifier}`;
  }
}

const ALLOWED_HEADERS = "x-requested-with, x-signalr-user-agent, authorization";

/** As docs/guides/express.md has it. */
const allow =
  (origin: string): RequestHandler =>
  (req, res, next) => {
    if (req.headers.origin === origin) {
      res.set({
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        Vary: "Origin",
      });
    }
    if (req.method === "OPTIONS") res.sendStatus(204);
    else next();
  };

async function listen(listener: RequestListener): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(chromiumPath === undefined)("a page of another origin", () => {
  let emulator: Emulator;
  let hubs: SignalRMiddleware;
  let browser: Browser;
  let page: Page;
  const servers: Server[] = [];
  const apps: Record<"open" | "closed", string> = { open: "", closed: "" };

  beforeAll(async () => {
    const script = readFileSync(`${root}node_modules/@microsoft/signalr/dist/browser/signalr.min.js`);
    const site = await listen((req, res) => {
      if (req.url === "/signalr.js") res.setHeader("Content-Type", "text/javascript").end(script);
      else res.setHeader("Content-Type", "text/html").end("<script src=/signalr.js></script>");
    });
    emulator = await startEmulator({ port: 0 });
    hubs = signalr.named("signalr", {
      connectionString: emulator.connectionString,
      configuration: { values: {} },
      claimsProvider: (req) => ({ sub: req.headers.authorization ?? "nobody" }),
      hubs: { "/echo": EchoHub },
    });
    await hubs.started();
    const open = await listen(express().use(allow(site.origin)).use(hubs) as RequestListener);
    const closed = await listen(express().use(hubs) as RequestListener);
    servers.push(site.server, open.server, closed.server);
    Object.assign(apps, { open: open.origin, closed: closed.origin });
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
    page = await browser.newPage();
    await page.goto(site.origin);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
    await hubs?.shutdown();
    await emulator?.stop();
  });

  /** Connects from the page with a token of the application, and calls the hub. */
  const echo = (app: string): Promise<string> =>
    page.evaluate(async (url) => {
      interface Library {
        readonly HubConnectionBuilder: new () => {
          withUrl(url: string, options: object): { configureLogging(level: number): { build(): HubConnection } };
        };
      }
      const { HubConnectionBuilder } = (globalThis as unknown as { signalR: Library }).signalR;
      const connection = new HubConnectionBuilder()
        .withUrl(`${url}/echo`, { accessTokenFactory: () => "app-token" })
        .configureLogging(6)
        .build();
      try {
        await connection.start();
        return await connection.invoke<string>("echo", "hello");
      } catch (error) {
        return String(error);
      } finally {
        await connection.stop();
      }
    }, app);

  test("negotiates with the application and talks to its hub, by the recipe in the guide", async () => {
    expect(await echo(apps.open)).toBe("hello from Bearer app-token");
    expect(readFileSync(`${root}docs/guides/express.md`, "utf8")).toContain(
      `"Access-Control-Allow-Headers": "${ALLOWED_HEADERS}"`,
    );
  });

  test("is kept out by the browser where the application does not allow it", async () => {
    expect(await echo(apps.closed)).toMatch(/Failed to fetch|Failed to complete negotiation/);
  });
});
