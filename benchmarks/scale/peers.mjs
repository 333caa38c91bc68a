import { Peer } from "../lib/peer.mjs";

const start = (role, options) => Peer.start(new URL("./scale-process.mjs", import.meta.url), role, options);

/** Emulator, hub server and clients, each a process of its own; ended when `work` is done. */
export async function withPeers(hostOptions, work) {
  const service = await start("service");
  const host = await start("host", { ...service.ready, ...hostOptions });
  const clients = await start("clients");
  try {
    return await work({ service, host, clients });
  } finally {
    for (const peer of [clients, host, service]) peer.end();
  }
}

/** Microseconds of CPU of hub server and emulator while `work` runs, for each of `count` things; the result of `work` too. */
export async function costOf({ host, service }, work, count) {
  const before = [host.cpu, service.cpu];
  const result = await work();
  const things = count ?? result.answered;
  return { result, host: (host.cpu - before[0]) / things, service: (service.cpu - before[1]) / things };
}

export const KIB = 1024;
export const MIB = 1024 * 1024;
