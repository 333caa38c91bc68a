import type { HubConnection } from "@microsoft/signalr";
import { Hub } from "azure-signalr-server";
import { startEmulator } from "azure-signalr-server/emulator";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/built.js";
import { closeOf, HubServer } from "../support/hub-server.js";
import { CHROMIUM_ARGUMENTS, chromiumPath } from "./chromium.js";

const WAIT_MS = 15_000;
const NASTY = '<img src=x onerror="document.title=1">&amp;';
const DESKTOP = { width: 1360, height: 1000 };
const PHONE = { width: 390, height: 844 };

class ChatHub extends Hub {
  async join(room: string) {
    await this.groups.add(this.context.connectionId, room);
  }
  async say(room: string, text: string) {
    await this.clients.group(room).send("messageReceived", this.context.userIdentifier, text);
  }
}

class PricesHub extends Hub {
  async publish(symbol: string, price: number) {
    await this.clients.all.send("priceChanged", symbol, price);
  }
}

describe.skipIf(chromiumPath === undefined)("the emulator's page", () => {
  let server: HubServer;
  let browser: Browser;
  let page: Page;
  let ann: HubConnection;
  let ben: HubConnection;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await HubServer.start({
      hubs: { "/chat": ChatHub, "/prices": PricesHub },
      connectionCount: 2,
    });
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
    page = await openPage(server.emulator.url);
    ann = await server.connect("/chat?room=1", { user: "ann" });
    ben = await server.connect("/chat", { user: NASTY, protocol: "messagepack" });
    await server.connect("/prices", { user: "desk" });
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  async function openPage(url: string, options: BrowserContextOptions = { viewport: DESKTOP }): Promise<Page> {
    const opened = await (await browser.newContext(options)).newPage();
    opened.setDefaultTimeout(WAIT_MS);
    opened.on("pageerror", (error) => complaints.push(error.message));
    opened.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    await opened.goto(url);
    return opened;
  }

  const figure = (name: string) => page.locator(`#figure-${name}`);
  const client = (id: string | null) =>
    page.locator("#client-rows").getByRole("button", { name: id?.slice(0, 8) ?? "" });
  const texts = () => page.locator("#lines .text").allTextContents();
  const shows = async (what: () => Promise<unknown>, expected: unknown) =>
    expect.poll(what, { timeout: WAIT_MS }).toEqual(expected);

  test("shows hubs, servers, clients, groups and users as they are", async () => {
    await ann.invoke("join", "lobby");
    await ben.invoke("join", NASTY);
    await shows(() => figure("clients").textContent(), "3");
    await shows(() => figure("users").textContent(), "3");
    await shows(() => figure("groups").textContent(), "2");
    await shows(() => figure("servers").textContent(), "2");
    await shows(() => figure("serverConnections").textContent(), "4");
    await shows(() => page.locator("#hub-rows h3").allTextContents(), ["chathub", "priceshub"]);
    await shows(async () => (await page.locator("#group-rows .name").allTextContents()).sort(), [NASTY, "lobby"]);
    await shows(async () => (await page.locator("#user-rows .name").allTextContents()).sort(), [NASTY, "ann", "desk"]);
    await shows(() => page.locator("#client-rows tr").count(), 3);
    expect(await page.locator("#status").textContent()).toBe("live");
  });

  test("shows messages decoded from JSON and MessagePack, and markup in them as text", async () => {
    await ann.invoke("say", "lobby", "hello from JSON");
    await ben.invoke("say", NASTY, `${NASTY} packed`);
    const said = JSON.stringify(`${NASTY} packed`);
    const nasty = JSON.stringify(NASTY);
    await expect
      .poll(texts, { timeout: WAIT_MS })
      .toEqual(
        expect.arrayContaining([
          'say("lobby", "hello from JSON") #1',
          'messageReceived("ann", "hello from JSON")',
          `say(${nasty}, ${said}) #1`,
          `messageReceived(${nasty}, ${said})`,
        ]),
      );
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.title()).toBe("SignalR emulator");
  });

  test("draws how many messages pass", async () => {
    await shows(() => page.locator("#plot path.line").count(), 2);
    expect(await page.locator("#plot path.line").first().getAttribute("d")).toMatch(/^M[\d.]+ [\d.]+L/);
    await page.locator("#plot").hover({ position: { x: 300, y: 80 } });
    expect(await page.locator("#moment").textContent()).toMatch(/^(?:\d+ s ago:)?$/);
  });

  test("shows one client and what concerns it when its id is pressed", async () => {
    await client(ann.connectionId).click();
    const facts = page.locator("#selected");
    await facts.getByText("room=1").waitFor();
    expect(await facts.textContent()).toContain(ann.connectionId);
    expect(await facts.textContent()).not.toMatch(/eyJ/);
    await ben.invoke("say", NASTY, "not for ann");
    await ben.invoke("say", "lobby", "for the lobby");
    await shows(texts, [`messageReceived(${JSON.stringify(NASTY)}, "for the lobby")`]);
    expect(await page.locator("#only-id").textContent()).toBe(ann.connectionId);
    await page.locator("#show-all").click();
    expect(await facts.isVisible()).toBe(false);
    await ben.invoke("say", NASTY, "seen again");
    await page.locator("#lines").getByText("seen again").first().waitFor();
  });

  test("finds clients by user and group, and shows one hub alone", async () => {
    await page.locator("#group-rows").getByRole("button", { name: "lobby" }).click();
    await shows(() => page.locator("#client-rows tr").count(), 1);
    await page.locator("#find").fill("desk");
    await shows(() => page.locator("#client-rows td:first-of-type").allTextContents(), ["desk"]);
    await page.locator("#find").fill("");
    await page.locator("#hub").selectOption("priceshub");
    await shows(() => page.locator("#hub-rows h3").allTextContents(), ["priceshub"]);
    await shows(() => figure("clients").textContent(), "1");
    await page.locator("#hub").selectOption("");
    await shows(() => page.locator("#client-rows tr").count(), 3);
  });

  test("makes faults at the press of a button, and says what is in force", async () => {
    await page.locator("#refuse-clients").getByRole("radio", { name: "429" }).check();
    await page.locator("#alarm").getByText("clients refused (429)").waitFor();
    await expect(server.connect("/chat")).rejects.toThrow("429");
    await page.locator("#latency").getByRole("radio", { name: "50 ms", exact: true }).check();
    await page.locator("#alarm").getByText("2 faults").waitFor();
    await page.locator("#end-faults").click();
    await shows(() => page.locator("#alarm").isVisible(), false);
    await (await server.connect("/chat")).stop();

    await client(ben.connectionId).click();
    const gone = closeOf(ben);
    await page.getByRole("button", { name: "Cut this client" }).click();
    await gone;
    await page.locator("#selected").getByText("not connected").waitFor();
    expect(await page.locator("#said").textContent()).toContain("is cut.");
    await page.locator("#show-all").click();

    await page.locator("#hub-rows summary").first().click();
    const cut = page.getByRole("button", { name: /^Cut server connection/ }).first();
    const label = (await cut.getAttribute("aria-label")) ?? "";
    await cut.click();
    await shows(() => page.getByRole("button", { name: label, exact: true }).count(), 0);
  });

  test("can be used with the keyboard alone", async () => {
    await page.locator("#find").focus();
    await page.keyboard.type("desk");
    await shows(() => page.locator("#client-rows tr").count(), 1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("#only").waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#only").waitFor({ state: "hidden" });
    // The row is still the same element: updates have not taken the focus away.
    expect(await page.evaluate("document.activeElement.closest('#client-rows') !== null")).toBe(true);
    await page.locator("#find").fill("");
  });

  test("fits a phone and a small window", async () => {
    for (const viewport of [PHONE, { width: 760, height: 700 }, DESKTOP]) {
      await page.setViewportSize(viewport);
      await shows(() => page.evaluate("document.documentElement.scrollWidth"), viewport.width);
    }
  });

  test("nothing was complained about", () => {
    expect(complaints).toEqual([]);
  });

  test("comes back when the emulator was started anew", async () => {
    const first = await startEmulator({ port: 0 });
    await page.goto(first.url);
    const status = (text: string) => page.locator("#status").getByText(text, { exact: true });
    await status("live").waitFor();
    await first.stop();
    await status("not reachable").waitFor();
    const second = await startEmulator({ port: first.port });
    await status("live").waitFor();
    await second.stop();
  });
});

// Half a minute of a small chat, so that there is something to see.
if (process.env["UPDATE_SCREENSHOTS"] === "1" && chromiumPath !== undefined) {
  test("the page has its picture taken for the guide", async () => {
    await using emulator = await startEmulator({ port: 8888 });
    const options = { hubs: { "/chat": ChatHub, "/prices": PricesHub }, connectionCount: 3 };
    await using first = await HubServer.start(options, emulator);
    await using second = await HubServer.start(options, emulator);
    const browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
    const open = async (settings: BrowserContextOptions): Promise<Page> => {
      const page = await (await browser.newContext(settings)).newPage();
      await page.goto(emulator.url);
      return page;
    };
    const light = await open({ viewport: { width: 1360, height: 1110 } });
    const dark = await open({ viewport: { width: 1360, height: 1110 }, colorScheme: "dark" });
    const phones = [
      await open({ viewport: PHONE, deviceScaleFactor: 2 }),
      await open({ viewport: PHONE, deviceScaleFactor: 2, colorScheme: "dark" }),
    ];
    const chats = await Promise.all(
      ["ada", "ben", "mira", "jonas", "zoe", "tom"].map((user, index) =>
        (index % 2 === 0 ? first : second).connect("/chat", {
          user,
          protocol: index % 3 === 1 ? "messagepack" : "json",
        }),
      ),
    );
    const desk = await first.connect("/prices", { user: "desk 1" });
    await second.connect("/prices", { user: "desk 2", protocol: "messagepack" });
    const rooms = ["lobby", "garden", "kitchen"];
    await Promise.all(chats.map((chat, index) => chat.invoke("join", rooms[index % 3])));
    const lines = [
      "Morning! The tomatoes survived the storm.",
      "All of them? I lost two pots on the balcony.",
      "I tied mine to the fence last night, just in case.",
      "Shall we swap seedlings on Saturday, around ten?",
      "I'm in. I'll bring coffee, and cake 🍰",
    ];
    const until = Date.now() + 45_000;
    for (let round = 0; Date.now() < until; round += 1) {
      const index = round % chats.length;
      if (round % 3 === 0) await chats[index]?.invoke("say", rooms[index % 3], lines[round % lines.length]);
      const burst = 1 + Math.round(2 * Math.abs(Math.sin(round / 25)));
      for (let count = 0; count < burst; count += 1) {
        await desk.send("publish", "TULIP", Number((100 + Math.sin(round / 9) * 4).toFixed(2)));
      }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    emulator.setLatency(50);
    await dark.locator("#client-rows button").nth(2).click();
    for (let index = 0; index < 12; index += 1) {
      await chats[index % chats.length]?.invoke("say", rooms[index % 3], lines[index % lines.length]);
    }
    await Promise.all([light, dark].map((page) => page.locator("#alarm").waitFor()));
    await light.screenshot({ path: `${root}docs/images/emulator-page.png` });
    await dark.screenshot({ path: `${root}docs/images/emulator-page-dark.png` });
    const shots = await Promise.all(phones.map(async (page) => (await page.screenshot()).toString("base64")));
    const sheet = await open({ viewport: { width: 900, height: 924 } });
    const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join("");
    await sheet.goto("about:blank");
    await sheet.setContent(`<style>body{margin:0;padding:40px 30px;display:flex;justify-content:space-around;background:#cfd8d3}
      img{width:390px;border-radius:28px;box-shadow:0 12px 40px #0003}</style>${images}`);
    expect(await sheet.screenshot({ path: `${root}docs/images/emulator-page-phone.png` })).not.toHaveLength(0);
    await browser.close();
  }, 120_000);
}
