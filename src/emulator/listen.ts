import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { systemClock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import type { EmulatorTls } from "./options.js";

/** What the HTTP servers hand over. */
export interface ListenHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Undefined: plain HTTP. */
  readonly tls?: EmulatorTls | undefined;
  /** Milliseconds for the arrival of a whole request, the wait for its first byte included. */
  readonly requestTimeoutMs: number;
}

/** HTTP servers that share one port. */
export interface Listener {
  readonly port: number;
  /**
   * Stops listening, and ends plain HTTP connections as soon as nothing is under way on them, or after `graceMs`;
   * websockets are the caller's.
   */
  close(graceMs: number): Promise<void>;
}

const LOOPBACK = Object.freeze(["127.0.0.1", "::1"]);
const FREE_PORT_ATTEMPTS = 10;
// A keep-alive connection becomes idle when its last answer is written, and would stay for seconds.
const IDLE_LOOK_MS = 20;
// Late requests are found by looking, so they may be as late as one look more.
const CHECKS_PER_TIMEOUT = 4;

/**
 * Listens on `host`, or on both loopback addresses when it is undefined, because `localhost` may mean either. A machine
 * without IPv6 gets IPv4 alone.
 *
 * @throws SignalRError PORT_IN_USE when another program listens there, CONFIG_INVALID for a bad certificate, EMULATOR_FAILED for
 * every other cause
 */
export async function listen(host: string | undefined, port: number, handlers: ListenHandlers): Promise<Listener> {
  const addresses = host === undefined ? LOOPBACK : [host];
  // A free port on one address may be taken on the other one: then another free port is tried.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnAll(addresses, port, handlers);
    } catch (error) {
      const mayRetry = port === 0 && error instanceof SignalRError && error.code === "PORT_IN_USE";
      if (!mayRetry || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

async function listenOnAll(addresses: readonly string[], port: number, handlers: ListenHandlers): Promise<Listener> {
  const servers: Server[] = [];
  const silent = new Map<string, Socket>();
  let boundPort = port;
  try {
    for (const address of addresses) {
      const server = createHttpServer(handlers);
      server.on("upgrade", handlers.onUpgrade);
      trackSilent(server, silent);
      if (await bind(server, address, boundPort, servers.length > 0)) {
        servers.push(server);
        boundPort = (server.address() as AddressInfo).port;
      }
    }
  } catch (error) {
    await closeAll(servers, silent, 0);
    throw error;
  }
  return { port: boundPort, close: (graceMs) => closeAll(servers, silent, graceMs) };
}

function createHttpServer({ tls, onRequest, requestTimeoutMs }: ListenHandlers): Server {
  const limits = {
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.ceil(requestTimeoutMs / CHECKS_PER_TIMEOUT),
  };
  if (tls === undefined) return createServer(limits, onRequest);
  try {
    return createSecureServer({ ...limits, cert: tls.cert, key: tls.key }, onRequest);
  } catch (error) {
    const reason = toError(error).message;
    throw new SignalRError("CONFIG_INVALID", `tls needs a certificate and its key in PEM form: ${reason}`);
  }
}

/** False: the machine does not have this address, and does not need to. */
function bind(server: Server, address: string, port: number, isOptional: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (isOptional && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT")) resolve(false);
      else reject(listenError(error, address, port));
    };
    server.once("error", onError);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeListener("error", onError);
      resolve(true);
    });
  });
}

function listenError(thrown: NodeJS.ErrnoException, address: string, port: number): SignalRError {
  const cause = toError(thrown);
  if (thrown.code === "EADDRINUSE") {
    return new SignalRError(
      "PORT_IN_USE",
      `Port ${port} on ${address} is in use by another program. Stop it, or choose another port.`,
      { cause },
    );
  }
  if (thrown.code === "EACCES") {
    return new SignalRError(
      "EMULATOR_FAILED",
      `Listening on ${address} port ${port} is not permitted. Choose a port above 1023.`,
      { cause },
    );
  }
  return new SignalRError(
    "EMULATOR_FAILED",
    `The emulator cannot listen on ${address} port ${port}: ${cause.message}. Give an address that this machine has.`,
    { cause },
  );
}

/** Keeps the connections on which nothing was asked yet: browsers open some in advance, and to Node they are busy. */
function trackSilent(server: Server, silent: Map<string, Socket>): void {
  server.on("connection", (socket: Socket) => {
    const name = peerName(socket);
    silent.set(name, socket);
    socket.once("close", () => silent.delete(name));
  });
  server.on("request", ({ socket }: IncomingMessage) => silent.delete(peerName(socket)));
  server.on("upgrade", ({ socket }: IncomingMessage) => silent.delete(peerName(socket)));
}

// With TLS, a request's socket is another object than the connection under it, but the peer is the same.
function peerName({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

async function closeAll(
  servers: readonly Server[],
  silent: ReadonlyMap<string, Socket>,
  graceMs: number,
): Promise<void> {
  const closing = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  for (const socket of silent.values()) socket.destroy();
  // Real time, whatever clock the emulator runs on: stopping has to come to an end.
  const idle = systemClock.every(IDLE_LOOK_MS, () => {
    for (const server of servers) server.closeIdleConnections();
  });
  const grace = systemClock.after(graceMs, () => {
    for (const server of servers) server.closeAllConnections();
  });
  await Promise.all(closing);
  idle.cancel();
  grace.cancel();
}
