import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";
import { freePort } from "../support/free-port.js";
import { CHROMIUM_ARGUMENTS, chromiumPath } from "./chromium.js";
import { buildSample } from "./sample.js";

const PLACES = [process.env["PROMETHEUS_PATH"] ?? "", "/usr/bin/prometheus", "/usr/local/bin/prometheus"];
const prometheusPath = PLACES.find((path) => path !== "" && existsSync(path));
if (prometheusPath === undefined) {
  console.warn("SKIPPED: the telemetry sample with Prometheus, because there is none (apt-get install prometheus).");
}

interface Dashboard {
  readonly panels: ReadonlyArray<{
    readonly title: string;
    readonly targets: ReadonlyArray<{ readonly expr: string }>;
  }>;
}

const dashboard = JSON.parse(readFileSync(`${root}docs/grafana-dashboard.json`, "utf8")) as Dashboard;

describe.skipIf(prometheusPath === undefined)("the telemetry sample, watched by a real Prometheus", () => {
  const folder = mkdtempSync(`${tmpdir()}/telemetry-sample-`);
  let sample: Child;
  let prometheus: ChildProcess;
  let page = "";
  let api = "";

  beforeAll(async () => {
    buildSample("telemetry");
    const [port, metricsPort, prometheusPort] = [await freePort(), await freePort(), await freePort()];
    sample = startNode(
      `${root}samples/telemetry/dist/server.js`,
      {
        PORT: String(port),
        OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
        NODE_OPTIONS: `--import ${pathToFileURL(`${root}samples/telemetry/dist/telemetry.js`).href}`,
      },
      root,
    );
    await sample.printed(/Ctrl-C/);
    page = `http://127.0.0.1:${port}/`;
    api = `http://127.0.0.1:${prometheusPort}`;
    const config = readFileSync(`${root}samples/telemetry/prometheus.yml`, "utf8");
    writeFileSync(`${folder}/prometheus.yml`, config.replace(":9464", `:${metricsPort}`).replace(/: 2s$/m, ": 1s"));
    prometheus = spawn(
      prometheusPath ?? "",
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ],
      { stdio: "ignore" },
    );
  }, 90_000);

  afterAll(async () => {
    prometheus?.kill("SIGKILL");
    await sample?.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** How many series an expression of the dashboard has now. */
  async function seriesOf(expr: string): Promise<number> {
    const query = new URLSearchParams({ query: expr.replaceAll("$__rate_interval", "15s") });
    const reply = await fetch(`${api}/api/v1/query?${query}`).catch(() => undefined);
    const answer = (await reply?.json()) as { readonly data?: { readonly result: readonly unknown[] } } | undefined;
    return answer?.data?.result.length ?? 0;
  }

  test("every expression of the Grafana dashboard finds something", async () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(10);
    for (const expr of expressions) {
      await expect.poll(() => seriesOf(expr), { message: expr, timeout: 30_000, interval: 500 }).toBeGreaterThan(0);
    }
  });

  test.skipIf(chromiumPath === undefined)(
    "the page draws every panel from it",
    async () => {
      const isPicture = process.env["UPDATE_SCREENSHOTS"] === "1";
      // Two minutes of life make a better picture.
      if (isPicture) await new Promise((resolve) => setTimeout(resolve, 110_000));
      const browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: CHROMIUM_ARGUMENTS });
      const tab = await browser.newPage({ viewport: { width: 1180, height: 900 } });
      const complaints: string[] = [];
      tab.on("pageerror", (error) => complaints.push(error.message));
      await tab.goto(`${page}?prometheus=${encodeURIComponent(api)}`);
      await tab.locator("body[data-is-drawn]").waitFor();
      const titles = await tab.locator("section h2").allTextContents();
      expect(titles).toEqual(dashboard.panels.map(({ title }) => title));
      for (const panel of await tab.locator("section").all()) {
        expect(await panel.locator("polyline").count()).toBeGreaterThan(0);
      }
      if (isPicture) await tab.screenshot({ path: `${root}docs/images/telemetry.png`, fullPage: true });
      await browser.close();
      expect(complaints).toEqual([]);
    },
    240_000,
  );

  test("the sample ends in order", async () => {
    expect(await sample.end("SIGTERM")).toBe(0);
  });
});
