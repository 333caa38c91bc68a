import type { Framing } from "./payloads.js";

/** The transports of SignalR, by the names that negotiate answers use. */
export type TransportName = "WebSockets" | "ServerSentEvents" | "LongPolling";

/** What a transport tells the client that it carries. */
export interface TransportHandlers {
  /** The bytes are valid during the call only. */
  onMessage(bytes: Buffer): void;
  /** The peer is gone. May be told after {@link ClientTransport.close} too, when it is no news. */
  onClose(): void;
  /** The network connection was replaced by another one, without a loss. */
  onReplaced?(): void;
}

/** How the bytes of one client come and go, whatever the transport. */
export interface ClientTransport {
  readonly name: TransportName;
  /** Whether binary hub protocols cannot be used on it. */
  readonly isTextOnly: boolean;
  /** How payloads have to look for {@link write}. */
  readonly framing: Framing;
  /** Bytes handed over that the peer has not taken yet. */
  readonly bufferedBytes: number;
  /** To be called once, in the same turn in which the transport was made. */
  listen(handlers: TransportHandlers): void;
  /** Sends what {@link framing} made. The buffer must not change afterwards. Ignored when closing or closed. */
  write(framed: Buffer): void;
  /** Looks for a sign of life. False: there was none for too long. */
  heartbeat(): boolean;
  /** Cuts the network connection, as a bad network does. False: the client cannot come back, so it is to be ended. */
  interrupt(): boolean;
  /** Takes nothing more from the peer, who has to wait. */
  pause(): void;
  resume(): void;
  /** Delivers what was written, then ends politely. */
  close(): void;
  /** Ends now; what is queued is lost. */
  terminate(): void;
}
