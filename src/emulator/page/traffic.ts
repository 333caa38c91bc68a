import type { ServiceMessage } from "../../protocol/service/messages.js";
import type { PassedMessage } from "../message-tap.js";
import { isHubPing } from "./payload-text.js";

/**
 * Which way a message goes: from a client to its hub, from a hub to clients, or neither: it tells of somebody who came,
 * left, or changed groups, or it is one of those that service and hub servers need to keep things going.
 */
export type Flow = "up" | "down" | "event" | "service";

/** Messages of one hub, counted. */
export type HubTraffic = Readonly<Record<Flow, number>>;

export function flowOf(direction: PassedMessage["direction"], message: ServiceMessage): Flow {
  switch (message.kind) {
    case "connectionData":
      if (isHubPing(message.payload)) return "service";
      return direction === "toServer" ? "up" : "down";
    case "multiConnectionData":
    case "userData":
    case "multiUserData":
    case "broadcastData":
    case "groupBroadcastData":
    case "multiGroupBroadcastData":
    case "clientInvocation":
      return direction === "toServer" ? "service" : "down";
    case "openConnection":
    case "closeConnection":
    case "closeConnectionWithAck":
    case "closeConnectionsWithAck":
    case "closeUserConnectionsWithAck":
    case "closeGroupConnectionsWithAck":
    case "joinGroup":
    case "joinGroupWithAck":
    case "leaveGroup":
    case "leaveGroupWithAck":
    case "userJoinGroup":
    case "userJoinGroupWithAck":
    case "userLeaveGroup":
    case "userLeaveGroupWithAck":
      return "event";
    default:
      return "service";
  }
}

/** Counts what passes, hub by hub, until it is asked. */
export class Traffic {
  #hubs = new Map<string, Record<Flow, number>>();

  count(hub: string, flow: Flow): void {
    let counts = this.#hubs.get(hub);
    if (counts === undefined) {
      counts = none();
      this.#hubs.set(hub, counts);
    }
    counts[flow] += 1;
  }

  /** What was counted since the last time, and begins anew. */
  take(): ReadonlyMap<string, HubTraffic> {
    const counted = this.#hubs;
    this.#hubs = new Map();
    return counted;
  }
}

/** Of one hub, or of all together. */
export function sumOf(traffic: ReadonlyMap<string, HubTraffic>, hub: string | undefined): HubTraffic {
  const sum = none();
  for (const [name, counted] of traffic) {
    if (hub !== undefined && hub !== name) continue;
    sum.up += counted.up;
    sum.down += counted.down;
    sum.event += counted.event;
    sum.service += counted.service;
  }
  return sum;
}

function none(): Record<Flow, number> {
  return { up: 0, down: 0, event: 0, service: 0 };
}
