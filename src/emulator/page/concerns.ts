import type { ServiceMessage } from "../../protocol/service/messages.js";
import type { Member } from "../directory.js";

/** Whether a message of the client's hub is about this client, from it or for it, alone or with others. */
export function concerns(message: ServiceMessage, client: Member): boolean {
  const { connectionId, userId, groups } = client;
  switch (message.kind) {
    case "broadcastData":
      return !message.excludedList.includes(connectionId);
    case "multiConnectionData":
      return message.connectionList.includes(connectionId);
    case "userData":
    case "userJoinGroup":
    case "userJoinGroupWithAck":
    case "userLeaveGroup":
    case "userLeaveGroupWithAck":
      return message.userId === userId;
    case "multiUserData":
      return userId !== undefined && message.userList.includes(userId);
    case "groupBroadcastData":
      return (
        groups.has(message.groupName) &&
        !message.excludedList.includes(connectionId) &&
        !(userId !== undefined && message.excludedUserList.includes(userId))
      );
    case "multiGroupBroadcastData":
      return message.groupList.some((group) => groups.has(group));
    default:
      return "connectionId" in message && message.connectionId === connectionId;
  }
}
