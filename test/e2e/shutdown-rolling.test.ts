import { Hub } from "azure-signalr-server";
import { startEmulator } from "azure-signalr-server/emulator";
import { signalr } from "azure-signalr-server/express";
import { expect, test } from "vitest";
import { rollingRestart } from "../../benchmarks/load/rolling-restart.mjs";

test("a rolling restart that migrates clients disconnects none of them and loses none of their calls", async () => {
  const result = await rollingRestart({ Hub, signalr, startEmulator, clients: 100, restarts: 3 });
  expect(result.sent).toBeGreaterThan(500);
  // Half of the clients, and from then on all, because one server is left each time.
  expect(result.migrated).toBe(250);
  expect(result).toMatchObject({
    answered: result.sent,
    disconnected: 0,
    failed: 0,
    wrongAnswers: 0,
    unanswered: 0,
    lost: 0,
    runTwice: 0,
    outOfOrder: 0,
  });
});
