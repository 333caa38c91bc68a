import { offlinePing, targetPing } from "../protocol/service/pings.js";
import type { ServerLink } from "./server-link.js";
import type { Service } from "./service.js";

/* Faults that concern connections which are there already. */

const TOLD_TO_CUT = "The emulator was told to cut it.";

export function dropServerConnections(service: Service, hub: string | undefined): void {
  for (const link of service.links(hub)) link.abort(TOLD_TO_CUT);
}

export function dropServerConnection(service: Service, connectionId: string): boolean {
  const links = service.links().filter(({ id }) => id === connectionId);
  for (const link of links) link.abort(TOLD_TO_CUT);
  return links.length > 0;
}

export function dropClients(service: Service, hub: string | undefined): void {
  for (const client of service.clients(hub)) client.drop("");
}

export function dropClient(service: Service, connectionId: string): boolean {
  const client = service.clients().find((each) => each.connectionId === connectionId);
  client?.drop("");
  return client !== undefined;
}

/** First the ping, so that the servers have forgotten these clients when they come back as new ones. */
export function loseInstance(service: Service, hub: string | undefined): void {
  for (const link of service.links(hub)) link.send(offlinePing(service.instanceId));
  for (const client of service.clients(hub)) client.drop(undefined);
}

export function rebalance(service: Service, hub: string | undefined): void {
  // Any of its connections will do, but not each of them.
  const servers = new Map<string, ServerLink>();
  for (const link of service.links(hub)) {
    if (link.takesClients) servers.set(`${link.hub} ${link.serverId}`, link);
  }
  for (const link of servers.values()) link.send(targetPing(service.instanceId));
}
