import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import { type Probe, silentProbe } from "../base/probe.js";
import { EMULATOR_MODES, type EmulatorMode } from "./serverless/hub-modes.js";
import type { UpstreamTemplate } from "./serverless/upstream-template.js";

/** How the emulator is started. All members have defaults; sizes are bytes, durations milliseconds. */
export interface EmulatorOptions {
  /** TCP port; 0 takes a free one. @default 8888 */
  readonly port?: number;
  /** Address to listen on, e.g. `0.0.0.0`. @default 127.0.0.1, and ::1 where the machine has it */
  readonly host?: string;
  /** Key that signs all tokens: at least 32 characters, no semicolon and no white space. @default the well-known emulator key */
  readonly accessKey?: string;
  /**
   * Whom it serves: `default` clients of hub servers, `serverless` clients without (then hub servers are answered with
   * 404), `both` as it comes: hubs that have a server, or had one a minute ago, are in Default mode. @default "both"
   */
  readonly mode?: EmulatorMode;
  /** Where events of Serverless clients are sent; the first template that fits gets an event. @default none */
  readonly upstream?: readonly UpstreamTemplate[];
  /** Limit for one upstream request with its answer. @default 100_000 */
  readonly upstreamTimeout?: number;
  /** Upstream requests under way at once, all hubs together. @default 100 */
  readonly maxUpstreamRequests?: number;
  /** Largest answer taken from an upstream. @default 16 MiB */
  readonly maxUpstreamResponseBytes?: number;
  /** Largest body taken by the REST API. @default 1 MiB, as the service */
  readonly maxRestBodyBytes?: number;
  /** Limit for a client's answer to a call through the REST API. @default 30_000 */
  readonly restInvocationTimeout?: number;
  /** Serves https and wss with this certificate, in PEM form. @default plain http and ws */
  readonly tls?: EmulatorTls;
  /** Clients that may be connected at once, all hubs together; also the capacity that servers are told. @default 100_000 */
  readonly maxClients?: number;
  /** Instances that the service consists of; clients and server connections are spread over them. @default 1 */
  readonly instances?: number;
  /** Largest websocket message taken from a client. @default 16 MiB */
  readonly maxClientMessageBytes?: number;
  /** Largest service message taken from a hub server. @default 128 MiB */
  readonly maxServerMessageBytes?: number;
  /** Bytes that may wait for one client that reads too slowly; beyond it the client is dropped. @default 16 MiB */
  readonly clientSendBufferBytes?: number;
  /** Largest body of one POST taken from a client without a websocket. @default 1 MiB, as the service */
  readonly maxClientPostBytes?: number;
  /** Bytes that may wait for one hub server that asks and does not read; beyond it its connection is cut. @default 256 MiB */
  readonly serverSendBufferBytes?: number;
  /** Limit for the arrival of a whole HTTP request, from the opening of its connection on; beyond it the connection is cut. @default 30_000 */
  readonly httpRequestTimeout?: number;
  /** How long a client with stateful reconnect may be away before it counts as gone. @default 15_000 */
  readonly clientAbsenceTimeout?: number;
  /** Limit for the hub handshake of a client, unless its token names another one. @default 15_000 */
  readonly clientHandshakeTimeout?: number;
  /** Limit for the handshake of a server connection. @default 15_000 */
  readonly serverHandshakeTimeout?: number;
  /**
   * For hub servers with a Microsoft Entra ID identity: takes any bearer token of a server for one, and lends a key for client
   * tokens. For development only, because nobody here can check such a token. @default false
   */
  readonly entra?: boolean;
  /** Serves a page at `/` that shows what goes on, and makes faults at the press of a button. @default true */
  readonly livePage?: boolean;
  /** Receives what an operator may want to read. @default silent */
  readonly probe?: Probe;
  /** Source of time, for tests. @default the real clock */
  readonly clock?: Clock;
}

/** A certificate, perhaps with those between it and its root, and its key. */
export interface EmulatorTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** {@link EmulatorOptions} checked, with defaults. Frozen. */
export type ResolvedEmulatorOptions = Readonly<Required<Omit<EmulatorOptions, "host" | "tls">>> & {
  readonly host: string | undefined;
  readonly tls: EmulatorTls | undefined;
};

const MEBIBYTE = 1024 * 1024;
const LEAST_KEY_LENGTH = 32;
const MOST_INSTANCES = 100;

export const EMULATOR_DEFAULTS = Object.freeze({
  port: 8888,
  // Public knowledge: Microsoft's own emulator has the same one, so its connection strings work here too.
  accessKey: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH",
  mode: "both",
  upstreamTimeout: 100_000,
  maxUpstreamRequests: 100,
  maxUpstreamResponseBytes: 16 * MEBIBYTE,
  maxRestBodyBytes: MEBIBYTE,
  restInvocationTimeout: 30_000,
  maxClients: 100_000,
  instances: 1,
  maxClientMessageBytes: 16 * MEBIBYTE,
  maxServerMessageBytes: 128 * MEBIBYTE,
  clientSendBufferBytes: 16 * MEBIBYTE,
  maxClientPostBytes: MEBIBYTE,
  serverSendBufferBytes: 256 * MEBIBYTE,
  httpRequestTimeout: 30_000,
  clientAbsenceTimeout: 15_000,
  clientHandshakeTimeout: 15_000,
  serverHandshakeTimeout: 15_000,
  livePage: true,
});

/** @throws SignalRError CONFIG_INVALID naming the option, what was found and what is allowed */
export function resolveEmulatorOptions(given: EmulatorOptions = {}): ResolvedEmulatorOptions {
  const resolved: ResolvedEmulatorOptions = {
    port: given.port ?? EMULATOR_DEFAULTS.port,
    host: given.host,
    accessKey: given.accessKey ?? EMULATOR_DEFAULTS.accessKey,
    mode: given.mode ?? EMULATOR_DEFAULTS.mode,
    upstream: given.upstream ?? [],
    upstreamTimeout: given.upstreamTimeout ?? EMULATOR_DEFAULTS.upstreamTimeout,
    maxUpstreamRequests: given.maxUpstreamRequests ?? EMULATOR_DEFAULTS.maxUpstreamRequests,
    maxUpstreamResponseBytes: given.maxUpstreamResponseBytes ?? EMULATOR_DEFAULTS.maxUpstreamResponseBytes,
    maxRestBodyBytes: given.maxRestBodyBytes ?? EMULATOR_DEFAULTS.maxRestBodyBytes,
    restInvocationTimeout: given.restInvocationTimeout ?? EMULATOR_DEFAULTS.restInvocationTimeout,
    tls: given.tls,
    maxClients: given.maxClients ?? EMULATOR_DEFAULTS.maxClients,
    instances: given.instances ?? EMULATOR_DEFAULTS.instances,
    maxClientMessageBytes: given.maxClientMessageBytes ?? EMULATOR_DEFAULTS.maxClientMessageBytes,
    maxServerMessageBytes: given.maxServerMessageBytes ?? EMULATOR_DEFAULTS.maxServerMessageBytes,
    clientSendBufferBytes: given.clientSendBufferBytes ?? EMULATOR_DEFAULTS.clientSendBufferBytes,
    maxClientPostBytes: given.maxClientPostBytes ?? EMULATOR_DEFAULTS.maxClientPostBytes,
    serverSendBufferBytes: given.serverSendBufferBytes ?? EMULATOR_DEFAULTS.serverSendBufferBytes,
    httpRequestTimeout: given.httpRequestTimeout ?? EMULATOR_DEFAULTS.httpRequestTimeout,
    clientAbsenceTimeout: given.clientAbsenceTimeout ?? EMULATOR_DEFAULTS.clientAbsenceTimeout,
    clientHandshakeTimeout: given.clientHandshakeTimeout ?? EMULATOR_DEFAULTS.clientHandshakeTimeout,
    serverHandshakeTimeout: given.serverHandshakeTimeout ?? EMULATOR_DEFAULTS.serverHandshakeTimeout,
    entra: given.entra ?? false,
    livePage: given.livePage ?? EMULATOR_DEFAULTS.livePage,
    probe: given.probe ?? silentProbe,
    clock: given.clock ?? systemClock,
  };
  checkWholeNumber("port", resolved.port, 0, 65_535);
  if (!EMULATOR_MODES.includes(resolved.mode)) {
    const modes = EMULATOR_MODES.join(", ");
    throw new SignalRError("CONFIG_INVALID", `mode must be one of ${modes}, got ${JSON.stringify(resolved.mode)}`);
  }
  checkWholeNumber("upstreamTimeout", resolved.upstreamTimeout, 1, 0x7fffffff);
  checkWholeNumber("maxUpstreamRequests", resolved.maxUpstreamRequests, 1, Number.MAX_SAFE_INTEGER);
  checkWholeNumber("maxUpstreamResponseBytes", resolved.maxUpstreamResponseBytes, 0, 0x7fffffff);
  checkWholeNumber("maxRestBodyBytes", resolved.maxRestBodyBytes, 1, 0x7fffffff);
  checkWholeNumber("restInvocationTimeout", resolved.restInvocationTimeout, 1, 0x7fffffff);
  checkWholeNumber("maxClients", resolved.maxClients, 1, Number.MAX_SAFE_INTEGER);
  checkWholeNumber("instances", resolved.instances, 1, MOST_INSTANCES);
  checkWholeNumber("maxClientMessageBytes", resolved.maxClientMessageBytes, 1, 0x7fffffff);
  checkWholeNumber("maxServerMessageBytes", resolved.maxServerMessageBytes, 1, 0x7fffffff);
  checkWholeNumber("clientSendBufferBytes", resolved.clientSendBufferBytes, 1, Number.MAX_SAFE_INTEGER);
  checkWholeNumber("maxClientPostBytes", resolved.maxClientPostBytes, 1, 0x7fffffff);
  checkWholeNumber("serverSendBufferBytes", resolved.serverSendBufferBytes, 1, Number.MAX_SAFE_INTEGER);
  checkWholeNumber("httpRequestTimeout", resolved.httpRequestTimeout, 1, 0x7fffffff);
  checkWholeNumber("clientAbsenceTimeout", resolved.clientAbsenceTimeout, 0, 0x7fffffff);
  checkWholeNumber("clientHandshakeTimeout", resolved.clientHandshakeTimeout, 1, 0x7fffffff);
  checkWholeNumber("serverHandshakeTimeout", resolved.serverHandshakeTimeout, 1, 0x7fffffff);
  checkAccessKey(resolved.accessKey);
  if (typeof resolved.entra !== "boolean") {
    throw new SignalRError("CONFIG_INVALID", `entra must be true or false, got ${typeof resolved.entra}`);
  }
  if (typeof resolved.livePage !== "boolean") {
    throw new SignalRError("CONFIG_INVALID", `livePage must be true or false, got ${typeof resolved.livePage}`);
  }
  if (resolved.host !== undefined && !/^[\w.:%-]+$/.test(resolved.host)) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `host must be an IP address or a host name without scheme, port and path, got ${JSON.stringify(resolved.host)}`,
    );
  }
  return Object.freeze(resolved);
}

function checkWholeNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new SignalRError("CONFIG_INVALID", `${name} must be a whole number from ${least} to ${most}, got ${value}`);
}

function checkAccessKey(accessKey: string): void {
  // Newer .NET libraries refuse to sign HS256 with less than 256 bits; better to hear it here than there.
  if (accessKey.length < LEAST_KEY_LENGTH) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `accessKey must have at least ${LEAST_KEY_LENGTH} characters, got ${accessKey.length}`,
    );
  }
  if (/[;\s]/.test(accessKey)) {
    throw new SignalRError(
      "CONFIG_INVALID",
      "accessKey must not hold semicolons or white space, they cannot stand in a connection string",
    );
  }
}
