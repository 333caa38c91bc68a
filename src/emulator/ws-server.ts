import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { systemClock } from "../base/clock.js";
import type { Flushable, TurnEnd } from "./turn-end.js";
import { encodeFrame } from "./websocket-frame.js";

/** What happens on an accepted websocket. */
export interface PeerHandlers {
  /** The bytes are valid during the call only. */
  onMessage(bytes: Buffer): void;
  onPong(): void;
  /** What had piled up in the socket is written. */
  onDrain(): void;
  /** Exactly once, last. `problem` tells what broke the websocket, if something did. */
  onClose(code: number, problem: Error | undefined): void;
}

// How long a peer may take to answer our close frame before its socket is cut.
const CLOSE_TIMEOUT_MS = 5000;
// Up to here copying a message behind its header costs less than handing the system two buffers.
const JOIN_BYTES = 16 * 1024;

/** Takes over upgraded HTTP requests as websockets. The only file of the emulator that knows the `ws` package. */
export class WebSocketAcceptor {
  readonly #server: WebSocketServer;
  readonly #turnEnd: TurnEnd;

  constructor(maxMessageBytes: number, turnEnd: TurnEnd) {
    this.#turnEnd = turnEnd;
    // Typed here, because the published types lag behind and do not know the close timeout.
    const options: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: true,
      maxPayload: maxMessageBytes,
      // Raw frames are written beside those of `ws`, which is only sound while it never queues to compress.
      perMessageDeflate: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#server = new WebSocketServer(options);
  }

  /** Answers a malformed upgrade request by itself; `open` is then never called. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, open: (peer: PeerSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      open(new PeerSocket(webSocket, socket, this.#turnEnd));
    });
  }

  /** Resolves when all its websockets are closed; those that are still open after the grace time are cut. */
  async drain(graceMs: number): Promise<void> {
    const open = [...this.#server.clients];
    // Real time, whatever clock the emulator runs on: stopping has to come to an end.
    const grace = systemClock.after(graceMs, () => {
      for (const webSocket of open) webSocket.terminate();
    });
    await Promise.all(open.map((webSocket) => new Promise((resolve) => webSocket.once("close", resolve))));
    grace.cancel();
  }
}

/** One accepted websocket. Frames of one turn of the event loop leave in one system call. */
export class PeerSocket implements Flushable {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #turnEnd: TurnEnd;
  /** Frames of this turn; most often there is but one. */
  #first: Buffer | undefined;
  #others: Buffer[] | undefined;
  #pendingBytes = 0;
  #problem: Error | undefined;

  constructor(webSocket: WebSocket, socket: Duplex, turnEnd: TurnEnd) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#turnEnd = turnEnd;
  }

  /** To be called once, in the same turn in which the socket was accepted. */
  listen(handlers: PeerHandlers): void {
    const webSocket = this.#webSocket;
    webSocket.on("message", (data) => {
      // The default binary type hands over one Buffer, also for text.
      handlers.onMessage(data as Buffer);
    });
    webSocket.on("pong", () => handlers.onPong());
    // `ws` emits "error" and then "close"; acting on "close" alone handles each end once.
    webSocket.on("error", (error) => {
      this.#problem = error;
    });
    webSocket.on("close", (code) => {
      this.#socket.removeListener("drain", handlers.onDrain);
      this.#forget();
      handlers.onClose(code, this.#problem);
    });
    this.#socket.on("drain", handlers.onDrain);
  }

  /** Bytes handed over that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN;
  }

  /** Writes a frame made by `encodeFrame`. The buffer must not change afterwards. Ignored when closing or closed. */
  writeFrame(frame: Buffer): void {
    if (!this.isOpen) return;
    this.#pendingBytes += frame.length;
    if (this.#first === undefined) {
      this.#first = frame;
      this.#turnEnd.add(this);
    } else if (this.#others === undefined) {
      this.#others = [frame];
    } else {
      this.#others.push(frame);
    }
  }

  /** Sends one binary message at once. The buffer must not change afterwards. Ignored when closing or closed. */
  sendBinary(bytes: Buffer): void {
    if (!this.isOpen) return;
    if (bytes.length <= JOIN_BYTES) this.#socket.write(encodeFrame(bytes, false));
    else this.#webSocket.send(bytes, { binary: true });
  }

  flush(): void {
    const first = this.#first;
    // Behind a close frame nothing may follow.
    if (first === undefined || !this.isOpen) return;
    const others = this.#others;
    this.#forget();
    const socket = this.#socket;
    if (others === undefined) {
      socket.write(first);
    } else {
      socket.cork();
      socket.write(first);
      for (const frame of others) socket.write(frame);
      socket.uncork();
    }
  }

  /** Asks for a sign of life. */
  ping(): void {
    if (this.isOpen) this.#webSocket.ping();
  }

  /** Stops reading, so that the peer has to wait. */
  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  /** Writes what is queued, then the close frame. */
  close(code: number, reason = ""): void {
    this.flush();
    this.#webSocket.close(code, reason);
    // A paused socket would never see the answer to the close frame.
    this.#webSocket.resume();
  }

  /** Cuts the socket; what is queued is lost. */
  terminate(): void {
    this.#forget();
    this.#webSocket.terminate();
  }

  #forget(): void {
    this.#first = undefined;
    this.#others = undefined;
    this.#pendingBytes = 0;
  }
}
