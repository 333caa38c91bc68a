import { costOf, KIB, withPeers } from "./peers.mjs";

const COUNTS = [1000, 2500, 5000, 10_000];
const PER_SECOND = 2000;

/** Clients on websockets, all of which call; the load stays the same, only the clients are more. */
export async function run() {
  const rows = await withPeers({}, async (peers) => {
    const { host, service, clients } = peers;
    const empty = [await host.memory(), await service.memory()];
    const measured = [];
    for (const count of COUNTS) {
      const added = count - (measured.at(-1)?.clients ?? 0);
      const began = performance.now();
      const { targets } = host.ready;
      const connecting = await costOf(peers, () => clients.ask("connect", { targets, count }), added);
      const connectMs = performance.now() - began;
      await clients.ask("echo", { perSecond: PER_SECOND, forMs: 1500 });
      const echo = await costOf(peers, () => clients.ask("echo", { perSecond: PER_SECOND, forMs: 5000 }));
      const full = [await host.memory(), await service.memory()];
      measured.push({
        clients: count,
        "connect a second": (added / connectMs) * 1000,
        "hub server us to connect one": connecting.host,
        "hub server us an echo": echo.host,
        "emulator us an echo": echo.service,
        "p50 ms": echo.result.p50,
        "p99 ms": echo.result.p99,
        unanswered: echo.result.unanswered,
        "hub server KiB a client": (full[0] - empty[0]) / KIB / count,
        "emulator KiB a client": (full[1] - empty[1]) / KIB / count,
      });
    }
    return measured;
  });
  return {
    name: "clients",
    title: `Clients on websockets through hub server and emulator, ${PER_SECOND} calls a second in all`,
    rows,
    chart: { x: "clients", y: "us CPU an echo", lines: ["hub server us an echo", "emulator us an echo"] },
  };
}
