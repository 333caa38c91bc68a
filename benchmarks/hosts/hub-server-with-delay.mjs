// The hub server of hub-server.mjs, which can be asked for the longest turn of its event loop since it was asked before.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
process.on("message", (request) => {
  if (request !== "delay") return;
  process.send({ delayMs: Math.max(0, delays.max / 1e6 - RESOLUTION_MS) });
  delays.reset();
});
await import("./hub-server.mjs");
