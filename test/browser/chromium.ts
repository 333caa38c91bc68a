import { existsSync } from "node:fs";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser of this machine: `CHROMIUM_PATH`, or where distributions put it; undefined when there is none. */
export const chromiumPath: string | undefined = [process.env["CHROMIUM_PATH"] ?? "", ...PLACES].find(
  (path) => path !== "" && existsSync(path),
);

if (chromiumPath === undefined) {
  console.warn(`SKIPPED: tests in the browser, because there is no Chromium (CHROMIUM_PATH, ${PLACES.join(", ")}).`);
}

/** Quiet, without a sandbox (containers have none), and without calls to anybody. */
export const CHROMIUM_ARGUMENTS: string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
