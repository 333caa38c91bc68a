// A hub server with methods that can be asked for more than there is room for.
import { once } from "node:events";
import { Hub, signalr } from "../../dist/index.js";

const TEXT = "x".repeat(10_000);

class OverloadHub extends Hub {
  echo(text) {
    return text;
  }
  /** Sends so many messages, each after the one before was taken. */
  async pour(count) {
    for (let number = 0; number < count; number += 1) await this.clients.all.send("poured", TEXT);
    return count;
  }
  /** Sends them without waiting; gives the codes of those that failed. */
  async spill(count) {
    const sends = Array.from({ length: count }, () => this.clients.all.send("spilled", TEXT));
    const outcomes = await Promise.allSettled(sends);
    return [...new Set(outcomes.flatMap(({ reason }) => (reason === undefined ? [] : [reason.code])))];
  }
  async endless() {
    await once(this.signal, "abort");
  }
}

const hubs = signalr.named("signalr", {
  connectionString: process.env.BENCH_CONNECTION_STRING,
  connectionCount: Number(process.env.BENCH_CONNECTIONS ?? 2),
  configuration: { values: {} },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
hubs.mapHub("/overload", OverloadHub);
await hubs.started();
process.on("message", () => {
  globalThis.gc?.();
  process.send({ collected: true });
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
