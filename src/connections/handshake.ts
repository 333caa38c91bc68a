import { SignalRError, toError } from "../base/errors.js";
import { foreignSentence, foreignText } from "../base/foreign-text.js";
import { encodeMessage } from "../protocol/service/codec.js";
import type { HandshakeRequest, ServiceMessage } from "../protocol/service/messages.js";

const PROTOCOL_VERSION = 1;

/** The first frame on every server connection. */
export function encodeHandshake(
  connectionType: number,
  { migrationLevel, allowStatefulReconnects }: Pick<HandshakeRequest, "migrationLevel" | "allowStatefulReconnects">,
): Buffer {
  return encodeMessage({
    kind: "handshakeRequest",
    version: PROTOCOL_VERSION,
    connectionType,
    // A target travels in the address only; in the message it stays empty, as the official SDK has it.
    target: "",
    migrationLevel,
    allowStatefulReconnects,
  });
}

/**
 * Reads the service's answer: the id that the service gives to the connection, if it gives one.
 * @throws SignalRError CONNECTION_HANDSHAKE_REJECTED when the service says no, or says something else
 */
export function readHandshakeResponse(message: ServiceMessage): string | undefined {
  if (message.kind !== "handshakeResponse") {
    throw handshakeFailure(`The service answered the handshake with a message of another kind (${message.kind}).`);
  }
  if (message.errorMessage) {
    throw handshakeFailure(`The service refused the handshake: ${foreignSentence(message.errorMessage)}`);
  }
  // It goes into many lines of the log.
  return (message.connectionId && foreignText(message.connectionId)) || undefined;
}

/** A sentence, or what was thrown, as the error of a failed handshake. */
export function handshakeFailure(reason: unknown): SignalRError {
  if (typeof reason === "string") return new SignalRError("CONNECTION_HANDSHAKE_REJECTED", reason);
  if (reason instanceof SignalRError && reason.code === "CONNECTION_HANDSHAKE_REJECTED") return reason;
  const cause = toError(reason);
  return new SignalRError("CONNECTION_HANDSHAKE_REJECTED", `The handshake response cannot be read: ${cause.message}`, {
    cause,
  });
}
