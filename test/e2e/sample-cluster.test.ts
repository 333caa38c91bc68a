import { type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { buildSample } from "../browser/sample.js";
import { root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";

beforeAll(() => buildSample("cluster"), 60_000);

function start(env: Readonly<Record<string, string>> = {}): Child {
  const cluster = startNode(`${root}samples/cluster/dist/server.js`, { PORT: "0", WORKERS: "2", ...env }, root);
  onTestFinished(async () => {
    await cluster.end("SIGKILL");
  });
  return cluster;
}

async function connect(url: string): Promise<HubConnection> {
  const client = new HubConnectionBuilder().withUrl(url).configureLogging(LogLevel.None).build();
  onTestFinished(() => client.stop());
  await client.start();
  return client;
}

test("two processes share one port and one service, and are replaced and killed while clients go on", async () => {
  const cluster = start();
  const [, url = ""] = await cluster.printed(/^Cluster: (http:\S+),/m);
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect(url)));
  const closed: unknown[] = [];
  for (const client of clients) client.onclose((error) => closed.push(error));
  const serving = async (): Promise<Set<number>> =>
    new Set(await Promise.all(clients.map((client) => client.invoke<number>("whoServes"))));
  const before = await serving();
  expect(before.size).toBe(2);

  const heard = clients.map((client) => new Promise((resolve) => client.on("heard", (_by, text) => resolve(text))));
  await clients[0]?.invoke("say", "hello");
  expect(await Promise.all(heard)).toEqual(clients.map(() => "hello"));

  cluster.process.kill("SIGHUP");
  await cluster.printed(/(?:is replaced\.[\s\S]*){2}/);
  const after = await serving();
  expect([...after].filter((id) => before.has(id))).toEqual([]);
  expect(closed).toEqual([]);

  const [victim = 0] = after;
  process.kill(victim, "SIGKILL");
  await cluster.printed(new RegExp(`Process ${victim} has ended \\(SIGKILL\\), another one takes its place`));
  const late = await connect(url);
  expect(await late.invoke<number>("whoServes")).not.toBe(victim);
  expect(await cluster.end("SIGTERM")).toBe(0);
}, 90_000);

test("a cluster that cannot start says so, without the key, and ends with exit code 1", async () => {
  const key = "TOPSECRET0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const cluster = start({ ConnectionStrings__signalr: `AccessKey=${key};Version=1.0;`, WORKERS: "1" });
  expect(await cluster.ended()).toBe(1);
  expect(cluster.output()).toContain("The cluster cannot go on: a process ended before it was ready");
  expect(cluster.output()).not.toContain(key);
}, 60_000);
