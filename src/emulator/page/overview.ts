import type { HubSpace } from "../hub-space.js";
import type { ServerLink } from "../server-link.js";
import type { Service } from "../service.js";
import { instanceSnapshots } from "../snapshots.js";

/* What the page shows of the service as a whole: small, and cheap to make many times a second. */

const MOST_CONNECTIONS = 20;

/** Counts of the chosen hubs. */
export interface Figures {
  readonly clients: number;
  readonly users: number;
  readonly groups: number;
  readonly servers: number;
  readonly serverConnections: number;
}

export interface Rows<T> {
  readonly rows: readonly T[];
  /** Of which `rows` may be the first only. */
  readonly total: number;
}

export interface ServerRow {
  readonly id: string;
  readonly clients: number;
  readonly isDraining: boolean;
  readonly connections: Rows<{ readonly id: string; readonly clients: number; readonly instanceId: string }>;
}

export interface HubRow {
  readonly name: string;
  readonly clients: number;
  readonly users: number;
  readonly groups: number;
  readonly servers: Rows<ServerRow>;
}

/** Faults that last until they are ended. */
export interface FaultsShown {
  readonly serverStatus: number | null;
  readonly clientStatus: number | null;
  readonly latencyMs: number;
  readonly acksToLose: number;
}

export function figuresOf(spaces: readonly HubSpace[]): Figures {
  const sum = { clients: 0, users: 0, groups: 0, servers: 0, serverConnections: 0 };
  for (const { directory, links } of spaces) {
    sum.clients += directory.size;
    sum.users += directory.userCount;
    sum.groups += directory.groupCount;
    sum.servers += new Set([...links].map(({ serverId }) => serverId)).size;
    sum.serverConnections += links.size;
  }
  return sum;
}

/** Hubs, their servers and their connections, the first of each. */
export function hubRows(spaces: readonly HubSpace[], most: number): Rows<HubRow> {
  return { rows: spaces.slice(0, most).map((space) => hubRow(space, most)), total: spaces.length };
}

export function faultsShown({ faults }: Service): FaultsShown {
  return {
    serverStatus: faults.serverRefusal?.status ?? null,
    clientStatus: faults.clientRefusal?.status ?? null,
    latencyMs: faults.latencyMs,
    acksToLose: faults.acksToLose,
  };
}

export function instanceRows(service: Service): ReturnType<typeof instanceSnapshots> {
  return instanceSnapshots(service.instances, service.links());
}

function hubRow({ name, directory, links }: HubSpace, most: number): HubRow {
  const servers = new Map<string, ServerLink[]>();
  for (const link of links) {
    const ofServer = servers.get(link.serverId);
    if (ofServer === undefined) servers.set(link.serverId, [link]);
    else ofServer.push(link);
  }
  return {
    name,
    clients: directory.size,
    users: directory.userCount,
    groups: directory.groupCount,
    servers: { rows: [...servers].slice(0, most).map(([id, own]) => serverRow(id, own)), total: servers.size },
  };
}

function serverRow(id: string, links: readonly ServerLink[]): ServerRow {
  return {
    id,
    clients: links.reduce((sum, { clientCount }) => sum + clientCount, 0),
    isDraining: links.every(({ isDraining }) => isDraining),
    connections: {
      rows: links
        .slice(0, MOST_CONNECTIONS)
        .map((link) => ({ id: link.id, clients: link.clientCount, instanceId: link.instance.id })),
      total: links.length,
    },
  };
}
