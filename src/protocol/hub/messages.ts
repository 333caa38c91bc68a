/** The messages of the SignalR hub protocol, as both encodings carry them. */

export const HubMessageType = Object.freeze({
  Invocation: 1,
  StreamItem: 2,
  Completion: 3,
  StreamInvocation: 4,
  CancelInvocation: 5,
  Ping: 6,
  Close: 7,
  Ack: 8,
  Sequence: 9,
});

/** Free headers of a message, e.g. `traceparent`. Absent means none. */
export type HubMessageHeaders = Readonly<Record<string, string>>;

export interface InvocationMessage {
  readonly type: 1;
  readonly headers?: HubMessageHeaders | undefined;
  /** Absent: nothing is answered. The empty string is read as absent. */
  readonly invocationId?: string | undefined;
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly streamIds?: readonly string[] | undefined;
}

export interface StreamItemMessage {
  readonly type: 2;
  readonly headers?: HubMessageHeaders | undefined;
  readonly invocationId: string;
  readonly item: unknown;
}

export interface CompletionMessage {
  readonly type: 3;
  readonly headers?: HubMessageHeaders | undefined;
  readonly invocationId: string;
  /** Set: it failed. Never together with a result. */
  readonly error?: string | undefined;
  /** True when the message carries a result, also a null one; false for a finished stream or an error. */
  readonly hasResult: boolean;
  readonly result?: unknown;
}

export interface StreamInvocationMessage {
  readonly type: 4;
  readonly headers?: HubMessageHeaders | undefined;
  readonly invocationId: string;
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly streamIds?: readonly string[] | undefined;
}

export interface CancelInvocationMessage {
  readonly type: 5;
  readonly headers?: HubMessageHeaders | undefined;
  readonly invocationId: string;
}

export interface PingMessage {
  readonly type: 6;
}

export interface CloseMessage {
  readonly type: 7;
  readonly error?: string | undefined;
  readonly allowReconnect?: boolean | undefined;
}

export interface AckMessage {
  readonly type: 8;
  readonly sequenceId: number;
}

export interface SequenceMessage {
  readonly type: 9;
  readonly sequenceId: number;
}

export type HubMessage =
  | InvocationMessage
  | StreamItemMessage
  | CompletionMessage
  | StreamInvocationMessage
  | CancelInvocationMessage
  | PingMessage
  | CloseMessage
  | AckMessage
  | SequenceMessage;

export interface HandshakeRequestMessage {
  readonly protocol: string;
  readonly version: number;
}
