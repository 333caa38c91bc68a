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

/** The user need not be there: later connections join too, for as long as the message says. */
export function userJoin(hub: HubSpace, link: ServerLink, message: UserJoinGroup | UserJoinGroupWithAck): void {
  hub.userGroups.remember(message.userId, message.groupName, message.ext?.ttl);
  for (const client of hub.directory.ofUser(message.userId)) hub.directory.join(client, message.groupName);
  if (message.kind === "userJoinGroupWithAck") acknowledge(link, message, true);
}

export function userLeave(hub: HubSpace, link: ServerLink, message: UserLeaveGroup | UserLeaveGroupWithAck): void {
  const { userId, groupName } = message;
  if (groupName === null) hub.userGroups.forgetAll(userId);
  else hub.userGroups.forget(userId, groupName);
  for (const client of hub.directory.ofUser(userId)) {
    if (groupName === null) hub.directory.leaveAll(client);
    else hub.directory.leave(client, groupName);
  }
  if (message.kind === "userLeaveGroupWithAck") acknowledge(link, message, true);
}
