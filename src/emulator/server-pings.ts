import type { Ping } from "../protocol/service/messages.js";
import {
  finAckPing,
  PingKey,
  readFinMode,
  readPing,
  ShutdownMode,
  serversPing,
  statusPing,
} from "../protocol/service/pings.js";
import type { HubSpace } from "./hub-space.js";
import type { ServerLink } from "./server-link.js";

/**
 * Answers a server's ping. An `echo` is the answer to one of ours and must not go back once more: both sides would send
 * it for ever.
 */
export function answerPing(hub: HubSpace, link: ServerLink, message: Ping): void {
  if (message.messages.length === 0) return;
  const pairs = readPing(message.messages);
  const finMode = readFinMode(pairs(PingKey.Shutdown));
  if (finMode !== undefined) {
    shutDown(hub, link, finMode);
  } else if (pairs(PingKey.Status) !== undefined) {
    const { clients, links, capacity } = hub.totals;
    const active = hub.directory.size > 0;
    link.send(statusPing({ active, clientCount: clients, serverCount: links, capacity }));
  } else if (pairs(PingKey.Servers) !== undefined) {
    const serverIds = new Set<string>();
    for (const { serverId } of hub.links) serverIds.add(serverId);
    // The time of the answer: news of the same age would be thrown away.
    link.send(serversPing(hub.clock.unixTime(), [...serverIds].sort()));
  }
}

function shutDown(hub: HubSpace, link: ServerLink, mode: number): void {
  link.isDraining = true;
  link.send(finAckPing());
  if (mode !== ShutdownMode.MigrateClients) return;
  link.isEmigrating = true;
  hub.migrateClients(link);
}
