import type { ClientConnection } from "../client-connection.js";
import type { HubSpace } from "../hub-space.js";
import type { Rows } from "./overview.js";
import { shorten } from "./shown-text.js";

/* Lists of clients, groups and users: looked through as a whole, but only so many rows are made of them. */

const MOST_NAME = 128;
/** Groups of one client that are searched; a client in more of them can be found by its other names. */
const MOST_GROUPS_SEARCHED = 50;

export interface ClientRow {
  readonly connectionId: string;
  readonly hub: string;
  readonly userId: string | null;
  readonly transport: string;
  readonly protocol: string;
  readonly groups: number;
}

/** A group or a user with as many connections. */
export interface NamedRow {
  readonly hub: string;
  readonly name: string;
  readonly connections: number;
}

/** `find`: lower case, part of a client's id, its user or one of its groups. */
export function clientRows(spaces: readonly HubSpace[], find: string, most: number): Rows<ClientRow> {
  const rows: ClientRow[] = [];
  let total = 0;
  for (const { name, directory } of spaces) {
    if (find === "") {
      total += directory.size;
      if (rows.length === most) continue;
    }
    for (const client of directory.all()) {
      if (find !== "") {
        if (!fits(client, find)) continue;
        total += 1;
      }
      if (rows.length < most) rows.push(clientRow(name, client));
      else if (find === "") break;
    }
  }
  return { rows, total };
}

/** The largest groups first. */
export function groupRows(spaces: readonly HubSpace[], find: string, most: number): Rows<NamedRow> {
  return largest(spaces, ({ directory }) => directory.groups(), find, most);
}

/** Those with the most connections first. */
export function userRows(spaces: readonly HubSpace[], find: string, most: number): Rows<NamedRow> {
  return largest(spaces, ({ directory }) => directory.users(), find, most);
}

function largest(
  spaces: readonly HubSpace[],
  listOf: (space: HubSpace) => Iterable<[string, ReadonlySet<unknown>]>,
  find: string,
  most: number,
): Rows<NamedRow> {
  let rows: NamedRow[] = [];
  let total = 0;
  const cut = (): void => {
    rows.sort((one, other) => other.connections - one.connections || (one.name < other.name ? -1 : 1));
    rows = rows.slice(0, most);
  };
  for (const space of spaces) {
    for (const [name, members] of listOf(space)) {
      if (find !== "" && !name.toLowerCase().includes(find)) continue;
      total += 1;
      rows.push({ hub: space.name, name: name.slice(0, MOST_NAME), connections: members.size });
      // Now and then, so that a hundred thousand groups are not all kept to be sorted.
      if (rows.length > most * 20) cut();
    }
  }
  cut();
  return { rows, total };
}

function fits({ connectionId, userId, groups }: ClientConnection, find: string): boolean {
  if (connectionId.toLowerCase().includes(find) || userId?.toLowerCase().includes(find)) return true;
  let searched = 0;
  for (const group of groups) {
    if (group.toLowerCase().includes(find)) return true;
    searched += 1;
    if (searched === MOST_GROUPS_SEARCHED) break;
  }
  return false;
}

function clientRow(hub: string, client: ClientConnection): ClientRow {
  const { connectionId, userId, transportName, protocol, groups } = client;
  return {
    connectionId,
    hub,
    userId: userId === undefined ? null : shorten(userId, MOST_NAME),
    transport: transportName,
    protocol: shorten(protocol, MOST_NAME),
    groups: groups.size,
  };
}
