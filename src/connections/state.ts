import type { Timer } from "../base/clock.js";
import type { SignalRError } from "../base/errors.js";
import type { KeepAlive } from "./keep-alive.js";
import type { FrameSocket } from "./socket.js";
import type { WriteBatch } from "./write-batch.js";

/** Where a server connection is in its one life. Each state owns what only exists in it. */
export type ConnectionState =
  /** Made, not started. */
  | { readonly at: "idle" }
  /** A token is fetched, then the websocket is opened; the socket is undefined while the token is on its way. */
  | { readonly at: "dialing"; readonly socket: FrameSocket | undefined; readonly timer: Timer }
  /** The handshake request was sent. */
  | { readonly at: "handshaking"; readonly socket: FrameSocket; readonly timer: Timer }
  /** Carries messages both ways. */
  | { readonly at: "open"; readonly socket: FrameSocket; readonly batch: WriteBatch; readonly keepAlive: KeepAlive }
  /** Still read, no longer written to: we are stopping, or the service reported an error and will close. */
  | {
      readonly at: "draining";
      readonly socket: FrameSocket;
      /** Why nothing can be written any more. */
      readonly cause: SignalRError;
      /** Watches the silence while the service has the next move. */
      readonly keepAlive: KeepAlive | undefined;
      /** Ends the wait for the other side's close. */
      readonly timer: Timer;
      /** It is we who end it. */
      readonly isStopping: boolean;
    }
  /** The end; the reason is undefined when it was wanted or normal. */
  | { readonly at: "closed"; readonly reason: SignalRError | undefined };

export type ConnectionStateName = ConnectionState["at"];

/** The allowed moves. `draining` may be entered again: a stop follows an error that the service reported. */
export const NEXT: { readonly [From in ConnectionStateName]: readonly ConnectionStateName[] } = Object.freeze({
  idle: ["dialing", "closed"],
  dialing: ["dialing", "handshaking", "closed"],
  handshaking: ["open", "closed"],
  open: ["draining", "closed"],
  draining: ["draining", "closed"],
  closed: [],
} as const);

/** The moves between two different states, for the picture in the documentation. */
export const CONNECTION_EDGES: ReadonlyArray<readonly [from: ConnectionStateName, to: ConnectionStateName]> =
  Object.freeze(
    (Object.keys(NEXT) as ConnectionStateName[]).flatMap((from) =>
      NEXT[from].filter((to) => to !== from).map((to) => [from, to] as const),
    ),
  );
