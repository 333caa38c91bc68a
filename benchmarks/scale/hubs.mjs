import { setTimeout as delay } from "node:timers/promises";
import { costOf, MIB, withPeers } from "./peers.mjs";

const COUNTS = [1, 10, 50, 100];
const CLIENTS = 200;
const IDLE_MS = 3000;

/** Hubs of one hub server, one server connection each; 200 clients spread over them. */
export async function run() {
  const rows = [];
  for (const count of COUNTS) {
    await withPeers({ hubs: count, connectionCount: 1 }, async (peers) => {
      const { host, service, clients } = peers;
      const memory = [await host.memory(), await service.memory()];
      const idle = await costOf(peers, () => delay(IDLE_MS), IDLE_MS * 10);
      await clients.ask("connect", { targets: host.ready.targets, count: CLIENTS });
      await clients.ask("echo", { perSecond: 2000, forMs: 1500 });
      const echo = await costOf(peers, () => clients.ask("echo", { perSecond: 2000, forMs: 3000 }));
      rows.push({
        hubs: count,
        "start ms": host.ready.startMs,
        "hub server MiB": memory[0] / MIB,
        "emulator MiB": memory[1] / MIB,
        "hub server CPU % idle": idle.host,
        "hub server us an echo": echo.host,
        "emulator us an echo": echo.service,
        "p99 ms": echo.result.p99,
      });
    });
  }
  return {
    name: "hubs",
    title: "Hubs in one hub server, one server connection each",
    rows,
    chart: { x: "hubs", y: "us CPU an echo", lines: ["hub server us an echo", "emulator us an echo"] },
  };
}
