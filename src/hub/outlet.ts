import type { CompletionMessage } from "../protocol/hub/messages.js";

/** To whom a hub sends. */
export type Address =
  | { readonly to: "all"; readonly except: readonly string[] }
  | { readonly to: "connections"; readonly connectionIds: readonly string[] }
  | { readonly to: "group"; readonly group: string; readonly except: readonly string[] }
  | { readonly to: "groups"; readonly groups: readonly string[] }
  | { readonly to: "user"; readonly userId: string }
  | { readonly to: "users"; readonly userIds: readonly string[] };

/** What kind of hub message some bytes are; the way out may need to know. */
export type PayloadKind = "handshake" | "invocation" | "close" | "other";

/** One client's own way out, in order. Owned by the floor above, which knows where the client came in. */
export interface ClientWire {
  /** Hands over one whole hub message; does nothing when the way is gone. */
  send(payload: Uint8Array, kind: PayloadKind): void;
  /** Undefined: there is room. Else resolves when there is room again, or nobody left to write to. */
  ready(): Promise<void> | undefined;
  /** Ends the client's connection after all that was sent. */
  close(): void;
}

/**
 * Where the sends of a hub go: the seam between the hub runtime and whatever carries its messages. `origin` is the
 * client inside whose call a send is made, so that its own messages keep their order; undefined outside of hub calls.
 */
export interface HubOutlet {
  /** Undefined: taken, and there is room for more. A promise: wait for it before sending more. */
  send(
    address: Address,
    method: string,
    args: readonly unknown[],
    origin: ClientWire | undefined,
  ): Promise<void> | undefined;
  /** Resolves when the group has the connection, or the connection does not exist. */
  addToGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void>;
  removeFromGroup(connectionId: string, group: string, origin: ClientWire | undefined): Promise<void>;
  /** Calls a method on one client and waits for its result. */
  invoke(
    connectionId: string,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    origin: ClientWire | undefined,
  ): Promise<unknown>;
  /** A client of this process answered an invocation of {@link invoke}, made here or on another server. */
  invocationCompleted(connectionId: string, completion: CompletionMessage): void;
}
