import type { Ping } from "./messages.js";

/** Keys of the pairs in a {@link Ping}; the peers compare them with regard to case. */
export const PingKey = Object.freeze({
  /** Send the same ping back. */
  Echo: "echo",
  /** This instance of the service is gone, and its clients with it. */
  Offline: "offline",
  /** Open one more server connection, to this instance. */
  Target: "target",
  /** Graceful shutdown of a server: `fin:<mode>`, answered by `finack`. */
  Shutdown: "shutdown",
  /** Asked: does any client use this hub? Answered `1` or `0`. */
  Status: "status",
  ClientCount: "clientcount",
  ServerCount: "servercount",
  Capacity: "capacity",
  /** Which servers are connected to this endpoint. */
  Servers: "servers",
  /** Message tracing, `1` on or `0` off. */
  MessageTracing: "d-m",
  ClientsInHub: "#clientInHub",
  ClientsOnConnection: "#client",
});

/** What a server asks for its clients when it shuts down. */
export const ShutdownMode = Object.freeze({ Off: 0, MigrateClients: 1, WaitForClientsClose: 2 });

/** The answer to every {@link finPing}. */
export const FIN_ACK = "finack";

const FIN = "fin:";
const KEEP_ALIVE: Ping = ping();
const STATUS_REQUEST: Ping = ping(PingKey.Status, "1");
const SERVERS_REQUEST: Ping = ping(PingKey.Servers, "");
const FIN_ACK_PING: Ping = ping(PingKey.Shutdown, FIN_ACK);
const WHOLE_NUMBER = /^[+-]?\d{1,15}$/;
const WHOLE_NUMBER_64 = /^[+-]?\d{1,19}$/;

function ping(...messages: string[]): Ping {
  return Object.freeze({ kind: "ping", messages: Object.freeze(messages) });
}

/** Says that the sender is alive, and no more. */
export function keepAlivePing(): Ping {
  return KEEP_ALIVE;
}

/** A server's keep-alive: clients of the hub in this process, and those on this server connection. */
export function clientCountPing(inHub: number, onConnection: number): Ping {
  return ping(PingKey.ClientsInHub, String(inHub), PingKey.ClientsOnConnection, String(onConnection));
}

/** A server asks whether the hub is in use at the endpoint, and how full the endpoint is. */
export function statusRequestPing(): Ping {
  return STATUS_REQUEST;
}

/** What the service knows about an endpoint. */
export interface EndpointStatus {
  /** Whether the hub has clients. */
  readonly active: boolean;
  readonly clientCount: number;
  readonly serverCount: number;
  /** Client connections that the endpoint can take. */
  readonly capacity: number;
}

/** The service answers {@link statusRequestPing}. */
export function statusPing(status: EndpointStatus): Ping {
  return ping(
    PingKey.Status,
    status.active ? "1" : "0",
    PingKey.ClientCount,
    String(status.clientCount),
    PingKey.ServerCount,
    String(status.serverCount),
    PingKey.Capacity,
    String(status.capacity),
  );
}

/** A server asks which servers are connected to the endpoint. */
export function serversRequestPing(): Ping {
  return SERVERS_REQUEST;
}

/** The service answers {@link serversRequestPing}; the time only has to grow with each change. */
export function serversPing(updatedAt: bigint | number, serverIds: readonly string[]): Ping {
  return ping(PingKey.Servers, `${updatedAt}:${serverIds.join(";")}`);
}

/** The service wants to see exactly this ping again. */
export function echoPing(value: string): Ping {
  return ping(PingKey.Echo, value);
}

/** The service says that one of its instances is gone, with the clients on it. */
export function offlinePing(instanceId: string): Ping {
  return ping(PingKey.Offline, instanceId);
}

/** The service asks for one more server connection, to this instance. */
export function targetPing(instanceId: string): Ping {
  return ping(PingKey.Target, instanceId);
}

/** The service turns message tracing on or off for the endpoint. */
export function messageTracingPing(on: boolean): Ping {
  return ping(PingKey.MessageTracing, on ? "1" : "0");
}

/** A server shuts down and says, with one of {@link ShutdownMode}, what shall become of its clients. */
export function finPing(mode: number): Ping {
  return ping(PingKey.Shutdown, `${FIN}${mode}`);
}

/** The service answers {@link finPing}. */
export function finAckPing(): Ping {
  return FIN_ACK_PING;
}

/**
 * A look-up over a ping's pairs: the value of the first pair with the key, null when that is nil, undefined when there
 * is none. A lone last item is no pair.
 */
export function readPing(messages: Ping["messages"]): (key: string) => string | null | undefined {
  return (key) => {
    for (let index = 0; index + 1 < messages.length; index += 2) {
      if (messages[index] === key) return messages[index + 1];
    }
    return undefined;
  };
}

/** A count from a ping; undefined when there is none or it is no whole number. */
export function readPingCount(value: string | null | undefined): number | undefined {
  return typeof value === "string" && WHOLE_NUMBER.test(value) ? Number(value) : undefined;
}

/** The mode in the value of a `shutdown` pair; undefined when it is something else, e.g. the answer to it. */
export function readFinMode(value: string | null | undefined): number | undefined {
  return typeof value === "string" && value.startsWith(FIN) ? readPingCount(value.slice(FIN.length)) : undefined;
}

/** Which servers an endpoint has: to be compared as a whole between endpoints, and by time with what came before. */
export interface ServersTag {
  readonly updatedAt: bigint;
  readonly tag: string;
}

/** The value of a `servers` pair; undefined when it is empty or not of that form. */
export function readServersTag(value: string | null | undefined): ServersTag | undefined {
  if (typeof value !== "string") return undefined;
  const colon = value.indexOf(":");
  if (colon < 0) return undefined;
  const updatedAt = value.slice(0, colon);
  if (!WHOLE_NUMBER_64.test(updatedAt)) return undefined;
  return { updatedAt: BigInt(updatedAt), tag: value.slice(colon + 1) };
}
