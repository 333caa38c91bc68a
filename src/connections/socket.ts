import type { SignalRError } from "../base/errors.js";

/** What a websocket tells its owner. Nothing is called after `onClose`, and `onClose` is called exactly once. */
export interface SocketHandlers {
  onOpen(): void;
  /** The bytes of one websocket message; a view that is valid during the call. */
  onBytes(chunk: Buffer): void;
  /** The reason is undefined after a normal close (code 1000) and after our own `destroy`. */
  onClose(reason: SignalRError | undefined): void;
}

/** A binary websocket, reduced to what a server connection needs. */
export interface FrameSocket {
  /**
   * Sends one websocket message. `onSent` is called when the bytes were handed to the operating system, or when they
   * never will be; until then nobody may touch them.
   */
  send(bytes: Uint8Array, onSent: () => void): void;
  /** Starts the closing handshake, after what was sent before. `onClose` follows when the other side answered. */
  close(): void;
  /** Ends it now. `onClose` follows in a later turn, if it was not called yet. */
  destroy(): void;
}

/** Where to dial and what to say. */
export interface DialRequest {
  /** A ws or wss URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Larger websocket messages end the connection. */
  readonly maxMessageBytes: number;
}

/** Opens a websocket. Returns at once; failures arrive through `onClose`. */
export type Dial = (request: DialRequest, handlers: SocketHandlers) => FrameSocket;
