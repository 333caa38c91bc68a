/** A client that was moved from one server to another, which it does not notice. */
export interface ConnectionMigration {
  /** Id of the server that the client came from; undefined for a client that connected here. */
  readonly from?: string;
  /** Id of the server that the client went to; undefined while it is here, and when it has really left. */
  readonly to?: string;
}

/**
 * Key of {@link ConnectionMigration} in `context.features`; not there for a client that was never moved.
 *
 * @example
 * override onDisconnected() {
 *   const move = this.context.features.get(connectionMigration);
 *   if (move?.to !== undefined) return; // still connected, to another server
 * }
 */
export const connectionMigration: unique symbol = Symbol("azure-signalr-server.connectionMigration");

/** Facts about a connection, by key. The keys of this package give values of their own types. */
export interface ConnectionFeatures extends Map<symbol, unknown> {
  get(key: typeof connectionMigration): ConnectionMigration | undefined;
  get(key: symbol): unknown;
}
