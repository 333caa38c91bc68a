import type { Clock, Timer } from "../base/clock.js";
import { toError } from "../base/errors.js";
import { FrameReader } from "../protocol/frames.js";
import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import { appendMessage, decodeMessage } from "../protocol/service/codec.js";
import {
  ConnectionType,
  type HandshakeRequest,
  MigrationLevel,
  type ServiceMessage,
} from "../protocol/service/messages.js";
import { keepAlivePing } from "../protocol/service/pings.js";
import { DelayLine } from "./delay-line.js";
import type { Faults } from "./faults.js";
import type { Instance } from "./instances.js";
import type { MessageTaps } from "./message-tap.js";
import type { MessageTracing } from "./message-tracing.js";
import type { Routable } from "./router.js";
import type { Flushable, TurnEnd } from "./turn-end.js";
import type { PeerSocket } from "./ws-server.js";

/** What a server connection tells its owner. */
export interface LinkEvents {
  /** The handshake is done. */
  onReady(link: ServerLink): void;
  /** Bytes in the message are valid during the call only. */
  onMessage(link: ServerLink, message: ServiceMessage): void;
  /** A message that could not be read was passed over. */
  onBadMessage(link: ServerLink, error: Error): void;
  /** Once, last; also when the handshake never came. */
  onClosed(link: ServerLink, reason: string): void;
}

/** Somebody who feeds the link and was asked to wait. */
export interface Feeder {
  resume(): void;
}

export interface ServerLinkInput {
  readonly socket: PeerSocket;
  /** The connection's id, chosen by the server. */
  readonly id: string;
  readonly serverId: string;
  /** Hub name at the service. */
  readonly hub: string;
  /** Where it ends at the service. */
  readonly instance: Instance;
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** Clients are paused long before; only a server that asks without ever reading the answers gets here. */
  readonly sendBufferBytes: number;
  readonly faults: Faults;
  readonly taps: MessageTaps;
  readonly tracing: MessageTracing;
  readonly events: LinkEvents;
}

const PROTOCOL_VERSION = 1;
const SILENCE_LIMIT_MS = 30_000;
const FLUSH_AT_BYTES = 256 * 1024;
const CONGESTED_BYTES = 4 * 1024 * 1024;

type State =
  | { readonly at: "handshaking"; readonly timer: Timer }
  | { readonly at: "open"; readonly handshake: HandshakeRequest }
  | { readonly at: "closed" };

/** One server connection, the service's end of it. */
export class ServerLink implements Flushable, Routable {
  readonly id: string;
  readonly serverId: string;
  readonly hub: string;
  readonly instance: Instance;
  /** Clients attached to it; kept by the clients. */
  clientCount = 0;
  /** Set by its handshake: it only sends, and never takes clients. */
  isWeak = false;
  /** Set by `fin`: no new clients. */
  isDraining = false;
  /** Set by a `fin` that asks for its clients to be moved to other servers. */
  isEmigrating = false;
  readonly #socket: PeerSocket;
  readonly #turnEnd: TurnEnd;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #taps: MessageTaps;
  readonly #tracing: MessageTracing;
  readonly #events: LinkEvents;
  readonly #incoming: DelayLine;
  readonly #outgoing: DelayLine;
  readonly #reader: FrameReader;
  readonly #writer = new MsgpackWriter();
  readonly #waiting = new Set<Feeder>();
  readonly #sendBufferBytes: number;
  #state: State;
  #isScheduled = false;
  /** Too much of what it sent is on its way. */
  #isPaused = false;
  #heardAt: number;
  #reason = "The server closed the connection.";

  constructor(input: ServerLinkInput) {
    this.id = input.id;
    this.serverId = input.serverId;
    this.hub = input.hub;
    this.instance = input.instance;
    this.#socket = input.socket;
    this.#turnEnd = input.turnEnd;
    this.#clock = input.clock;
    this.#faults = input.faults;
    this.#taps = input.taps;
    this.#tracing = input.tracing;
    this.#events = input.events;
    this.#sendBufferBytes = input.sendBufferBytes;
    this.#incoming = new DelayLine(input.clock, (bytes) => this.#arrive(bytes));
    this.#outgoing = new DelayLine(input.clock, (bytes) => this.#socket.sendBinary(bytes));
    this.#reader = new FrameReader({ maxFrameBytes: input.maxMessageBytes });
    this.#heardAt = input.clock.now();
    const timer = input.clock.after(input.handshakeTimeoutMs, () => this.#reject("No handshake came in time."));
    this.#state = { at: "handshaking", timer };
    input.socket.listen({
      onMessage: (bytes) => this.#take(bytes),
      onPong: () => {},
      onDrain: () => this.#resumeFeeders(),
      onClose: (_code, problem) => this.#closed(problem),
    });
  }

  get isOpen(): boolean {
    return this.#state.at === "open" && this.#socket.isOpen;
  }

  get takesClients(): boolean {
    if (this.#state.at !== "open" || this.isDraining || !this.#socket.isOpen) return false;
    return !this.isWeak;
  }

  /** Whether its handshake said that its clients may break and come back. */
  get allowsStatefulReconnects(): boolean {
    return this.#state.at === "open" && this.#state.handshake.allowStatefulReconnects;
  }

  /** Whether its handshake said that its clients may be moved when it shuts down. */
  get announcedMoves(): boolean {
    return this.#state.at === "open" && this.#state.handshake.migrationLevel !== MigrationLevel.Off;
  }

  /** Sends at the end of this turn, together with all else of this turn. Dropped when the link is closed. */
  send(unmarked: ServiceMessage): void {
    if (this.#state.at !== "open") return;
    if (unmarked.kind === "ack" && this.#faults.losesAck()) return;
    const message = this.#tracing.isOn ? this.#tracing.mark(unmarked) : unmarked;
    if (this.#taps.isWatched) this.#taps.offer("toServer", this, message);
    appendMessage(this.#writer, message);
    this.#schedule();
  }

  /** A client's bytes, as they came. Copied at once. */
  forward(connectionId: string, payload: Buffer): void {
    this.send({ kind: "connectionData", connectionId, payload });
  }

  /** True while the server reads more slowly than its clients write. */
  get isCongested(): boolean {
    return this.#bufferedBytes > CONGESTED_BYTES;
  }

  /** `feeder` waits; it is resumed once when the link has drained. */
  wait(feeder: Feeder): void {
    this.#waiting.add(feeder);
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#writer.length > 0) this.#leave(this.#writer.take());
    if (this.#bufferedBytes > this.#sendBufferBytes) this.abort("The server does not read what it asked for.");
  }

  /** Says that the service is alive, and gives up a server that was silent for too long. */
  heartbeat(): void {
    if (this.#clock.now() - this.#heardAt > SILENCE_LIMIT_MS) {
      this.abort("The server was silent for more than 30 seconds.");
    } else {
      this.send(keepAlivePing());
    }
  }

  /** Writes what is waiting, then closes the websocket. */
  close(code: number, reason: string): void {
    this.#reason = reason;
    this.flush();
    this.#outgoing.flush();
    this.#socket.close(code, reason);
  }

  /** Cuts the websocket. */
  abort(reason: string): void {
    this.#reason = reason;
    this.#socket.terminate();
  }

  #schedule(): void {
    if (this.#isScheduled) {
      if (this.#writer.length > FLUSH_AT_BYTES) this.#leave(this.#writer.take());
      return;
    }
    this.#isScheduled = true;
    this.#turnEnd.add(this);
  }

  get #bufferedBytes(): number {
    return this.#socket.bufferedBytes + this.#outgoing.bytes;
  }

  #leave(bytes: Buffer): void {
    const { latencyMs } = this.#faults;
    if (latencyMs === 0 && this.#outgoing.isEmpty) this.#socket.sendBinary(bytes);
    else this.#outgoing.push(bytes, latencyMs);
  }

  #take(bytes: Buffer): void {
    const { latencyMs } = this.#faults;
    if (latencyMs === 0 && this.#incoming.isEmpty) {
      this.#arrive(bytes);
      return;
    }
    this.#incoming.push(Buffer.from(bytes), latencyMs);
    if (this.#incoming.bytes < CONGESTED_BYTES || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #arrive(bytes: Buffer): void {
    if (this.#isPaused && this.#incoming.isEmpty) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    this.#heardAt = this.#clock.now();
    try {
      this.#reader.push(bytes, this.#onFrame);
    } catch (error) {
      // Without a good length nothing behind it can be found again.
      this.close(1002, toError(error).message.slice(0, 100));
    }
  }

  // An error must not leave it: the reader would take the whole stream for broken.
  readonly #onFrame = (frame: Buffer): void => {
    if (!this.#socket.isOpen) return;
    let message: ServiceMessage | undefined;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (this.#state.at === "handshaking") this.#reject("The handshake could not be read.");
      else this.#events.onBadMessage(this, toError(error));
      return;
    }
    if (message === undefined) return;
    if (this.#taps.isWatched) this.#taps.offer("fromServer", this, message);
    if (this.#state.at === "handshaking") this.#handshake(message);
    else if (this.#state.at === "open") this.#events.onMessage(this, message);
  };

  #handshake(message: ServiceMessage): void {
    if (message.kind !== "handshakeRequest") {
      this.#reject("The first message has to be the handshake.");
    } else if (message.version !== PROTOCOL_VERSION) {
      this.#reject(`Version ${message.version} of the protocol is not supported, version ${PROTOCOL_VERSION} is.`);
    } else {
      if (this.#state.at === "handshaking") this.#state.timer.cancel();
      this.#state = { at: "open", handshake: message };
      this.isWeak = message.connectionType === ConnectionType.Weak;
      this.send({ kind: "handshakeResponse", errorMessage: "", connectionId: this.id });
      this.#events.onReady(this);
    }
  }

  #reject(errorMessage: string): void {
    appendMessage(this.#writer, { kind: "handshakeResponse", errorMessage, connectionId: null });
    this.close(1000, errorMessage);
  }

  #resumeFeeders(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const feeder of waiting) feeder.resume();
  }

  #closed(problem: Error | undefined): void {
    if (this.#state.at === "handshaking") this.#state.timer.cancel();
    this.#state = { at: "closed" };
    this.#incoming.clear();
    this.#outgoing.clear();
    this.#resumeFeeders();
    this.#events.onClosed(this, problem?.message ?? this.#reason);
  }
}
