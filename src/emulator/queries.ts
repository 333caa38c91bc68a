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

/** Also true for a user who is away and will be in the group on return. */
export function userInGroup(hub: HubSpace, link: ServerLink, message: CheckUserInGroupWithAck): void {
  const { userId, groupName } = message;
  let isMember = hub.userGroups.has(userId, groupName);
  for (const client of hub.directory.ofUser(userId)) isMember ||= client.groups.has(groupName);
  acknowledge(link, message, isMember);
}

/**
 * Answers with one page of members: `[[[connectionId, userId or nil], ...], continuationToken or nil]`. The token is
 * the position of the next member; with members coming and going between two pages some may be seen twice or not at all.
 */
export function groupMembers(hub: HubSpace, link: ServerLink, message: GroupMemberQuery): void {
  const members = [...hub.directory.ofGroup(message.groupName)];
  const start = readPosition(message.continuationToken);
  const size = Math.max(1, Math.min(message.maxPageSize ?? LARGEST_PAGE, LARGEST_PAGE));
  // `top` bounds the whole answer, so the positions after it do not exist.
  const end = Math.min(members.length, Math.max(0, message.top ?? members.length));
  const page = members.slice(start, Math.min(start + size, end));
  const next = start + page.length;
  acknowledge(link, message, true, memberPage(page, next < end ? String(next) : null));
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
