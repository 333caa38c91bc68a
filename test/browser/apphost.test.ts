import { type Browser, chromium, type Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../support/built.js";
import { startNode } from "../support/child.js";
import { CHROMIUM_ARGUMENTS, chromiumPath } from "./chromium.js";
import { buildSample } from "./sample.js";

const WAIT_MS = 15_000;

async function open(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(address);
  await page.locator("#add:enabled").waitFor();
  return page;
}

test.skipIf(chromiumPath === undefined)(
  "the application of the sample runs with one command, and two windows count together",
  async () => {
    buildSample("apphost");
    const appHost = ["run", "--apphost", `${root}samples/apphost/dist/apphost.js`];
    const cli = startNode(`${root}dist/cli/main.js`, {}, root, appHost);
    onTestFinished(async () => {
      await cli.end("SIGKILL");
    });
    const [, address = ""] = await cli.printed(/^web +running +healthy +(http:\S+)$/m);
    const browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
    onTestFinished(() => browser.close());
    const [one, two] = await Promise.all([open(browser, address), open(browser, address)]);
    await one.click("#add");
    await two.click("#add");
    for (const page of [one, two]) await page.locator("#count").getByText("2", { exact: true }).waitFor();
    expect(await cli.end("SIGINT")).toBe(0);
    expect(cli.output()).toMatch(/\nStopped\.\n$/);
  },
);
