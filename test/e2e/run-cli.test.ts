import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt, root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";
import { eventually } from "../support/polling.js";
import { isRunning } from "../support/running-apps.js";

const API = `import { createServer } from "node:http";
import express from "express";
import { Hub } from "azure-signalr-server";
import { signalr } from "azure-signalr-server/express";

class ChatHub extends Hub {}
const app = express();
const hubs = signalr.named("signalr", { logger: { debug() {}, info() {}, warn: console.warn, error: console.error } });
hubs.mapHub("/chat", ChatHub);
app.get("/health", hubs.healthHandler());
app.use(hubs);
const server = createServer(app).listen(Number(process.env.PORT));
process.once("SIGTERM", async () => {
  await hubs.shutdown();
  server.close();
  server.closeAllConnections();
  console.log("shut down");
});
`;
const APP_HOST = `import { createBuilder } from "azure-signalr-server/hosting";
const builder = createBuilder();
const signalR = builder.addAzureSignalR("signalr");
if (process.env.NOWHERE === undefined) signalR.runAsEmulator();
builder.addNodeApp("api", "api.js").withReference(signalR).waitFor(signalR).withHttpEndpoint({ env: "PORT" }).withHttpHealthCheck();
builder.addNpmApp("script", ".", "forever");
await builder.build().run();
`;

const project = mkdtempSync(join(tmpdir(), "run-cli-"));

beforeAll(() => {
  ensureBuilt();
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules/azure-signalr-server"), "dir");
  symlinkSync(join(root, "node_modules/express"), join(project, "node_modules/express"), "dir");
  const forever = `echo started; node -e "console.log('pid ' + process.pid); setInterval(() => {}, 1000)"; echo over`;
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module", scripts: { forever } }));
  writeFileSync(join(project, "api.js"), API);
  writeFileSync(join(project, "apphost.js"), APP_HOST);
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

function start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Child {
  const child = startNode(`${root}dist/cli/main.js`, env, project, ["run", ...args]);
  onTestFinished(async () => {
    await child.end("SIGKILL");
  });
  return child;
}

/** Waits for the table, and gives the processes of the apps. */
async function processesOf(cli: Child): Promise<number[]> {
  const [, api] = await cli.printed(/^api +\* runs \(process (\d+)\)$/m);
  const [, npm] = await cli.printed(/^script +\* runs \(process (\d+)\)$/m);
  const [, grandchild] = await cli.printed(/^script +\| pid (\d+)$/m);
  await cli.printed(/Press Ctrl-C to stop\./);
  return [api, npm, grandchild].map(Number);
}

test("azure-signalr run starts emulator and apps, and ends them all on Ctrl-C", async () => {
  const cli = start();
  const pids = await processesOf(cli);
  const [, url = ""] = await cli.printed(/^api +running +healthy +(http:\S+)$/m);
  const negotiation = (await (
    await fetch(`${url}/chat/negotiate?negotiateVersion=1`, { method: "POST" })
  ).json()) as object;
  const [, emulator = ""] = await cli.printed(/^signalr +running +healthy +(http:\S+)\/$/m);
  expect(negotiation).toMatchObject({ url: expect.stringContaining(`${emulator}/client/?hub=chathub`) });
  expect(pids.every(isRunning)).toBe(true);
  expect(await cli.end("SIGINT")).toBe(0);
  expect(cli.output()).toMatch(/^api +\| shut down$/m);
  expect(cli.output()).toMatch(/^Stopped\.$/m);
  // A pipe is no terminal.
  expect(cli.output()).not.toContain("\u001b[3");
  await eventually(() => !pids.some(isRunning));
});

test("when the command is killed, the app host ends its apps all the same", async () => {
  const cli = start();
  const pids = await processesOf(cli);
  await cli.end("SIGKILL");
  await eventually(() => !pids.some(isRunning));
});

test("a missing connection string is one sentence and exit code 1", async () => {
  const cli = start(["--apphost", "apphost.js"], { NOWHERE: "1" });
  expect(await cli.ended()).toBe(1);
  expect(cli.output()).toMatch(
    /^error: ConnectionStrings:signalr is missing: set it in .*appsettings\.json or as environment variable ConnectionStrings__signalr\. Or run signalr as the emulator, with runAsEmulator\(\)\.\n$/,
  );
});

test("run explains itself, and refuses what it does not know", async () => {
  const help = start(["--help"]);
  expect(await help.ended()).toBe(0);
  expect(help.output()).toContain("run the application of an app host on this machine until Ctrl-C");
  expect(help.output()).toContain("--apphost <file>");
  const wrong = start(["--apphost", "nowhere.js"]);
  expect(await wrong.ended()).toBe(1);
  expect(wrong.output()).toMatch(/^error: There is no file .*nowhere\.js\.\n$/);
});

test("an app host that fails by itself is shown with what it said", async () => {
  writeFileSync(
    join(project, "broken.js"),
    `import "azure-signalr-server/hosting";\nthrow new Error("my own fault");\n`,
  );
  const cli = start(["--apphost", "broken.js"]);
  expect(await cli.ended()).toBe(1);
  expect(cli.output()).toContain("Error: my own fault");
  expect(cli.output()).toMatch(/\nerror: broken\.js failed \(exit code 1\)\.\n$/);
});
