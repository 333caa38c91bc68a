import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { startEmulator } from "azure-signalr-server/emulator";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../support/built.js";
import { startNode } from "../support/child.js";
import { Inbox } from "../support/hub-server.js";

test("the app of the guide to Serverless mode works as it stands there", async () => {
  const folder = mkdtempSync(`${tmpdir()}/serverless-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(`${folder}/node_modules`);
  symlinkSync(`${root}node_modules/jose`, `${folder}/node_modules/jose`, "dir");
  const guide = readFileSync(`${root}docs/guides/serverless.md`, "utf8");
  const [, code = ""] = /^```js\n(\/\/ serverless\.mjs\n[\s\S]*?)^```$/m.exec(guide) ?? [];
  writeFileSync(`${folder}/serverless.mjs`, code);
  await using emulator = await startEmulator({ port: 0 });
  const app = startNode(`${folder}/serverless.mjs`, { SIGNALR_ENDPOINT: emulator.url, PORT: "0" }, folder);
  onTestFinished(() => void app.process.kill("SIGKILL"));
  const [, port] = await app.printed(/listening on (\d+)/);
  emulator.setUpstream([{ urlTemplate: `http://localhost:${port}/upstream` }]);

  const client = new HubConnectionBuilder()
    .withUrl(`http://localhost:${port}/chat`)
    .configureLogging(LogLevel.None)
    .build();
  const inbox = new Inbox(client, "said");
  await client.start();
  expect(await client.invoke("say", "hi")).toBe("heard");
  expect(await inbox.next()).toEqual(["said", "ann", "hi"]);
  const forged = await fetch(`http://localhost:${port}/upstream`, {
    method: "POST",
    headers: { "X-ASRS-Connection-Id": "x", "X-ASRS-Signature": "sha256=0" },
  });
  expect(forged.status).toBe(401);
  await client.stop();
});
