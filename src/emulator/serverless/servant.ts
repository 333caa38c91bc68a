/** Serves one client in place of a hub server. */
export interface Servant {
  /** The client's bytes after its handshake request, cut anyhow; they are valid during the call only. */
  take(bytes: Buffer): void;
  /** Called now and then, to say and look for signs of life. */
  heartbeat(): void;
  /** Once, last: the client is gone. `reason` is empty for one that left as it should. */
  ended(reason: string): void;
}
