/** The client interface of a hub that declares none: every method name, any arguments. */
export interface UntypedClient {
  [method: string]: (...args: unknown[]) => unknown;
}

/** Names of the methods of a client interface. */
export type ClientMethod<TClient> = {
  [K in keyof TClient]: TClient[K] extends (...args: never[]) => unknown ? K : never;
}[keyof TClient] &
  string;

/** Arguments that a client method takes. */
export type ClientMethodArguments<TClient, M extends keyof TClient> = TClient[M] extends (...args: infer A) => unknown
  ? A
  : never;

/** What a client method gives back when it is invoked for a result. */
export type ClientMethodResult<TClient, M extends keyof TClient> = TClient[M] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;
