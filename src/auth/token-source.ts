import type { AccessKeyResponse, WireClaim } from "../protocol/service/messages.js";

/** Signs the tokens of one endpoint. A new token for every call; the key never leaves the implementation. */
export interface TokenSource {
  /** For the websocket of a server connection; `hub` is the name at the service. */
  serverToken(hub: string): Promise<string>;
  /**
   * For a client that is sent to the service; `claims` in order, system claims included.
   * @throws SignalRError TOKEN_TOO_LONG beyond 4,096 characters
   */
  clientToken(hub: string, claims: readonly WireClaim[]): Promise<string>;
  /** For one REST call to `url`. */
  restToken(url: string): Promise<string>;
  /** There when client tokens are signed with a key that the service lends; it is renewed over server connections. */
  readonly keyExchange?: KeyExchange | undefined;
}

/** How the key of client tokens is renewed over a server connection. */
export interface KeyExchange {
  /**
   * What to ask the service with.
   * @throws SignalRError (as rejection) CREDENTIAL_UNAVAILABLE, STOPPED
   */
  request(): Promise<KeyRequest>;
  /**
   * Takes the key of the answer.
   * @throws SignalRError TOKEN_NOT_AUTHORIZED when the answer is a refusal, or holds no key
   */
  take(response: AccessKeyResponse): void;
}

export interface KeyRequest {
  /** Of the identity; a secret. */
  readonly token: string;
  /** Of the key that is held now. */
  readonly keyId: string | null;
}
