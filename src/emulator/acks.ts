import { AckStatus } from "../protocol/service/messages.js";
import type { ServerLink } from "./server-link.js";

/** A message that may want an answer. */
export interface MaybeAcked {
  readonly ackId?: number;
}

/** Answers a message that wants an answer; others stay unanswered. */
export function acknowledge(
  link: ServerLink,
  message: MaybeAcked,
  isFound: boolean,
  payload: Uint8Array | null = null,
): void {
  if (message.ackId === undefined) return;
  const status = isFound ? AckStatus.Ok : AckStatus.NotFound;
  link.send({ kind: "ack", ackId: message.ackId, status, message: "", payload });
}
