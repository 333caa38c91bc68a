import type { Clock, Timer } from "../../base/clock.js";
import { parseHandshakeRequest } from "../../protocol/hub/handshake.js";
import { type HubMessage, HubMessageType } from "../../protocol/hub/messages.js";
import { RecordBuffer, type RecordRange } from "../../protocol/hub/record-buffer.js";
import { textRecordEnd } from "../../protocol/hub/text-records.js";
import type { ClientTransport, TransportHandlers } from "../client-transport.js";
import { closeMessage } from "../farewell.js";
import { encodeFrame, framePayload } from "../websocket-frame.js";
import type { PeerSocket } from "../ws-server.js";
import { type HubRecords, hubRecordsOf, isCounted } from "./hub-records.js";
import { ReceivedMessages } from "./received-messages.js";
import { SentMessages } from "./sent-messages.js";

export interface StatefulTransportInput {
  readonly peer: PeerSocket;
  readonly clock: Clock;
  /** Largest hub message of a client, over all frames that it comes in. */
  readonly maxMessageBytes: number;
  /** Milliseconds that a client may be away. */
  readonly absenceLimitMs: number;
  /** Called once, when the client cannot come back any more. */
  readonly onEnded: () => void;
}

const NORMAL_CLOSURE = 1000;
// The version of hub protocols that knows of acknowledgements.
const STATEFUL_VERSION = 2;
const ACK_DELAY_MS = 1000;
const LONGEST_HELLO_BYTES = 32 * 1024;
const GAP = "Sequence ID greater than amount of messages we've received.";

/** What both sides have counted; from the answered handshake on. */
interface Counting {
  readonly format: HubRecords;
  readonly sent: SentMessages;
  readonly received: ReceivedMessages;
}

/**
 * A client on websockets that may break and be replaced by others: what was on its way is sent again, by both sides, and
 * nobody behind it notices. A client that says in its handshake that it cannot do that is like one on a plain websocket.
 */
export class StatefulTransport implements ClientTransport {
  readonly name = "WebSockets";
  readonly isTextOnly = false;
  readonly framing = encodeFrame;
  readonly #input: StatefulTransportInput;
  readonly #incoming = new RecordBuffer();
  #handlers: TransportHandlers | undefined;
  /** Undefined while the client is away. */
  #peer: PeerSocket | undefined;
  #hello: Buffer | undefined = Buffer.alloc(0);
  /** Undefined before the handshake, and for clients that cannot count. */
  #counting: Counting | undefined;
  #isAnswered = false;
  #isAlive = true;
  #isPaused = false;
  /** Nothing can bring it back: one of both sides has said good-bye. */
  #isFinal = false;
  #isEnded = false;
  #absence: Timer | undefined;
  #ack: Timer | undefined;

  constructor(input: StatefulTransportInput) {
    this.#input = input;
  }

  get bufferedBytes(): number {
    return Math.max(this.#peer?.bufferedBytes ?? 0, this.#counting?.sent.bytes ?? 0);
  }

  /** Whether another websocket may take the place of this one. */
  get mayReplace(): boolean {
    return this.#counting !== undefined && this.#isAnswered && !this.#isFinal;
  }

  listen(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    this.#attach(this.#input.peer);
  }

  /** The client is back on another websocket. To be called in the turn in which that was accepted. */
  replace(peer: PeerSocket): void {
    const counting = this.#counting;
    if (counting === undefined || this.#isFinal) {
      peer.terminate();
      return;
    }
    const old = this.#peer;
    this.#peer = undefined;
    // The client may know of the end before we do.
    old?.terminate();
    this.#absence?.cancel();
    this.#incoming.clear();
    counting.received.interrupted();
    this.#attach(peer);
    this.#say({ type: HubMessageType.Sequence, sequenceId: counting.sent.nextId });
    for (const frame of counting.sent.frames()) peer.writeFrame(frame);
    this.#handlers?.onReplaced?.();
  }

  write(framed: Buffer): void {
    if (this.#isEnded) return;
    if (this.#counting !== undefined) {
      const payload = framePayload(framed);
      // The answer to the handshake is no hub message, but some may follow it at once.
      const start = this.#isAnswered ? 0 : Math.max(0, textRecordEnd(payload, 0));
      const rest = payload.subarray(start);
      const frame = start === 0 ? framed : encodeFrame(rest, this.#counting.format.isText);
      if (rest.length > 0) this.#counting.sent.add(frame, rest);
    }
    this.#isAnswered = true;
    this.#peer?.writeFrame(framed);
  }

  heartbeat(): boolean {
    if (this.#peer === undefined || this.#isPaused) return true;
    if (!this.#isAlive) return this.interrupt();
    this.#isAlive = false;
    this.#peer.ping();
    return true;
  }

  interrupt(): boolean {
    if (!this.mayReplace) return false;
    this.#peer?.terminate();
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#peer?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#isAlive = true;
    this.#peer?.resume();
  }

  close(): void {
    this.#isFinal = true;
    if (this.#peer === undefined) this.#end();
    else this.#peer.close(NORMAL_CLOSURE);
  }

  terminate(): void {
    this.#isFinal = true;
    if (this.#peer === undefined) this.#end();
    else this.#peer.terminate();
  }

  #attach(peer: PeerSocket): void {
    this.#peer = peer;
    this.#isAlive = true;
    if (this.#isPaused) peer.pause();
    peer.listen({
      onMessage: (bytes) => {
        if (this.#peer !== peer) return;
        this.#isAlive = true;
        this.#take(bytes);
      },
      onPong: () => {
        this.#isAlive = true;
      },
      onDrain: () => {},
      onClose: (code) => {
        if (this.#peer === peer) this.#lost(code);
      },
    });
  }

  #lost(code: number): void {
    this.#peer = undefined;
    if (!this.mayReplace || code === NORMAL_CLOSURE) {
      this.#gone();
      return;
    }
    this.#absence = this.#input.clock.after(this.#input.absenceLimitMs, () => this.#gone());
  }

  #gone(): void {
    this.#end();
    this.#handlers?.onClose();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isFinal = true;
    this.#absence?.cancel();
    this.#ack?.cancel();
    this.#counting?.sent.clear();
    this.#incoming.clear();
    this.#input.onEnded();
  }

  #take(bytes: Buffer): void {
    if (this.#hello !== undefined) this.#greet(Buffer.concat([this.#hello, bytes]));
    else if (this.#counting === undefined) this.#handlers?.onMessage(bytes);
    else this.#read(bytes, this.#counting);
  }

  /** The handshake request tells whether the client can count; it passes whatever it says. */
  #greet(hello: Buffer): void {
    let consumed = hello.length;
    try {
      const request = parseHandshakeRequest(hello);
      if (request === undefined && hello.length <= LONGEST_HELLO_BYTES) {
        this.#hello = hello;
        return;
      }
      const format = hubRecordsOf(request?.message.protocol.toLowerCase() ?? "");
      if (request !== undefined && request.message.version >= STATEFUL_VERSION && format !== undefined) {
        consumed = request.consumed;
        this.#counting = { format, sent: new SentMessages(format), received: new ReceivedMessages() };
      }
    } catch {
      // Whoever reads it next will answer it.
    }
    this.#hello = undefined;
    this.#handlers?.onMessage(hello.subarray(0, consumed));
    if (consumed < hello.length && !this.#isEnded) this.#take(hello.subarray(consumed));
  }

  #read(bytes: Buffer, counting: Counting): void {
    const { format, received } = counting;
    this.#incoming.push(bytes);
    for (;;) {
      const record = this.#nextRecord(format);
      if (record === undefined || this.#isFinal) break;
      const type = format.typeOf(record);
      if (type === HubMessageType.Ack || type === HubMessageType.Sequence) {
        this.#count(record, counting);
      } else if (!received.isWaiting) {
        if (type === HubMessageType.Close) this.#isFinal = true;
        if (!isCounted(type) || this.#isNew(received)) this.#handlers?.onMessage(bytesOf(record));
      }
    }
    this.#incoming.hold();
  }

  #nextRecord({ protocol }: HubRecords): RecordRange | undefined {
    try {
      return this.#incoming.next(protocol, this.#input.maxMessageBytes);
    } catch {
      this.#passOnAsItIs(this.#incoming.peek());
      return undefined;
    }
  }

  /** Not for us to judge: the hub says what is wrong with it, and there is no coming back after that. */
  #passOnAsItIs(bytes: Uint8Array): void {
    const rest = Buffer.from(bytes);
    this.#incoming.clear();
    this.#counting = undefined;
    this.#handlers?.onMessage(rest);
  }

  #isNew(received: ReceivedMessages): boolean {
    const isNew = received.accept();
    // Also for what is known already: the client sends it again because it has not heard so.
    this.#ack ??= this.#input.clock.after(ACK_DELAY_MS, () => {
      this.#ack = undefined;
      this.#say({ type: HubMessageType.Ack, sequenceId: received.latestId });
    });
    return isNew;
  }

  #count(record: RecordRange, { sent, received, format }: Counting): void {
    let message: HubMessage | undefined;
    try {
      message = format.protocol.read(record.bytes, record.start, record.end);
    } catch {
      this.#passOnAsItIs(bytesOf(record));
    }
    if (message?.type === HubMessageType.Ack) {
      sent.acknowledge(message.sequenceId);
    } else if (message?.type === HubMessageType.Sequence && !received.beginAt(message.sequenceId)) {
      this.#peer?.writeFrame(encodeFrame(closeMessage(format.protocol.name, GAP, false), format.isText));
      this.close();
    }
  }

  #say(message: HubMessage): void {
    const format = this.#counting?.format;
    if (format !== undefined) this.#peer?.writeFrame(encodeFrame(format.protocol.write(message), format.isText));
  }
}

function bytesOf({ bytes, start, end }: RecordRange): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}
