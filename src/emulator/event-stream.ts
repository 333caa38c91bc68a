import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Timer } from "../base/clock.js";
import type { ClientTransport, TransportHandlers } from "./client-transport.js";
import { PostInbox } from "./post-inbox.js";
import type { Flushable, TurnEnd } from "./turn-end.js";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DATA = Buffer.from("data: ");
const LINE_END = Buffer.from("\r\n");
// Shows the client that the stream is open before there is anything to say.
const GREETING = ":\r\n\r\n";
const HEADERS = Object.freeze({
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache,no-store",
  Pragma: "no-cache",
  // Proxies that compress would hold events back.
  "Content-Encoding": "identity",
});
// How long a peer may take to read what was written before the close.
const CLOSE_TIMEOUT_MS = 5000;

/** One event: every line of the payload in a `data` field of its own. */
export function encodeEvent(payload: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  let start = 0;
  while (start <= payload.length) {
    const feed = payload.indexOf(LINE_FEED, start);
    const next = feed === -1 ? payload.length + 1 : feed + 1;
    const end = feed === -1 ? payload.length : feed;
    const isCrLf = feed > start && payload[feed - 1] === CARRIAGE_RETURN;
    parts.push(DATA, payload.subarray(start, isCrLf ? end - 1 : end), LINE_END);
    start = next;
  }
  parts.push(LINE_END);
  return Buffer.concat(parts);
}

export interface EventStreamInput {
  readonly response: ServerResponse;
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  /** Of one POST. */
  readonly maxPostBytes: number;
  /** Called once, when the stream is over, whoever ended it. */
  readonly onEnded: () => void;
}

/** A client on Server-Sent Events: one answer that never ends, and a POST for what the client says. */
export class EventStream implements ClientTransport, Flushable {
  readonly name = "ServerSentEvents";
  readonly isTextOnly = true;
  readonly framing = encodeEvent;
  readonly #input: EventStreamInput;
  readonly #inbox: PostInbox;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #closing: Timer | undefined;
  #isOpen = true;

  constructor(input: EventStreamInput) {
    this.#input = input;
    this.#inbox = new PostInbox(input.maxPostBytes);
  }

  get bufferedBytes(): number {
    return this.#pendingBytes + this.#input.response.writableLength;
  }

  listen(handlers: TransportHandlers): void {
    const { response, onEnded } = this.#input;
    this.#inbox.listen(handlers.onMessage);
    response.on("error", () => {});
    response.on("close", () => {
      this.#stop();
      this.#closing?.cancel();
      onEnded();
      handlers.onClose();
    });
    response.writeHead(200, HEADERS);
    response.write(GREETING);
  }

  post(request: IncomingMessage, response: ServerResponse): void {
    this.#inbox.take(request, response);
  }

  write(framed: Buffer): void {
    if (!this.#isOpen) return;
    if (this.#pending.push(framed) === 1) this.#input.turnEnd.add(this);
    this.#pendingBytes += framed.length;
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const [first, ...others] = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (first !== undefined)
      this.#input.response.write(others.length === 0 ? first : Buffer.concat([first, ...others]));
  }

  /** The socket tells when the peer is gone; it sends nothing that could be waited for. */
  heartbeat(): boolean {
    return true;
  }

  interrupt(): boolean {
    return false;
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.flush();
    this.#stop();
    const { response, clock } = this.#input;
    this.#closing = clock.after(CLOSE_TIMEOUT_MS, () => response.destroy());
    response.end();
  }

  terminate(): void {
    this.#pending = [];
    this.#stop();
    this.#input.response.destroy();
  }

  #stop(): void {
    this.#isOpen = false;
    this.#inbox.close();
  }
}
