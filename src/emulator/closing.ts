import type {
  CloseConnection,
  CloseConnectionsWithAck,
  CloseConnectionWithAck,
  CloseGroupConnectionsWithAck,
  CloseUserConnectionsWithAck,
} from "../protocol/service/messages.js";
import { acknowledge } from "./acks.js";
import type { ClientConnection } from "./client-connection.js";
import { membershipTest } from "./delivery.js";
import type { HubSpace } from "./hub-space.js";
import type { ServerLink } from "./server-link.js";

const HIDDEN_ERROR = "Connection closed with an error.";

/** An app ended the connection. What went wrong is for the client's eyes only if its token says so. */
export function byApp(hub: HubSpace, link: ServerLink, message: CloseConnection): void {
  const client = hub.directory.get(message.connectionId);
  // A server that the client was moved away from may still say good-bye to it.
  if (client === undefined || client.formerLink === link) return;
  const text = message.errorMessage || undefined;
  const error = text === undefined || client.terms.isDetailed ? text : HIDDEN_ERROR;
  client.close({ error, notice: client.link === link ? undefined : (text ?? "") });
}

export function one(hub: HubSpace, link: ServerLink, message: CloseConnectionWithAck): void {
  const client = hub.directory.get(message.connectionId);
  if (client !== undefined) closeAll([client], message.reason, []);
  acknowledge(link, message, client !== undefined);
}

export function all(hub: HubSpace, link: ServerLink, message: CloseConnectionsWithAck): void {
  closeAll(hub.directory.all(), message.reason, message.excludedList);
  acknowledge(link, message, true);
}

export function ofUser(hub: HubSpace, link: ServerLink, message: CloseUserConnectionsWithAck): void {
  closeAll(hub.directory.ofUser(message.userId), message.reason, message.excludedList);
  acknowledge(link, message, true);
}

export function ofGroup(hub: HubSpace, link: ServerLink, message: CloseGroupConnectionsWithAck): void {
  closeAll(hub.directory.ofGroup(message.groupName), message.reason, message.excludedList);
  acknowledge(link, message, true);
}

/** The reason is written for the client, who may come back. */
export function closeAll(
  clients: Iterable<ClientConnection>,
  reason: string | null,
  excluded: readonly string[],
): void {
  const isExcluded = membershipTest(excluded);
  for (const client of clients) {
    if (isExcluded(client.connectionId)) continue;
    client.close({ error: reason || undefined, allowReconnect: true, notice: reason ?? "" });
  }
}
