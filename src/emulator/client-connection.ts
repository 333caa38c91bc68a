import type { Clock, Timer } from "../base/clock.js";
import { parseHandshakeResponse, writeHandshakeResponse } from "../protocol/hub/handshake.js";
import { DataMessageType, type WireClaim, type WireHeaders } from "../protocol/service/messages.js";
import type { ClientTerms } from "./client-claims.js";
import { BadHello, type Hello, HelloReader } from "./client-hello.js";
import type { ClientTransport, TransportName } from "./client-transport.js";
import type { Member } from "./directory.js";
import { closeMessage, isCloseMessage } from "./farewell.js";
import type { Instance } from "./instances.js";
import { isTextProtocol, type PreparedPayloads } from "./payloads.js";
import type { Feeder, ServerLink } from "./server-link.js";
import type { Servant } from "./serverless/servant.js";

/** What a client tells its owner. */
export interface ClientEvents {
  /** Its handshake request is there: it needs a server now. */
  onHello(client: ClientConnection, hello: Hello): void;
  /** Once, last. `notice` is what its server has to be told; undefined: the server knows. */
  onClosed(client: ClientConnection, notice: string | undefined): void;
}

export interface ClientConnectionInput {
  readonly transport: ClientTransport;
  readonly connectionId: string;
  /** The secret `id` of the connection's URL. */
  readonly connectionToken: string;
  /** Hub name at the service. */
  readonly hub: string;
  /** Where it is at the service. */
  readonly instance: Instance;
  readonly claims: readonly WireClaim[];
  readonly terms: ClientTerms;
  readonly headers: WireHeaders;
  /** With its `?`. */
  readonly queryString: string;
  readonly sendBufferBytes: number;
  readonly clock: Clock;
  readonly events: ClientEvents;
}

/** How the service ends a client politely. */
export interface ClientEnding {
  /** For the client; absent is an end without an error. */
  readonly error?: string | undefined;
  /** Whether a client that reconnects by itself may do so. */
  readonly allowReconnect?: boolean;
  /** For its server; undefined: the server knows. */
  readonly notice: string | undefined;
}

const LONGEST_TIMER_MS = 0x7fffffff;

type State =
  | { readonly at: "greeting"; readonly reader: HelloReader; readonly timer: Timer }
  /** The app has the request; all for the client but the answer is held back. */
  | { readonly at: "handshaking"; readonly held: Buffer[]; readonly timer: Timer }
  /** The app said no and will close. */
  | { readonly at: "refused"; readonly timer: Timer }
  | { readonly at: "open" }
  | { readonly at: "closed" };

/** One client, on the service's side. */
export class ClientConnection implements Member, Feeder {
  readonly connectionId: string;
  readonly connectionToken: string;
  readonly hub: string;
  readonly instance: Instance;
  readonly terms: ClientTerms;
  readonly headers: WireHeaders;
  readonly queryString: string;
  readonly groups = new Set<string>();
  claims: readonly WireClaim[];
  /** Hub protocol in lower case; known from the hello on. */
  protocol = "json";
  /** The handshake request, kept to be shown to the server that the client may be moved to. */
  request: Buffer | undefined;
  /** The server that the client was moved away from. */
  formerLink: ServerLink | undefined;
  /** Whether the server that answered the handshake says what its messages are, as newer SDKs do. */
  isMarked = false;
  #link: ServerLink | undefined;
  #servant: Servant | undefined;
  readonly #transport: ClientTransport;
  readonly #sendBufferBytes: number;
  readonly #clock: Clock;
  readonly #events: ClientEvents;
  #state: State;
  #expiry: Timer | undefined;
  #closesAtMs: number | undefined;
  #heldBytes = 0;
  #isPaused = false;
  /** While it is between two servers: what it has sent. */
  #held: Buffer[] | undefined;
  #wasToldToClose = false;

  constructor(input: ClientConnectionInput) {
    this.connectionId = input.connectionId;
    this.connectionToken = input.connectionToken;
    this.hub = input.hub;
    this.instance = input.instance;
    this.claims = input.claims;
    this.terms = input.terms;
    this.headers = input.headers;
    this.queryString = input.queryString;
    this.#transport = input.transport;
    this.#sendBufferBytes = input.sendBufferBytes;
    this.#clock = input.clock;
    this.#events = input.events;
    const timer = input.clock.after(input.terms.handshakeTimeoutMs, () => this.#handshakeTimedOut());
    this.#state = { at: "greeting", reader: new HelloReader(), timer };
    this.expireAt(input.terms.closesAtMs);
    input.transport.listen({
      onMessage: (bytes) => this.#take(bytes),
      onClose: () => this.#leave(""),
      onReplaced: () => this.#link?.send({ kind: "connectionReconnect", connectionId: this.connectionId }),
    });
  }

  get userId(): string | undefined {
    return this.terms.userId;
  }

  get transportName(): TransportName {
    return this.#transport.name;
  }

  get isOpen(): boolean {
    return this.#state.at === "open";
  }

  /** The server connection that carries it. */
  get link(): ServerLink | undefined {
    return this.#link;
  }

  /** Carried by `link` from now on. */
  attach(link: ServerLink | undefined): void {
    if (this.#link !== undefined) this.#link.clientCount -= 1;
    this.#link = link;
    if (link !== undefined) link.clientCount += 1;
    this.resume();
  }

  /** Whether it is served here, without a hub server. */
  get isServerless(): boolean {
    return this.#servant !== undefined;
  }

  /** Served by `servant` from now on, for good. */
  serveBy(servant: Servant): void {
    this.#servant = servant;
  }

  /** A message to several receivers: nothing happens when it has no payload in the client's protocol. */
  deliver(payloads: PreparedPayloads): void {
    const framed = payloads.framedFor(this.protocol, this.#transport.framing);
    if (framed !== undefined) this.#write(framed);
  }

  /** A message for this client alone, marked with one of {@link DataMessageType}. */
  deliverData(payload: Uint8Array, messageType: number): void {
    const framed = this.#frame(payload);
    if (this.#state.at !== "handshaking") {
      // The server that took over a client answers its handshake again; the client knows the answer.
      if (messageType !== DataMessageType.Handshake) this.#deliverMarked(framed, payload, messageType);
    } else if (messageType === DataMessageType.Handshake || messageType === DataMessageType.Unknown) {
      // Old SDKs mark nothing; the first that they send to a client is the answer.
      this.isMarked = messageType === DataMessageType.Handshake;
      this.#answer(framed, payload, this.#state);
    } else {
      this.#deliverMarked(framed, payload, messageType);
    }
  }

  /** Sends what is queued, says good-bye in the client's protocol unless the app did, and closes the transport. */
  close(ending: ClientEnding): void {
    const from = this.#state.at;
    if (from === "closed") return;
    if (from === "open" && !this.#wasToldToClose) {
      this.#transport.write(this.#frame(closeMessage(this.protocol, ending.error, ending.allowReconnect ?? false)));
    } else if ((from === "greeting" || from === "handshaking") && ending.error !== undefined) {
      this.#transport.write(this.#frame(writeHandshakeResponse(ending.error)));
    }
    this.#transport.close();
    this.#leave(ending.notice);
  }

  /** Cuts the transport; `notice` tells the server why, undefined tells it nothing. */
  drop(notice: string | undefined): void {
    this.#transport.terminate();
    this.#leave(notice);
  }

  /** Breaks its network connection; a client that may come back to its place keeps it. */
  interrupt(): void {
    if (!this.#transport.interrupt()) this.drop("");
  }

  /** Cuts off a client that has shown no sign of life since the last heartbeat. */
  heartbeat(): void {
    if (!this.#transport.heartbeat()) this.drop("The client did not answer pings.");
    else this.#servant?.heartbeat();
  }

  /** Closes the client at this unix time in milliseconds; undefined: never. */
  expireAt(unixTimeMs: number | undefined): void {
    this.#closesAtMs = unixTimeMs;
    this.#expiry?.cancel();
    this.#expiry = undefined;
    if (unixTimeMs === undefined || this.#state.at === "closed") return;
    // A timer cannot be set far ahead, so a long wait is several of them.
    const waitMs = Math.min(Math.max(0, unixTimeMs - this.#clock.unixTime()), LONGEST_TIMER_MS);
    this.#expiry = this.#clock.after(waitMs, () => this.#checkExpiry());
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#readOn();
  }

  /** Reads no more, and keeps what was read already, until {@link release}. */
  hold(): void {
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#transport.pause();
  }

  /** What was held goes to the server that carries the client now. */
  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const bytes of held) this.#take(bytes);
    this.#readOn();
  }

  #readOn(): void {
    if (!this.#isPaused && this.#held === undefined) this.#transport.resume();
  }

  #take(bytes: Buffer): void {
    const state = this.#state;
    if (state.at === "greeting") {
      this.#greet(bytes, state);
    } else if (this.#held !== undefined) {
      // Read before the pause took hold: no more than one read of the socket.
      this.#held.push(Buffer.from(bytes));
    } else if (this.#servant !== undefined) {
      this.#servant.take(bytes);
    } else if (state.at !== "closed" && this.#link !== undefined) {
      this.#link.forward(this.connectionId, bytes);
      if (this.#link.isCongested) this.#waitFor(this.#link);
    }
  }

  #greet(bytes: Buffer, state: Extract<State, { at: "greeting" }>): void {
    try {
      const hello = state.reader.push(bytes);
      if (hello === undefined) return;
      if (this.#transport.isTextOnly && isBinaryProtocol(hello.protocol)) throw new BadHello(noBinary(hello.protocol));
      this.protocol = hello.protocol;
      this.request = hello.request;
      this.#state = { at: "handshaking", held: [], timer: state.timer };
      this.#events.onHello(this, hello);
    } catch (error) {
      if (!(error instanceof BadHello)) throw error;
      const detail =
        this.terms.isDetailed && error.cause instanceof Error ? ` ${error.cause.name}: ${error.cause.message}` : "";
      this.close({ error: error.message + detail, notice: "" });
    }
  }

  #frame(payload: Uint8Array): Buffer {
    return this.#transport.framing(payload, isTextProtocol(this.protocol));
  }

  #answer(framed: Buffer, payload: Uint8Array, state: Extract<State, { at: "handshaking" }>): void {
    this.#transport.write(framed);
    if (isRefusal(payload)) {
      this.#state = { at: "refused", timer: state.timer };
      return;
    }
    state.timer.cancel();
    this.#state = { at: "open" };
    for (const held of state.held) this.#transport.write(held);
    this.#heldBytes = 0;
  }

  #deliverMarked(framed: Buffer, payload: Uint8Array, messageType: number): void {
    if (
      messageType === DataMessageType.Close ||
      (messageType === DataMessageType.Unknown && isCloseMessage(this.protocol, payload))
    ) {
      this.#wasToldToClose = true;
    }
    this.#write(framed);
  }

  #write(framed: Buffer): void {
    const state = this.#state;
    if (state.at === "open") {
      // Looked at before the message is added: one large message to an idle client is fine.
      if (this.#transport.bufferedBytes > this.#sendBufferBytes) this.#dropSlowReader();
      else this.#transport.write(framed);
    } else if (state.at === "handshaking") {
      if (this.#heldBytes > this.#sendBufferBytes) {
        this.#dropSlowReader();
        return;
      }
      state.held.push(framed);
      this.#heldBytes += framed.length;
    }
  }

  #dropSlowReader(): void {
    this.drop(`More than ${this.#sendBufferBytes} bytes were waiting for the client, which reads too slowly.`);
  }

  #waitFor(link: ServerLink): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#transport.pause();
    link.wait(this);
  }

  #handshakeTimedOut(): void {
    this.close({ error: "Handshake was canceled.", notice: "The handshake of the client took too long." });
  }

  #checkExpiry(): void {
    if (this.#closesAtMs !== undefined && this.#clock.unixTime() < this.#closesAtMs) this.expireAt(this.#closesAtMs);
    else this.close({ allowReconnect: true, notice: "The client's authentication has expired." });
  }

  #leave(notice: string | undefined): void {
    const from = this.#state;
    if (from.at === "closed") return;
    if (from.at !== "open") from.timer.cancel();
    this.#expiry?.cancel();
    this.#state = { at: "closed" };
    this.#events.onClosed(this, notice);
    this.#servant?.ended(notice ?? "");
  }
}

// Others are the app's to judge: it knows whether it speaks them at all.
const BINARY_PROTOCOLS: readonly string[] = ["messagepack", "blazorpack"];

function isBinaryProtocol(protocol: string): boolean {
  return BINARY_PROTOCOLS.includes(protocol);
}

function noBinary(protocol: string): string {
  return (
    `Cannot use the '${protocol}' protocol on the current transport. ` +
    "The transport does not support 'Binary' transfer format."
  );
}

function isRefusal(answer: Uint8Array): boolean {
  try {
    return parseHandshakeResponse(answer)?.message.error !== undefined;
  } catch {
    // Not ours to judge: the client gets it and will say so.
    return false;
  }
}
