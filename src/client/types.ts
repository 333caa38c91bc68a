import type { ClientMethod, ClientMethodArguments, ClientMethodResult } from "../hub/client-types.js";
import type { HubCallerClients } from "../hub/clients.js";
import type { AnyHub } from "../hub/hub.js";
import type { HubMethodName } from "../hub/method-options.js";

/** What `typed` needs of a connection; the `HubConnection` of `@microsoft/signalr` is one. */
export interface ConnectionLike {
  /** `Connected` when calls can be made. */
  readonly state: string;
  /** The connection's id at the service; null while there is none. */
  readonly connectionId: string | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  onclose(callback: (error?: Error) => void): void;
  onreconnecting(callback: (error?: Error) => void): void;
  onreconnected(callback: (connectionId?: string) => void): void;
  on(method: string, handler: (...args: never[]) => unknown): void;
  off(method: string, handler?: (...args: never[]) => void): void;
  invoke(method: string, ...args: unknown[]): Promise<unknown>;
  send(method: string, ...args: unknown[]): Promise<void>;
  stream(method: string, ...args: unknown[]): StreamLike;
}

/** A stream of the official client, before anybody reads it. */
export interface StreamLike {
  subscribe(subscriber: Subscriber): { dispose(): void };
}

/** Who reads a stream of the official client. */
export interface Subscriber {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

type AnyStream<T> = AsyncIterable<T> | ReadableStream<T>;
type Method<THub, M extends keyof THub> = THub[M] extends (...args: infer A) => infer R
  ? { args: A; result: R }
  : never;

/** The interface of the clients that a hub declares. */
export type ClientOf<THub> = THub extends { readonly clients: HubCallerClients<infer T extends object> } ? T : never;

/** Names that a client may call: those that begin with `_` are never callable. */
type CallableMethod<THub> = Exclude<HubMethodName<THub>, `_${string}`>;

/** Whether a result is a stream for sure; `any` and `never` fit every question, and are none. */
type IsStream<R> = 0 extends 1 & R
  ? false
  : [R] extends [never]
    ? false
    : [R] extends [AnyStream<unknown>]
      ? true
      : false;

/** Names of the hub methods that give a stream. */
export type StreamMethod<THub> = {
  [M in CallableMethod<THub>]: IsStream<HubResult<THub, M>> extends true ? M : never;
}[CallableMethod<THub>];

/** Names of the hub methods that give one result. */
export type PlainMethod<THub> = Exclude<CallableMethod<THub>, StreamMethod<THub>>;

/** Arguments of a hub method as a client gives them: an upload may be an AsyncIterable or a ReadableStream. */
export type HubArguments<THub, M extends keyof THub> = Uploadable<Method<THub, M>["args"]>;

type Uploadable<A> = {
  [K in keyof A]: Exclude<A[K], undefined> extends AsyncIterable<infer T>
    ? AnyStream<T> | Extract<A[K], undefined>
    : A[K];
};

/** What a hub method gives, without its promise. */
export type HubResult<THub, M extends keyof THub> = Awaited<Method<THub, M>["result"]>;

/** An item of a stream method. */
export type StreamItem<THub, M extends keyof THub> = HubResult<THub, M> extends AnyStream<infer T> ? T : never;

/** A connection that knows its hub. Values are those of the hub protocol: over JSON, for instance, a Date arrives as text. */
export interface TypedConnection<THub extends AnyHub> {
  /** The connection itself, for `start`, `stop` and all that needs no types. */
  readonly connection: ConnectionLike;
  /** Runs the handler each time the server calls the method. */
  on<M extends ClientMethod<ClientOf<THub>>>(
    method: M,
    handler: (...args: ClientMethodArguments<ClientOf<THub>, M>) => void,
  ): void;
  /** Takes one handler of the method away, or all. */
  off<M extends ClientMethod<ClientOf<THub>>>(
    method: M,
    handler?: (...args: ClientMethodArguments<ClientOf<THub>, M>) => void,
  ): void;
  /**
   * Answers the server's `invoke` of the method with what the handler returns.
   * @throws Error for a second handler of the same method: the server can use only one answer
   */
  handle<M extends ClientMethod<ClientOf<THub>>>(
    method: M,
    handler: (
      ...args: ClientMethodArguments<ClientOf<THub>, M>
    ) => ClientMethodResult<ClientOf<THub>, M> | Promise<ClientMethodResult<ClientOf<THub>, M>>,
  ): void;
  /**
   * Calls a hub method and waits for its result. Uploads are read until the call ends.
   * @throws Error with the server's text when the call failed; and before anything is sent, when there is no connection for
   * uploads, or when there are more uploads than plain arguments and one (the official client would lose some)
   */
  invoke<M extends PlainMethod<THub>>(method: M, ...args: HubArguments<THub, M>): Promise<HubResult<THub, M>>;
  /** Calls a hub method and waits only until the call is sent. Uploads go on, and end with the connection. */
  send<M extends PlainMethod<THub>>(method: M, ...args: HubArguments<THub, M>): Promise<void>;
  /**
   * Calls a stream method; the call starts when the stream is read. `break` cancels it at the server. Items that come
   * faster than they are read wait in memory: the protocol has no way to slow a server down for one stream.
   */
  stream<M extends StreamMethod<THub>>(method: M, ...args: HubArguments<THub, M>): AsyncIterable<StreamItem<THub, M>>;
}
