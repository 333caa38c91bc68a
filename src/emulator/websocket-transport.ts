import type { ClientTransport, TransportHandlers } from "./client-transport.js";
import { encodeFrame } from "./websocket-frame.js";
import type { PeerSocket } from "./ws-server.js";

const NORMAL_CLOSURE = 1000;

/** A client on a websocket. */
export class WebSocketTransport implements ClientTransport {
  readonly name = "WebSockets";
  readonly isTextOnly = false;
  readonly framing = encodeFrame;
  /** Another websocket never takes its place. */
  readonly mayReplace = false;
  readonly #peer: PeerSocket;
  readonly #onEnded: () => void;
  #isAlive = true;
  #isPaused = false;

  /** `onEnded` is called once, when the websocket is closed, whoever closed it. */
  constructor(peer: PeerSocket, onEnded: () => void) {
    this.#peer = peer;
    this.#onEnded = onEnded;
  }

  get bufferedBytes(): number {
    return this.#peer.bufferedBytes;
  }

  listen(handlers: TransportHandlers): void {
    this.#peer.listen({
      onMessage: (bytes) => {
        this.#isAlive = true;
        handlers.onMessage(bytes);
      },
      onPong: () => {
        this.#isAlive = true;
      },
      onDrain: () => {},
      onClose: () => {
        this.#onEnded();
        handlers.onClose();
      },
    });
  }

  /** See {@link mayReplace}. */
  replace(peer: PeerSocket): void {
    peer.terminate();
  }

  write(framed: Buffer): void {
    this.#peer.writeFrame(framed);
  }

  heartbeat(): boolean {
    // What a paused peer answers is not read.
    if (this.#isPaused) return true;
    if (!this.#isAlive) return false;
    this.#isAlive = false;
    this.#peer.ping();
    return true;
  }

  interrupt(): boolean {
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#peer.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#isAlive = true;
    this.#peer.resume();
  }

  close(): void {
    this.#peer.close(NORMAL_CLOSURE);
  }

  terminate(): void {
    this.#peer.terminate();
  }
}
