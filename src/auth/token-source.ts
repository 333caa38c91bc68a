import type { WireClaim } from "../protocol/service/messages.js";

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
}
