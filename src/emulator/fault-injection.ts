import { messageTracingPing, offlinePing, targetPing } from "../protocol/service/pings.js";
import type { ServerLink } from "./server-link.js";
import type { Service } from "./service.js";

/* Faults that concern connections which are there already. */

const NORMAL_CLOSURE = 1000;
const TOLD_TO_STOP = "The emulator was told to stop its instance.";
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
  for (const client of service.clients(hub)) client.interrupt();
}

export function dropClient(service: Service, connectionId: string): boolean {
  const client = service.clients().find((each) => each.connectionId === connectionId);
  client?.interrupt();
  return client !== undefined;
}

/** First the ping, so that the servers have forgotten these clients when they come back as new ones. */
export function loseInstance(service: Service, hub: string | undefined): void {
  for (const { id } of service.instances.all) {
    for (const link of service.links(hub)) link.send(offlinePing(id));
  }
  for (const client of service.clients(hub)) client.drop(undefined);
}

/** False: there is none of this id. */
export function stopInstance(service: Service, id: string): boolean {
  const instance = service.instances.find(id);
  if (instance === undefined) return false;
  if (!instance.isUp) return true;
  instance.isUp = false;
  // What is left of the service tells the servers; what was on the instance says nothing any more.
  const links = service.links();
  for (const link of links) {
    if (link.instance !== instance) link.send(offlinePing(id));
  }
  for (const client of service.clients()) {
    if (client.instance === instance) client.drop(undefined);
  }
  for (const link of links) {
    if (link.instance === instance) link.abort(TOLD_TO_STOP);
  }
  return true;
}

/** False: there is none of this id. */
export function restartInstance(service: Service, id: string): boolean {
  const instance = service.instances.find(id);
  if (instance !== undefined) instance.isUp = true;
  return instance !== undefined;
}

export function traceMessages(service: Service, isOn: boolean): void {
  if (service.tracing.isOn === isOn) return;
  service.tracing.isOn = isOn;
  for (const link of service.links()) link.send(messageTracingPing(isOn));
}

/** As the service does before maintenance: first in words, then by closing. */
export function failServerConnections(service: Service, errorMessage: string, hub: string | undefined): void {
  for (const link of service.links(hub)) {
    link.send({ kind: "serviceError", errorMessage });
    link.close(NORMAL_CLOSURE, "");
  }
}

export function rebalance(service: Service, hub: string | undefined): void {
  // Any of its connections will do, but not each of them.
  const servers = new Map<string, ServerLink>();
  for (const link of service.links(hub)) {
    if (link.takesClients) servers.set(`${link.hub} ${link.serverId}`, link);
  }
  for (const link of servers.values()) {
    const { id } = service.instances.forLink(link.serverId, link.hub, service.links(link.hub));
    link.send(targetPing(id));
  }
}
