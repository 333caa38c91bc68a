import type { ClientConnection } from "./client-connection.js";
import type { TransportName } from "./client-transport.js";
import type { HubSpace } from "./hub-space.js";
import type { Instances, PlacedLink } from "./instances.js";

/** One hub, counted. */
export interface HubSnapshot {
  /** Name at the service, lower case. */
  readonly name: string;
  readonly servers: readonly ServerSnapshot[];
  /** Clients whose handshake request has arrived. */
  readonly clients: number;
  /** Users among them. */
  readonly users: number;
  /** Groups with at least one member. */
  readonly groups: number;
}

/** One hub server, counted. */
export interface ServerSnapshot {
  readonly id: string;
  /** Open server connections. */
  readonly connections: number;
  /** Their ids. */
  readonly connectionIds: readonly string[];
  readonly clients: number;
  /** True when it shuts down and takes no more clients. */
  readonly isDraining: boolean;
}

/** One client whose handshake request has arrived. */
export interface ClientSnapshot {
  /** What `context.connectionId` is in the hub. */
  readonly connectionId: string;
  /** Hub name at the service, lower case. */
  readonly hub: string;
  readonly userId: string | undefined;
  /** Hub protocol, lower case. */
  readonly protocol: string;
  readonly transport: TransportName;
  /** Id of the service's instance that it is on. */
  readonly instanceId: string;
  /** The hub server that it is on. */
  readonly serverId: string | undefined;
  readonly groups: readonly string[];
}

/** One group with at least one member. */
export interface GroupSnapshot {
  /** Hub name at the service, lower case. */
  readonly hub: string;
  readonly name: string;
  readonly connectionIds: readonly string[];
}

/** One instance of the service, counted. */
export interface InstanceSnapshot {
  /** What `Asrs-Instance-Id` and pings call it. */
  readonly id: string;
  readonly isUp: boolean;
  /** Of all hubs. */
  readonly serverConnections: number;
  /** Of all hubs, also those whose handshake request has not arrived yet. */
  readonly clients: number;
}

export function instanceSnapshots(instances: Instances, links: readonly PlacedLink[]): InstanceSnapshot[] {
  return instances.all.map((instance) => ({
    id: instance.id,
    isUp: instance.isUp,
    serverConnections: links.filter((link) => link.instance === instance).length,
    clients: instance.clientCount,
  }));
}

export function hubSnapshot(hub: HubSpace): HubSnapshot {
  const servers = new Map<string, { connectionIds: string[]; clients: number; draining: number }>();
  for (const link of hub.links) {
    const server = servers.get(link.serverId) ?? { connectionIds: [], clients: 0, draining: 0 };
    server.connectionIds.push(link.id);
    server.clients += link.clientCount;
    if (link.isDraining) server.draining += 1;
    servers.set(link.serverId, server);
  }
  return {
    name: hub.name,
    servers: [...servers].map(([id, { connectionIds, clients, draining }]) => ({
      id,
      connections: connectionIds.length,
      connectionIds,
      clients,
      isDraining: draining === connectionIds.length,
    })),
    clients: hub.directory.size,
    users: hub.directory.userCount,
    groups: hub.directory.groupCount,
  };
}

export function clientSnapshot(client: ClientConnection): ClientSnapshot {
  return {
    connectionId: client.connectionId,
    hub: client.hub,
    userId: client.userId,
    protocol: client.protocol,
    transport: client.transportName,
    instanceId: client.instance.id,
    serverId: client.link?.serverId,
    groups: [...client.groups],
  };
}

export function groupSnapshots(hub: HubSpace): GroupSnapshot[] {
  const groups: GroupSnapshot[] = [];
  for (const [name, members] of hub.directory.groups()) {
    groups.push({ hub: hub.name, name, connectionIds: [...members].map(({ connectionId }) => connectionId) });
  }
  return groups;
}
