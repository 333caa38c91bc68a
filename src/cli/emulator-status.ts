import { EMULATOR_DEFAULTS } from "../emulator/options.js";
import { askEmulatorStatus } from "../emulator/status.js";
import type { EmulatorStatus } from "../emulator/status-door.js";
import type { CliIo } from "./io.js";

export interface StatusFlags {
  readonly port: number;
  readonly ip?: string;
  readonly host?: string;
  readonly key?: string;
  readonly https?: boolean;
  readonly json?: boolean;
}

/** Asks a running emulator, and prints what it says. Rejects when there is none. */
export async function printStatus(flags: StatusFlags, io: CliIo): Promise<void> {
  const status = await askEmulatorStatus(connectionStringOf(flags));
  io.out(flags.json ? `${JSON.stringify(status, undefined, 2)}\n` : describe(status, flags));
}

function connectionStringOf({ key = EMULATOR_DEFAULTS.accessKey, port, ...flags }: StatusFlags): string {
  return `Endpoint=${baseUrl(flags)};Port=${port};AccessKey=${key};Version=1.0;`;
}

function baseUrl({ https, ip, host }: Pick<StatusFlags, "https" | "ip" | "host">): string {
  const name = ip ?? host ?? "localhost";
  return `${https ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}`;
}

function describe({ version, mode, hubs, instances, upstreamTemplates }: EmulatorStatus, flags: StatusFlags): string {
  const lines = [
    `Azure SignalR emulator ${version} at ${baseUrl(flags)}:${flags.port} is healthy: mode ${mode}, ` +
      `${count(instances.length, "instance")}, ${count(upstreamTemplates, "upstream template")}.`,
    ...hubs.map(
      ({ name, servers, clients, users, groups }) =>
        `  ${name}: ${count(servers.length, "server")}, ${count(clients, "client")}, ${count(users, "user")}, ${count(groups, "group")}`,
    ),
    ...(hubs.length === 0 ? ["  no hubs: nobody is connected"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
