import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { addressOf, buildSample } from "../browser/sample.js";
import { root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";

beforeAll(() => buildSample("fastify-chat"), 60_000);

function start(env: Readonly<Record<string, string>> = {}): Child {
  const sample = startNode(`${root}samples/fastify-chat/dist/fastify-chat/server.js`, { PORT: "0", ...env }, root);
  onTestFinished(async () => {
    await sample.end("SIGKILL");
  });
  return sample;
}

test("the Fastify sample serves the page, the client and the chat, and ends in order with its clients", async () => {
  const sample = start();
  const address = await addressOf(sample);
  for (const [path, text] of [
    ["/", "<title>"],
    ["/app.js", "openConnection"],
    ["/vendor/signalr/signalr.min.js", "HubConnection"],
    ["/healthz", '"healthy"'],
  ] as const) {
    const reply = await fetch(`${address}${path}`);
    expect([path, reply.status, reply.headers.get("x-content-type-options")]).toEqual([path, 200, "nosniff"]);
    expect(await reply.text()).toContain(text);
  }
  const client = new HubConnectionBuilder().withUrl(`${address}/chat`).configureLogging(LogLevel.None).build();
  onTestFinished(() => client.stop());
  const closed = new Promise((resolve) => client.onclose(resolve));
  const heard = new Promise<{ name: string; text: string }>((resolve) => client.on("messageReceived", resolve));
  for (const news of ["roomsChanged", "peopleChanged"]) client.on(news, () => {});
  await client.start();
  await client.invoke("join", "Lobby", "ann");
  await client.invoke("say", "hi");
  expect(await heard).toMatchObject({ name: "ann", text: "hi" });
  expect(await sample.end("SIGTERM")).toBe(0);
  await closed;
  expect(sample.output()).not.toMatch(/error|"level":[45]0/i);
});

test("the Fastify sample gives the reason and exit code 1 when the connection string is wrong, without its key", async () => {
  const key = "TOPSECRET0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const sample = start({ ConnectionStrings__signalr: `AccessKey=${key};Version=1.0;` });
  expect(await sample.ended()).toBe(1);
  expect(sample.output()).toMatch(/The chat cannot start: .*endpoint/i);
  expect(sample.output()).not.toContain(key);
});
