// A hub server that knows its longest turn of the event loop: for storms that concern all of its clients at once.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const { Hub, signalr } = await import(process.env.BENCH_PACKAGE ?? "../../dist/index.js");

let disconnected = 0;

class StormHub extends Hub {
  echo(text) {
    return text;
  }
  async onDisconnected() {
    await Promise.resolve();
    disconnected += 1;
  }
}

const hubs = signalr.named("signalr", {
  connectionString: process.env.BENCH_CONNECTION_STRING,
  connectionCount: Number(process.env.BENCH_CONNECTIONS ?? 2),
  configuration: { values: {} },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  hub: { keepAliveInterval: Number(process.env.BENCH_KEEP_ALIVE_MS) },
});
hubs.mapHub("/storm", StormHub);
await hubs.started();

const turns = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
turns.enable();
/** Answers with what happened since it was asked before. */
process.on("message", () => {
  globalThis.gc?.();
  process.send({ longestMs: turns.max / 1e6 - RESOLUTION_MS, disconnected });
  disconnected = 0;
  setImmediate(() => turns.reset());
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
