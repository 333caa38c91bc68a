import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

// Tests import the package by its public name; the alias points the doors at the source, so no build is needed for them.
export const alias = [
  { find: /^azure-signalr-server$/, replacement: source("index.ts") },
  { find: /^azure-signalr-server\/(.+)$/, replacement: source("$1/index.ts") },
];

// Files share one process: starting a fresh one for each costs more than most of them take. What a test registers for
// the whole process (a telemetry SDK, an environment variable), it takes back at its end.
const project = (name: string, include: string[], timeoutMs = 10_000) => ({
  resolve: { alias },
  test: { name, include, isolate: false, testTimeout: timeoutMs, hookTimeout: timeoutMs },
});

export default defineConfig({
  test: {
    // Most tests wait for sockets, browsers and child processes, so two files share even two cores well.
    maxWorkers: 2,
    projects: [
      project("unit", ["src/**/*.test.ts", "test/*.test.ts"]),
      project("conformance", ["test/conformance/**/*.test.ts"]),
      project("fuzz", ["test/fuzz/**/*.test.ts"], 60_000),
      project("e2e", ["test/e2e/**/*.test.ts"], 30_000),
      project("browser", ["test/browser/**/*.test.ts"], 90_000),
    ],
  },
});
