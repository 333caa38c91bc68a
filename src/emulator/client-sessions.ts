import type { ServerResponse } from "node:http";
import type { Clock } from "../base/clock.js";
import { type ClientTerms, readTerms } from "./client-claims.js";
import { ClientConnection } from "./client-connection.js";
import type { TransportName } from "./client-transport.js";
import { EventStream } from "./event-stream.js";
import { type Refusal, rawQuery } from "./http.js";
import { LongPolling } from "./long-polling.js";
import { type Negotiation, Negotiations, newConnectionId } from "./negotiations.js";
import { clientHeaders } from "./open-message.js";
import { NO_CONNECTION } from "./post-inbox.js";
import type { Service } from "./service.js";
import { StatefulTransport } from "./stateful/stateful-transport.js";
import type { TokenContent } from "./tokens.js";
import type { TurnEnd } from "./turn-end.js";
import { WebSocketTransport } from "./websocket-transport.js";
import type { PeerSocket } from "./ws-server.js";

export interface ClientSessionsInput {
  readonly service: Service;
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  readonly maxClients: number;
  /** Of a client's hub message whose pieces have to be kept here. */
  readonly maxMessageBytes: number;
  /** Milliseconds that a client with stateful reconnect may be away. */
  readonly absenceLimitMs: number;
  /** Of one POST. */
  readonly maxPostBytes: number;
  readonly sendBufferBytes: number;
  readonly handshakeTimeoutMs: number;
}

/** Who asks, token checked. */
export interface Caller {
  readonly hub: string;
  /** The secret id of a connection. */
  readonly id: string | undefined;
  readonly token: TokenContent;
  /** The `negotiateVersion` of the query. */
  readonly version: string | null;
  /** Asks to be able to come back after its websocket has broken. */
  readonly wantsStateful: boolean;
}

/** A connection that is in use, as later requests find it. */
export interface ClientSession {
  readonly hub: string;
  readonly transport: WebSocketTransport | StatefulTransport | EventStream | LongPolling;
  /** Unix time in milliseconds. */
  readonly openedAtMs: number;
}

/** What of the first request of a client is shown to its server. */
export interface FirstRequest {
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string | undefined;
  readonly token: TokenContent;
}

/** A request that has to belong to a connection, in the words of ASP.NET Core. */
export const NO_ID = Object.freeze({ status: 400, reason: "Connection ID required" });

/** The clients' connections by their secret ids, from negotiate to the end of their transport. */
export class ClientSessions {
  readonly #input: ClientSessionsInput;
  readonly #negotiations: Negotiations;
  readonly #sessions = new Map<string, ClientSession>();
  #onEmpty: (() => void) | undefined;

  constructor(input: ClientSessionsInput) {
    this.#input = input;
    this.#negotiations = new Negotiations(input.clock, input.maxClients);
  }

  negotiate(hub: string, version: number, isStateful: boolean): Negotiation {
    return this.#negotiations.create(hub, version, isStateful);
  }

  /** What a client's token asks for. */
  termsOf(token: TokenContent): ClientTerms {
    return readTerms(token.claims, this.#input.handshakeTimeoutMs);
  }

  /** `id` is the secret of the connection's URL. */
  find(id: string | undefined, hub: string): ClientSession | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    return session?.hub === hub ? session : undefined;
  }

  /**
   * What a request on a transport meets: the connection that it is part of, or leave to open one. Only websockets may
   * come without an id, from clients that skip negotiation.
   */
  admit({ id, hub, token }: Caller, name: TransportName): ClientSession | Negotiation | Refusal {
    const session = this.find(id, hub);
    if (id === undefined && name !== "WebSockets") return NO_ID;
    if (id !== undefined && session === undefined && !this.#negotiations.has(id, hub)) return NO_CONNECTION;
    if (!this.termsOf(token).transports.includes(name)) {
      return { status: 404, reason: `${name} transport not supported by this end point type` };
    }
    if (session !== undefined) {
      return session.transport.name === name
        ? session
        : { status: 400, reason: "Cannot change transports mid-connection" };
    }
    const refusal = this.#input.service.refusalOfNewClients();
    if (refusal !== undefined) return refusal;
    if (id === undefined) {
      return { connectionId: newConnectionId(), connectionToken: newConnectionId(), hub, isStateful: false };
    }
    return this.#negotiations.take(id, hub) ?? NO_CONNECTION;
  }

  openWebSocket(negotiation: Negotiation, request: FirstRequest, peer: PeerSocket): void {
    const { clock, maxMessageBytes, absenceLimitMs } = this.#input;
    this.#open(negotiation, request, (onEnded) =>
      negotiation.isStateful
        ? new StatefulTransport({ peer, clock, maxMessageBytes, absenceLimitMs, onEnded })
        : new WebSocketTransport(peer, onEnded),
    );
  }

  openEventStream(negotiation: Negotiation, request: FirstRequest, response: ServerResponse): void {
    const { turnEnd, clock, maxPostBytes } = this.#input;
    const make = (onEnded: () => void) => new EventStream({ response, turnEnd, clock, maxPostBytes, onEnded });
    this.#open(negotiation, request, make);
  }

  openLongPolling(negotiation: Negotiation, request: FirstRequest): LongPolling {
    const { turnEnd, clock, maxPostBytes } = this.#input;
    const idleLimitMs = this.termsOf(request.token).pollPauseMs;
    const make = (onEnded: () => void) => new LongPolling({ turnEnd, clock, idleLimitMs, maxPostBytes, onEnded });
    return this.#open(negotiation, request, make);
  }

  /** Resolves when all transports have ended; no client can come for more, so none is waited for that has to ask. */
  async drain(): Promise<void> {
    for (const { transport } of this.#sessions.values()) {
      if (transport.name === "LongPolling") transport.terminate();
    }
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #open<T extends ClientSession["transport"]>(
    negotiation: Negotiation,
    request: FirstRequest,
    makeTransport: (onEnded: () => void) => T,
  ): T {
    const { service, clock, sendBufferBytes } = this.#input;
    const { connectionToken, hub } = negotiation;
    const transport = makeTransport(() => this.#ended(connectionToken));
    this.#sessions.set(connectionToken, { hub, transport, openedAtMs: clock.unixTime() });
    const client = new ClientConnection({
      ...negotiation,
      instance: service.instances.forClient(),
      transport,
      claims: request.token.claims,
      terms: this.termsOf(request.token),
      headers: clientHeaders(request.rawHeaders, request.remoteAddress),
      queryString: rawQuery(request),
      sendBufferBytes,
      clock,
      events: service,
    });
    service.addClient(client);
    return transport;
  }

  #ended(connectionToken: string): void {
    this.#sessions.delete(connectionToken);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}
