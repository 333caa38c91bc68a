import type {
  JoinGroup,
  JoinGroupWithAck,
  LeaveGroup,
  LeaveGroupWithAck,
  UserJoinGroup,
  UserJoinGroupWithAck,
  UserLeaveGroup,
  UserLeaveGroupWithAck,
} from "../protocol/service/messages.js";
import { acknowledge } from "./acks.js";
import type { HubSpace } from "./hub-space.js";
import type { ServerLink } from "./server-link.js";

export function join(hub: HubSpace, link: ServerLink, message: JoinGroup | JoinGroupWithAck): void {
  const client = hub.directory.get(message.connectionId);
  if (client !== undefined) hub.directory.join(client, message.groupName);
  if (message.kind === "joinGroupWithAck") acknowledge(link, message, client !== undefined);
}

export function leave(hub: HubSpace, link: ServerLink, message: LeaveGroup | LeaveGroupWithAck): void {
  const client = hub.directory.get(message.connectionId);
  if (client !== undefined) {
    if (message.groupName === null) hub.directory.leaveAll(client);
    else hub.directory.leave(client, message.groupName);
  }
  if (message.kind === "leaveGroupWithAck") acknowledge(link, message, client !== undefined);
}

export function userJoin(hub: HubSpace, link: ServerLink, message: UserJoinGroup | UserJoinGroupWithAck): void {
  joinUser(hub, message.userId, message.groupName, message.ext?.ttl);
  if (message.kind === "userJoinGroupWithAck") acknowledge(link, message, true);
}

export function userLeave(hub: HubSpace, link: ServerLink, message: UserLeaveGroup | UserLeaveGroupWithAck): void {
  leaveUser(hub, message.userId, message.groupName);
  if (message.kind === "userLeaveGroupWithAck") acknowledge(link, message, true);
}

/** The user need not be there: later connections join too, for as many seconds as `ttl` says. */
export function joinUser(hub: HubSpace, userId: string, group: string, ttl: number | undefined): void {
  hub.userGroups.remember(userId, group, ttl);
  for (const client of hub.directory.ofUser(userId)) hub.directory.join(client, group);
}

/** `group` null: all groups. */
export function leaveUser(hub: HubSpace, userId: string, group: string | null): void {
  if (group === null) hub.userGroups.forgetAll(userId);
  else hub.userGroups.forget(userId, group);
  for (const client of hub.directory.ofUser(userId)) {
    if (group === null) hub.directory.leaveAll(client);
    else hub.directory.leave(client, group);
  }
}
