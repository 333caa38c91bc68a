/**
 * The life of one client session. `connecting` runs onConnected; `closing` runs onDisconnected. Each is entered at most
 * once; a session whose handshake or onConnected fails goes straight to `closed`.
 */
export type ClientSessionState = "handshaking" | "connecting" | "open" | "closing" | "closed";

export const CLIENT_SESSION_MOVES: { readonly [From in ClientSessionState]: readonly ClientSessionState[] } =
  Object.freeze({
    handshaking: ["connecting", "closed"],
    connecting: ["open", "closing", "closed"],
    open: ["closing"],
    closing: ["closed"],
    closed: [],
  });

/** The state after the move; a move that is not in the table is a bug. */
export function moveSession(from: ClientSessionState, to: ClientSessionState): ClientSessionState {
  if (!CLIENT_SESSION_MOVES[from].includes(to)) throw new Error(`bug: a client session cannot go ${from} -> ${to}`);
  return to;
}
