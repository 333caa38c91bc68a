import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/built.js";
import type { Child } from "../support/child.js";
import { freePort } from "../support/free-port.js";
import { CHROMIUM_ARGUMENTS, chromiumPath } from "./chromium.js";
import { addressOf, buildSample, startSample } from "./sample.js";

const WAIT_MS = 15_000;

describe.skipIf(chromiumPath === undefined)("the chat in two windows", () => {
  let port = "";
  let sample: Child;
  let browser: Browser;
  let ada: Page;
  let ben: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    buildSample();
    port = String(await freePort());
    sample = startSample(port);
    const address = await addressOf(sample);
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
    ada = await openWindow(address);
    ben = await openWindow(address);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await sample?.end("SIGKILL");
  });

  async function openWindow(address: string, scheme: "light" | "dark" = "light"): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: scheme });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    await page.goto(address);
    return page;
  }

  async function enter(page: Page, name: string, room: string): Promise<void> {
    await page.fill("#name", name);
    await page.locator("#room-choice").getByText(room, { exact: true }).click();
    await page.click("#enter button[type=submit]:enabled");
    await page.getByRole("heading", { name: room, exact: true }).waitFor();
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.fill("#text", text);
    await page.keyboard.press("Enter");
  }

  const bubble = (page: Page, text: string) => page.locator(".bubble").getByText(text, { exact: true });
  const person = (page: Page, name: string) => page.locator("#people").getByText(name, { exact: true });
  const status = (page: Page, text: string) => page.locator("#status").getByText(text, { exact: true });

  test("each sees the other in the room", async () => {
    await enter(ada, "Ada", "Lobby");
    await enter(ben, "Ben", "Lobby");
    await person(ada, "Ben").waitFor();
    await person(ben, "Ada").waitFor();
    expect(await ada.locator("#log").textContent()).toContain("Ben came in");
    expect(await ada.locator("#room-people").textContent()).toContain("2 people");
  });

  test("what one says appears at the other, and markup stays text", async () => {
    const text = '<img src="x" onerror="document.title=1"> & <b>bold</b>';
    await say(ada, text);
    await bubble(ben, text).waitFor();
    expect(await ben.locator("#log img, #log b b").count()).toBe(0);
    expect(await ben.title()).toBe("Lobby · Parlour");
    expect(await ada.locator(".message.mine").count()).toBe(1);
    expect(await ben.locator(".message.mine").count()).toBe(0);
  });

  test("one sees that the other is typing, until the message is there", async () => {
    await ben.locator("#text").pressSequentially("wait a ");
    await ada.locator("#typing").getByText("Ben is typing").waitFor();
    await say(ben, "wait a moment");
    await bubble(ada, "wait a moment").waitFor();
    expect(await ada.locator("#typing").textContent()).toBe("");
  });

  test("live figures stream in and move", async () => {
    const points = async (): Promise<number> => Number(await ada.locator("#sparkline").getAttribute("data-values"));
    const before = await points();
    await expect.poll(points, { timeout: WAIT_MS }).toBeGreaterThan(before + 1);
    await expect.poll(() => ada.locator("#online").textContent(), { timeout: WAIT_MS }).toBe("2");
    expect(await ada.locator("#sparkline .line").getAttribute("d")).toMatch(/^M[\d.]+ [\d.]+L/);
  });

  test("a new room can be opened, and the old one knows who left", async () => {
    await ben.fill("#open-room input", "Pottery");
    await ben.keyboard.press("Enter");
    await ben.getByRole("heading", { name: "Pottery", exact: true }).waitFor();
    await ada.locator("#rooms").getByText("Pottery", { exact: true }).waitFor();
    await ada.locator("#log").getByText("Ben left", { exact: true }).waitFor();
    await say(ada, "still here?");
    await bubble(ada, "still here?").waitFor();
    expect(await bubble(ben, "still here?").count()).toBe(0);
    await ben.locator("#rooms").getByText("Lobby", { exact: true }).click();
    await bubble(ben, "still here?").waitFor();
  });

  test("a refusal is shown in the server's words", async () => {
    const carl = await openWindow(`http://localhost:${port}`);
    await carl.locator("#name").evaluate((input) => input.removeAttribute("maxlength"));
    await carl.fill("#name", "x".repeat(30));
    await carl.click("#enter button[type=submit]:enabled");
    await carl.getByRole("alert").getByText("A name has 1 to 24 letters, digits or signs.").waitFor();
    expect(await carl.locator("#chat").isVisible()).toBe(false);
    await carl.context().close();
  });

  test("nothing was complained about", () => {
    expect(complaints).toEqual([]);
  });

  test("when the server dies it shows, and both are back in their room when it returns", async () => {
    await sample.end("SIGKILL");
    await Promise.all([status(ada, "reconnecting").waitFor(), status(ben, "reconnecting").waitFor()]);
    expect(await ada.locator("#say button").isDisabled()).toBe(true);

    sample = startSample(port);
    await addressOf(sample);
    await Promise.all([status(ada, "back again").waitFor(), status(ben, "back again").waitFor()]);
    await person(ada, "Ben").waitFor();
    await person(ben, "Ada").waitFor();
    await say(ben, "back at last");
    await bubble(ada, "back at last").waitFor();
    expect(await bubble(ada, "still here?").count()).toBe(1);
    const counted = async (): Promise<string | null> => ada.locator("#online").textContent();
    await expect.poll(counted, { timeout: WAIT_MS }).toBe("2");
  }, 60_000);

  if (process.env["UPDATE_SCREENSHOTS"] === "1") {
    test("has its picture taken for the README", async () => {
      const address = `http://localhost:${port}`;
      const mira = await openWindow(address);
      const jonas = await openWindow(address);
      const people: ReadonlyArray<readonly [Page, string]> = [
        [ada, "Ada"],
        [ben, "Ben"],
        [mira, "Mira"],
        [jonas, "Jonas"],
      ];
      for (const [page, name] of people) {
        await page.reload();
        await enter(page, name, "Garden");
      }
      const lines: ReadonlyArray<readonly [Page, string]> = [
        [mira, "Morning! The tomatoes survived the storm."],
        [jonas, "All of them? I lost two pots on the balcony."],
        [jonas, "The basil looks fine though."],
        [ada, "I tied mine to the fence last night, just in case."],
        [mira, "Wise. Shall we swap seedlings on Saturday, around ten?"],
        [ada, "I'm in. I'll bring coffee, and cake 🍰"],
        [ben, "Count me in too, I have far too many courgettes."],
      ];
      for (const [page, text] of lines) {
        await say(page, text);
        await bubble(ada, text).waitFor();
      }
      // Half a minute of figures makes a line worth looking at.
      const points = async (): Promise<number> => Number(await ada.locator("#sparkline").getAttribute("data-values"));
      await expect.poll(points, { timeout: 60_000, interval: 500 }).toBeGreaterThan(40);
      await jonas.locator("#text").pressSequentially("And I ");
      await ada.locator("#typing").getByText("Jonas is typing").waitFor();
      await photographTwo(ada, mira, `${root}docs/images/chat-two-windows.png`);
    }, 120_000);
  }
});

/** Both windows side by side, one light and one dark, drawn by a third. */
async function photographTwo(left: Page, right: Page, path: string): Promise<void> {
  await right.emulateMedia({ colorScheme: "dark" });
  const shots: string[] = [];
  for (const page of [left, right]) {
    await page.setViewportSize({ width: 900, height: 760 });
    shots.push((await page.screenshot()).toString("base64"));
  }
  const sheet = await left.context().newPage();
  await sheet.setViewportSize({ width: 1880, height: 840 });
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join("");
  await sheet.setContent(`<style>body{margin:0;padding:40px 30px;display:flex;gap:20px;background:#cfd8d3}
    img{width:900px;border-radius:14px;box-shadow:0 12px 40px #0003}</style>${images}`);
  expect(await sheet.screenshot({ path })).not.toHaveLength(0);
}
