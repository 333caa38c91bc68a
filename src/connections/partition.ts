import type { ServiceMessage } from "../protocol/service/messages.js";

/** How many connections a key can be told to: the slots that keys are spread over. */
export const PARTITION_SLOTS = 256;

/**
 * What a message must keep its order with: messages with the same key travel on the same connection. Undefined: any
 * connection will do.
 */
export function partitionKeyOf(message: ServiceMessage): string | undefined {
  switch (message.kind) {
    case "joinGroup":
    case "leaveGroup":
    case "joinGroupWithAck":
    case "leaveGroupWithAck":
    case "userJoinGroup":
    case "userLeaveGroup":
    case "userJoinGroupWithAck":
    case "userLeaveGroupWithAck":
      return message.groupName ?? undefined;
    case "groupBroadcastData":
    case "checkUserInGroupWithAck":
    case "checkGroupExistenceWithAck":
    case "closeGroupConnectionsWithAck":
      return message.groupName;
    case "userData":
    case "checkUserExistenceWithAck":
      return message.userId;
    case "connectionData":
    case "clientInvocation":
      return message.connectionId;
    case "multiConnectionData":
    case "multiUserData":
    case "broadcastData":
    case "multiGroupBroadcastData":
      return message.kind;
    default:
      return undefined;
  }
}

/** The slot of a key, 0 to 255. Only "same key, same slot" matters; this is 32-bit FNV-1a, folded. */
export function partitionSlot(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (PARTITION_SLOTS - 1);
}
