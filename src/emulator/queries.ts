import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import type {
  CheckConnectionExistenceWithAck,
  CheckGroupExistenceWithAck,
  CheckUserExistenceWithAck,
  CheckUserInGroupWithAck,
  GroupMemberQuery,
} from "../protocol/service/messages.js";
import { acknowledge } from "./acks.js";
import type { ClientConnection } from "./client-connection.js";
import type { HubSpace } from "./hub-space.js";
import type { ServerLink } from "./server-link.js";

const LARGEST_PAGE = 200;

export function connectionExists(hub: HubSpace, link: ServerLink, message: CheckConnectionExistenceWithAck): void {
  acknowledge(link, message, hub.directory.get(message.connectionId) !== undefined);
}

export function userExists(hub: HubSpace, link: ServerLink, message: CheckUserExistenceWithAck): void {
  acknowledge(link, message, hub.directory.ofUser(message.userId).size > 0);
}

export function groupExists(hub: HubSpace, link: ServerLink, message: CheckGroupExistenceWithAck): void {
  acknowledge(link, message, hub.directory.ofGroup(message.groupName).size > 0);
}

export function userInGroup(hub: HubSpace, link: ServerLink, message: CheckUserInGroupWithAck): void {
  acknowledge(link, message, isUserInGroup(hub, message.userId, message.groupName));
}

/** Also true for a user who is away and will be in the group on return. */
export function isUserInGroup(hub: HubSpace, userId: string, group: string): boolean {
  let isMember = hub.userGroups.has(userId, group);
  for (const client of hub.directory.ofUser(userId)) isMember ||= client.groups.has(group);
  return isMember;
}

/** Answers with one page of members: `[[[connectionId, userId or nil], ...], continuationToken or nil]`. */
export function groupMembers(hub: HubSpace, link: ServerLink, message: GroupMemberQuery): void {
  const { members, next } = pageOfGroup(hub, message.groupName, message);
  acknowledge(link, message, true, memberPage(members, next));
}

/** Which members of a group are asked for. */
export interface PageQuery {
  readonly maxPageSize: number | null;
  /** Bounds the whole answer, all pages together. */
  readonly top: number | null;
  readonly continuationToken: string | null;
}

/**
 * One page of a group's members, and the token of the next one. It is the position of the next member; with members
 * coming and going between two pages some may be seen twice or not at all.
 */
export function pageOfGroup(
  hub: HubSpace,
  group: string,
  query: PageQuery,
): { readonly members: readonly ClientConnection[]; readonly next: string | null } {
  const all = [...hub.directory.ofGroup(group)];
  const start = readPosition(query.continuationToken);
  const size = Math.max(1, Math.min(query.maxPageSize ?? LARGEST_PAGE, LARGEST_PAGE));
  // Positions after `top` do not exist.
  const end = Math.min(all.length, Math.max(0, query.top ?? all.length));
  const members = all.slice(start, Math.min(start + size, end));
  const next = start + members.length;
  return { members, next: next < end ? String(next) : null };
}

function readPosition(token: string | null): number {
  const position = Number(token ?? 0);
  return Number.isSafeInteger(position) && position >= 0 ? position : 0;
}

function memberPage(page: readonly ClientConnection[], next: string | null): Buffer {
  const writer = new MsgpackWriter();
  writer.arrayHeader(2);
  writer.arrayHeader(page.length);
  for (const member of page) {
    writer.arrayHeader(2);
    writer.str(member.connectionId);
    writer.strOrNil(member.userId ?? null);
  }
  writer.strOrNil(next);
  return writer.take();
}
