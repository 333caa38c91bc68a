import type {
  BroadcastData,
  GroupBroadcastData,
  MultiConnectionData,
  MultiGroupBroadcastData,
  MultiUserData,
  UserData,
} from "../protocol/service/messages.js";
import type { ClientConnection } from "./client-connection.js";
import type { HubSpace } from "./hub-space.js";
import { PreparedPayloads } from "./payloads.js";

const FEW = 4;

export function toAll(hub: HubSpace, message: BroadcastData): void {
  const payloads = new PreparedPayloads(message.payloads);
  const isExcluded = membershipTest(message.excludedList);
  for (const client of hub.directory.all()) {
    if (!isExcluded(client.connectionId)) client.deliver(payloads);
  }
}

/** Each connection once, also when it is named twice. */
export function toConnections(hub: HubSpace, message: MultiConnectionData): void {
  const payloads = new PreparedPayloads(message.payloads);
  for (const connectionId of unique(message.connectionList)) hub.directory.get(connectionId)?.deliver(payloads);
}

export function toUser(hub: HubSpace, message: UserData): void {
  deliverAll(hub.directory.ofUser(message.userId), new PreparedPayloads(message.payloads));
}

export function toUsers(hub: HubSpace, message: MultiUserData): void {
  const payloads = new PreparedPayloads(message.payloads);
  for (const userId of unique(message.userList)) deliverAll(hub.directory.ofUser(userId), payloads);
}

export function toGroup(hub: HubSpace, message: GroupBroadcastData): void {
  const payloads = new PreparedPayloads(message.payloads);
  const isExcluded = membershipTest(message.excludedList);
  const isExcludedUser = membershipTest(message.excludedUserList);
  for (const client of hub.directory.ofGroup(message.groupName)) {
    if (isExcluded(client.connectionId)) continue;
    if (client.userId !== undefined && isExcludedUser(client.userId)) continue;
    client.deliver(payloads);
  }
}

/** A member of two of the groups gets the message twice, as SignalR has it. */
export function toGroups(hub: HubSpace, message: MultiGroupBroadcastData): void {
  const payloads = new PreparedPayloads(message.payloads);
  for (const group of message.groupList) deliverAll(hub.directory.ofGroup(group), payloads);
}

/** Whether an id is in the list; quick for long lists too. */
export function membershipTest(list: readonly string[]): (id: string) => boolean {
  if (list.length === 0) return () => false;
  if (list.length <= FEW) return (id) => list.includes(id);
  const set = new Set(list);
  return (id) => set.has(id);
}

function deliverAll(clients: Iterable<ClientConnection>, payloads: PreparedPayloads): void {
  for (const client of clients) client.deliver(payloads);
}

function unique(list: readonly string[]): Iterable<string> {
  return list.length < 2 ? list : new Set(list);
}
