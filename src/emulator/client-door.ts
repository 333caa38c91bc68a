import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../base/clock.js";
import { readTerms } from "./client-claims.js";
import { ClientConnection } from "./client-connection.js";
import { applyCors } from "./cors.js";
import { type HttpDoor, type Refusal, rawQuery, refuse, refuseUpgrade, type UpgradeDoor } from "./http.js";
import { readHubName } from "./hub-name.js";
import { type Negotiation, Negotiations, newConnectionId } from "./negotiations.js";
import { clientHeaders } from "./open-message.js";
import type { Service } from "./service.js";
import { isRefusal, requestToken, type TokenCheck, type TokenContent } from "./tokens.js";
import type { WebSocketAcceptor } from "./ws-server.js";

export interface ClientDoorInput {
  readonly service: Service;
  readonly tokens: TokenCheck;
  readonly acceptor: WebSocketAcceptor;
  readonly clock: Clock;
  readonly maxClients: number;
  readonly sendBufferBytes: number;
  readonly handshakeTimeoutMs: number;
}

const AUDIENCE_PATH = "/client/";
const NEWEST_NEGOTIATE_VERSION = 1;
// What clients may choose from; the other transports of SignalR are not served.
const WEB_SOCKETS = Object.freeze({ transport: "WebSockets", transferFormats: ["Text", "Binary"] });

/** Where clients come in: `POST /client/negotiate` and the websocket `/client/`. */
export class ClientDoor implements HttpDoor, UpgradeDoor {
  readonly #input: ClientDoorInput;
  readonly #negotiations: Negotiations;

  constructor(input: ClientDoorInput) {
    this.#input = input;
    this.#negotiations = new Negotiations(input.clock, input.maxClients);
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (!isUnder(url, "/client")) return false;
    if (applyCors(request, response)) return true;
    if (!isAt(url, "/client/negotiate")) {
      const isClient = isAt(url, "/client");
      refuse(response, {
        status: isClient ? 400 : 404,
        reason: isClient ? "Only websockets are served here." : "Nothing is served here.",
      });
    } else if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      refuse(response, { status: 405, reason: "Negotiate with POST." });
    } else {
      // A body is allowed and not looked at.
      request.resume();
      this.#negotiate(request, response, url).catch(() => response.destroy());
    }
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean {
    if (!isAt(url, "/client")) return false;
    this.#open(request, socket, head, url).catch(() => socket.destroy());
    return true;
  }

  async #negotiate(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const hub = readHubName(url);
    if (typeof hub !== "string") {
      refuse(response, hub);
      return;
    }
    const token = await this.#check(request, url, hub);
    if (isRefusal(token)) {
      refuse(response, token);
      return;
    }
    const answer = JSON.stringify(this.#answer(hub, url.searchParams.get("negotiateVersion"), token));
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(answer);
  }

  #answer(hub: string, askedVersion: string | null, token: TokenContent): object {
    const asked = Number(askedVersion ?? 0);
    if (!Number.isInteger(asked) || asked < 0) {
      return { error: "The client requested a non-integer protocol version." };
    }
    // Said here, the reason reaches the client's program; later it would only see a closed connection.
    if (!this.#input.service.hasServers(hub)) return { error: `No server is connected to hub '${hub}'.` };
    const version = Math.min(asked, NEWEST_NEGOTIATE_VERSION);
    const { connectionId, connectionToken } = this.#negotiations.create(hub, version);
    const { allowsWebSockets } = readTerms(token.claims, this.#input.handshakeTimeoutMs);
    const availableTransports = allowsWebSockets ? [WEB_SOCKETS] : [];
    return version === 0
      ? { negotiateVersion: version, connectionId, availableTransports }
      : { negotiateVersion: version, connectionId, connectionToken, availableTransports };
  }

  async #open(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): Promise<void> {
    // The socket may break while the token is checked; nobody else listens yet.
    const ignoreError = (): void => {};
    socket.on("error", ignoreError);
    const hub = readHubName(url);
    const token = typeof hub === "string" ? await this.#check(request, url, hub) : hub;
    if (typeof hub !== "string" || isRefusal(token)) {
      refuseUpgrade(socket, token as Refusal);
      return;
    }
    // The last one: the query of the app's own negotiate request comes first, and may hold an id of the app's.
    const negotiation = this.#negotiation(url.searchParams.getAll("id").at(-1), hub);
    if ("status" in negotiation) {
      refuseUpgrade(socket, negotiation);
      return;
    }
    socket.removeListener("error", ignoreError);
    this.#accept(request, socket, head, negotiation, token);
  }

  async #check(request: IncomingMessage, url: URL, hub: string): Promise<TokenContent | Refusal> {
    const token = await this.#input.tokens.check(requestToken(request, url), AUDIENCE_PATH, hub);
    if (this.#input.service.isStopped) return { status: 503, reason: "The emulator stops." };
    if (!isRefusal(token) && this.#input.service.isFull) {
      const reason = `The emulator has ${this.#input.maxClients} clients, which is its limit (maxClients).`;
      return { status: 429, reason };
    }
    return token;
  }

  /** A client that skipped negotiation has no id, and gets its connection now. */
  #negotiation(connectionToken: string | undefined, hub: string): Negotiation | Refusal {
    if (connectionToken === undefined)
      return { connectionId: newConnectionId(), connectionToken: newConnectionId(), hub };
    const negotiation = this.#negotiations.take(connectionToken, hub);
    if (negotiation !== undefined) return negotiation;
    return this.#input.service.hasToken(connectionToken)
      ? { status: 409, reason: "This connection is open already." }
      : { status: 404, reason: "No Connection with that ID" };
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, negotiation: Negotiation, token: TokenContent): void {
    const { service, acceptor, clock, sendBufferBytes, handshakeTimeoutMs } = this.#input;
    // Read now: the address is gone when the peer is.
    const headers = clientHeaders(request.rawHeaders, request.socket.remoteAddress);
    acceptor.accept(request, socket, head, (peer) => {
      const client = new ClientConnection({
        ...negotiation,
        socket: peer,
        claims: token.claims,
        terms: readTerms(token.claims, handshakeTimeoutMs),
        headers,
        queryString: rawQuery(request),
        sendBufferBytes,
        clock,
        events: service,
      });
      service.addClient(client);
    });
  }
}

function isAt(url: URL, path: string): boolean {
  return url.pathname.replace(/\/$/, "") === path;
}

function isUnder(url: URL, path: string): boolean {
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
