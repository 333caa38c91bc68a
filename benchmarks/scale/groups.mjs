import { costOf, KIB, withPeers } from "./peers.mjs";

const CLIENTS = 1000;
const MEMBERS = 10;
const COUNTS = [100, 1000, 10_000];
const SENDS = 5000;

/** Groups of ten members each, over 1,000 clients. */
export async function run() {
  const rows = [];
  for (const groups of COUNTS) {
    await withPeers({}, async (peers) => {
      const { host, service, clients } = peers;
      await clients.ask("connect", { targets: host.ready.targets, count: CLIENTS });
      const empty = await service.memory();
      const joining = await costOf(peers, () => clients.ask("join", { groups, members: MEMBERS }), groups * MEMBERS);
      const full = await service.memory();
      const send = () => clients.ask("toGroups", { groups, sends: SENDS, news: SENDS * MEMBERS });
      await send();
      const sending = await costOf(peers, send, SENDS);
      rows.push({
        groups,
        memberships: groups * MEMBERS,
        "hub server us a join": joining.host,
        "emulator us a join": joining.service,
        "hub server us a send": sending.host,
        "emulator us a delivery": sending.service / MEMBERS,
        "emulator KiB a membership": (full - empty) / KIB / (groups * MEMBERS),
      });
    });
  }
  return {
    name: "groups",
    title: `Groups of ${MEMBERS} members, ${CLIENTS} clients`,
    rows,
    chart: { x: "groups", y: "us CPU", lines: ["hub server us a send", "emulator us a delivery"] },
  };
}
