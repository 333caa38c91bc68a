import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/support/free-port.js";
import { eventually } from "../../../test/support/polling.js";
import { isRunning, Shown, started, toRun } from "../../../test/support/running-apps.js";
import { expression } from "../values.js";

const environmentOf = async (url: string) =>
  (await (await fetch(url, { headers: { connection: "close" } })).json()) as Record<string, string | undefined>;

test("an app gets connection string and address of the emulator, its port, and where other apps are", async () => {
  const builder = toRun({ configuration: { Parameters: { key: "k1" } } });
  const signalR = builder.addAzureSignalR("signalr").runAsEmulator();
  const key = builder.addParameter("key", { secret: true });
  const other = builder.addExecutable("other", process.execPath, ".", ["server.mjs"]).withHttpEndpoint({ env: "PORT" });
  builder
    .addNodeApp("api", "server.mjs")
    .withReference(signalR, { connectionName: "chat" })
    .withReference(other)
    .withEnvironment("MIXED", expression`${signalR.hostName}/${key}`)
    .withHttpEndpoint({ env: "PORT" })
    .withHttpHealthCheck()
    .waitFor(signalR);
  const shown = new Shown();
  const running = await started(builder, shown);
  await running.ready();
  const [emulator, ...apps] = running.resources;
  expect(running.resources.map(({ name, kind, state, isHealthy }) => [name, kind, state, isHealthy])).toEqual([
    ["signalr", "emulator", "running", true],
    ["other", "app", "running", undefined],
    ["api", "app", "running", true],
  ]);
  const url = emulator?.endpoints[0]?.replace(/\/$/, "") ?? "";
  expect((await fetch(`${url}/api/health`)).status).toBe(200);
  expect((await fetch(url)).headers.get("content-type")).toContain("text/html");
  expect(shown.text).toContain(`its live page: ${url}/`);

  const [otherUrl = "", apiUrl = ""] = apps.flatMap(({ endpoints }) => endpoints);
  expect(await environmentOf(apiUrl)).toMatchObject({
    ConnectionStrings__chat: expect.stringMatching(/^Endpoint=http:\/\/localhost:\d+;AccessKey=\w+;Version=1\.0;$/),
    CHAT_URI: url,
    MIXED: `${new URL(url).host}/k1`,
    PORT: new URL(apiUrl).port,
    NODE_ENV: "development",
    services__other__http__0: otherUrl,
    pid: apps[1]?.processId,
  });
  expect(shown.text).not.toContain("k1");
  expect(Object.keys(await environmentOf(otherUrl)).filter((name) => /NODE_ENV|OTEL|Connection/.test(name))).toEqual(
    [],
  );
});

test("an app that waits is started when the other is well, and not when it has ended before", async () => {
  const builder = toRun();
  const first = builder.addNodeApp("first", "server.mjs").withArgs("unwell").withHttpEndpoint({ env: "PORT" });
  first.withHttpHealthCheck();
  const second = builder.addNodeApp("second", "brief.mjs").withArgs("3", "x y").waitFor(first);
  builder
    .addNodeApp("third", "brief.mjs")
    .withArgs("0")
    .waitFor(builder.addNodeApp("failing", "nowhere.mjs", "./no"));
  const shown = new Shown();
  const running = await started(builder, shown);
  await shown.match(/^third +\* cannot start: failing .*no is not a folder$/m);
  await shown.match(/^first +\| listening$/m);
  const stateOf = (name: string) => running.resources.find((resource) => resource.name === name);
  expect(stateOf("first")).toMatchObject({ state: "running", isHealthy: false });
  expect(stateOf(second.name)).toMatchObject({ state: "waiting", processId: undefined });
  await fetch(`${stateOf("first")?.endpoints[0]}/well/yes`);
  await shown.match(/^second +\| args x y$/m);
  await shown.match(/^second +\* has ended \(exit code 3\); it is not started again$/m);
  expect(stateOf("second")).toMatchObject({ state: "ended", exitCode: 3 });
  // Others go on.
  expect(stateOf("first")).toMatchObject({ state: "running", isHealthy: true });
  await fetch(`${stateOf("first")?.endpoints[0]}/well/no`);
  await shown.match(/^first +\* is not healthy any more$/m);
  expect(shown.text.match(/second +\* runs/g)).toHaveLength(1);
  await expect(running.ready()).rejects.toMatchObject({ code: "HOSTING_FAILED" });
});

test("apps end in reverse order, those that do not are killed, and nothing of them is left", async () => {
  const builder = toRun();
  const stubborn = builder.addNodeApp("stubborn", "stubborn.mjs");
  builder.addNodeApp("careless", "careless.mjs");
  builder.addNodeApp("late", "server.mjs").withHttpEndpoint({ env: "PORT" });
  const never = builder.addNodeApp("never", "server.mjs").withArgs("unwell").withHttpEndpoint({ env: "PORT" });
  never.withHttpHealthCheck().waitFor(stubborn);
  builder.addNodeApp("waiting", "brief.mjs").withArgs("0").waitFor(never);
  const shown = new Shown();
  const running = await started(builder, shown);
  const [, ...pids] = await shown.match(/^stubborn +\| pids (\d+) (\d+)$/m);
  const [, left = ""] = await shown.match(/^careless +\| pids (\d+)$/m);
  await shown.match(/^late +\| listening$/m);
  await shown.match(/^never +\| listening$/m);
  await running.stop();
  expect(
    [...shown.text.matchAll(/^(\w+) +\* (was not started|has ended.*)$/gm)].map(([, name, how]) => [name, how]),
  ).toEqual([
    ["waiting", "was not started"],
    ["never", "has ended (exit code 0)"],
    ["late", "has ended (exit code 0)"],
    ["careless", "has ended (SIGTERM)"],
    ["stubborn", "has ended (SIGKILL)"],
  ]);
  expect(shown.text).toMatch(/^late +\| bye$/m);
  await eventually(() => ![...pids, left].map(Number).some(isRunning));
  expect(running.resources.every(({ state }) => state === "ended")).toBe(true);
});

test("several processes of an app share its port, each with one of its own", async () => {
  const builder = toRun();
  const port = await freePort();
  const api = builder.addNodeApp("api", "server.mjs").withReplicas(2).withHttpEndpoint({ env: "PORT", port });
  api.withHttpHealthCheck();
  const running = await started(builder);
  await running.ready();
  expect(running.resources.map(({ name }) => name)).toEqual(["api#1", "api#2"]);
  const url = `http://localhost:${port}`;
  expect(running.resources.flatMap(({ endpoints }) => endpoints)).toEqual([url, url]);
  const ask = async () => (await environmentOf(url))["PORT"];
  const ports = new Set<string | undefined>();
  // Each connection goes to the next process.
  while (ports.size < 2) ports.add(await ask());
  expect(ports.has(String(port))).toBe(false);
  const [one] = running.resources;
  process.kill(one?.processId ?? 0, "SIGKILL");
  await eventually(() => running.resources[0]?.state === "ended");
  expect(await ask()).toBeDefined();
});

test.each([
  [
    "a connection string",
    "CONNECTION_STRING_MISSING",
    /^ConnectionStrings:plain is missing: set it in .*ConnectionStrings__plain\.$/,
  ],
  ["a service", "CONNECTION_STRING_MISSING", /^ConnectionStrings:azure is missing: .* Or run azure as the emulator/],
  ["a parameter", "CONFIG_INVALID", /^Parameters:word is missing: set it in .*Parameters__word\.$/],
  ["an endpoint", "HOSTING_FAILED", /^api has no endpoint named admin; there are: none\./],
  ["an output", "HOSTING_FAILED", /^Output id of signalr is known in Azure only/],
  ["a circle", "HOSTING_FAILED", /^No app of a circle can start: (\w+) waits for \w+ waits for \1\./],
  ["a port", "HOSTING_FAILED", /^api has 2 processes, which cannot all listen on port 4000/],
])("%s that cannot be had is one error before any app is started", async (what, code, message) => {
  const builder = toRun();
  const signalR = builder.addAzureSignalR("signalr").runAsEmulator();
  const api = builder.addNodeApp("api", "server.mjs");
  const web = builder.addNodeApp("web", "server.mjs");
  if (what === "a connection string") builder.addConnectionString("plain");
  if (what === "a service") builder.addAzureSignalR("azure");
  if (what === "a parameter") web.withEnvironment("W", builder.addParameter("word"));
  if (what === "an endpoint") web.withEnvironment("W", api.endpoint("admin"));
  if (what === "an output") web.withEnvironment("W", signalR.id);
  if (what === "a circle") web.waitFor(api.waitFor(web));
  if (what === "a port") api.withReplicas(2).withHttpEndpoint({ targetPort: 4000 });
  const shown = new Shown();
  await expect(started(builder, shown)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(shown.text).not.toContain("runs");
  const [, url] = /emulated at (\S+);/.exec(shown.text) ?? [];
  if (url !== undefined) await expect(fetch(url)).rejects.toThrow();
});

test("a port in use is told with its number, and nothing is left running", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const emulated = toRun();
  emulated.addAzureSignalR("signalr").runAsEmulator((emulator) => {
    emulator.port = port;
  });
  const forwarded = toRun();
  forwarded.addNodeApp("api", "server.mjs").withHttpEndpoint({ port, targetPort: await freePort() });
  for (const builder of [emulated, forwarded]) {
    await expect(started(builder)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringContaining(`${port}`),
    });
  }
});

test("services that are there already are reached by what is configured, else by their name", async () => {
  const configured = "Endpoint=https://mine.example;AccessKey=hidden-key-hidden-key-hidden-key-1;Version=1.0;";
  const builder = toRun({ configuration: { ConnectionStrings: { far: configured, plain: "anything" } } });
  const far = builder.addAzureSignalR("far");
  const near = builder.addAzureSignalR("near").runAsExisting("shared-signalr");
  const plain = builder.addConnectionString("plain");
  const mixed = builder.addConnectionString("mixed", expression`${plain.connectionString};Endpoint=${near.uri}`);
  const api = builder.addNodeApp("api", "server.mjs").withHttpEndpoint({ env: "PORT" }).withHttpHealthCheck();
  for (const source of [far, near, plain, mixed]) api.withReference(source);
  api.withEnvironment("NAMES", expression`${near.hostName} ${near.nameOutput} ${far.nameOutput}`);
  const shown = new Shown();
  const running = await started(builder, shown);
  await running.ready();
  expect(await environmentOf(running.resources.at(-1)?.endpoints[0] ?? "")).toMatchObject({
    ConnectionStrings__far: configured,
    FAR_URI: expect.stringContaining("https://mine.example"),
    ConnectionStrings__near: "Endpoint=https://shared-signalr.service.signalr.net;AuthType=azure",
    ConnectionStrings__plain: "anything",
    ConnectionStrings__mixed: expect.stringMatching(
      /^anything;Endpoint=https:\/\/shared-signalr\.service\.signalr\.net/,
    ),
    NAMES: "shared-signalr.service.signalr.net shared-signalr mine",
  });
  running.print();
  expect(shown.text).not.toContain("hidden-key");
});

test("where somebody takes telemetry in, apps send theirs at once and under their own names", async () => {
  const environment = {
    PATH: process.env["PATH"],
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4317",
    OTEL_SERVICE_NAME: "host",
  };
  const builder = toRun({ environment: { ...environment, OTEL_TRACES_SAMPLER: "always_off" } });
  const api = builder.addNodeApp("api", "server.mjs").withHttpEndpoint({ env: "PORT" }).withHttpHealthCheck();
  api.withEnvironment("OTEL_BSP_SCHEDULE_DELAY", "50");
  const running = await started(builder);
  await running.ready();
  expect(await environmentOf(running.resources[0]?.endpoints[0] ?? "")).toMatchObject({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4317",
    OTEL_SERVICE_NAME: "api",
    OTEL_RESOURCE_ATTRIBUTES: expect.stringMatching(/^service\.instance\.id=[\da-f-]{36}$/),
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
    OTEL_TRACES_SAMPLER: "always_off",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
});

test("run shows a table when all is ready, tells who asks, and ends with its signal", async () => {
  const builder = toRun();
  builder.addAzureSignalR("signalr").runAsEmulator();
  builder.addNodeApp("brief", "brief.mjs").withArgs("7");
  builder.addNodeApp("api", "server.mjs").withHttpEndpoint({ env: "PORT" }).withHttpHealthCheck();
  const shown = new Shown();
  const end = new AbortController();
  let readyCount = 0;
  await builder.build().run({
    write: shown.write,
    signal: end.signal,
    onReady: () => {
      readyCount += 1;
      end.abort();
    },
  });
  expect(readyCount).toBe(1);
  expect(shown.text).toMatch(/^signalr +running +healthy +http:\/\/localhost:\d+\/$/m);
  expect(shown.text).toMatch(/^api +running +healthy +http:\/\/localhost:\d+$/m);
  expect(shown.text).toMatch(/\nStopping\.\n(?:.*\n)*Stopped\.\n$/);
  expect(shown.text).not.toContain("\u001b");
  const late = toRun().build();
  await late.run({ write: shown.write, signal: AbortSignal.abort() });
  await expect(late.run({ stopTimeout: 0 })).rejects.toMatchObject({
    code: "ARGUMENT_INVALID",
    message: expect.stringContaining("stopTimeout is 0"),
  });
});

test("an error of onReady ends everything, and is the error of the run", async () => {
  const builder = toRun();
  builder.addNodeApp("api", "server.mjs").withHttpEndpoint({ env: "PORT" });
  const shown = new Shown();
  const run = builder.build().run({
    write: shown.write,
    signal: new AbortController().signal,
    onReady: () => {
      throw new Error("not mine");
    },
  });
  await expect(run).rejects.toThrow("not mine");
  expect(shown.text).toMatch(/api \* has ended/);
});
