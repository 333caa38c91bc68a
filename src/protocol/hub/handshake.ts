import { integerMember, parseJsonObject, textMember } from "./json-object.js";
import type { HandshakeRequestMessage } from "./messages.js";
import { InvalidDataException } from "./protocol.js";
import { readTextRecord, textRecordEnd, writeTextRecord } from "./text-records.js";

export { RECORD_SEPARATOR } from "./text-records.js";

/** The server's answer to a handshake request. */
export interface HandshakeResponseMessage {
  /** Absent: the connection is open. Set: why it is not. */
  readonly error?: string;
}

/** A handshake message, and how many bytes it took; what follows them belongs to the hub protocol. */
export interface HandshakeRecord<T> {
  readonly message: T;
  readonly consumed: number;
}

/**
 * Reads the first message of a client, which is JSON whatever encoding follows. Undefined while it is incomplete.
 * @throws InvalidDataException when it is no handshake request
 */
export function parseHandshakeRequest(bytes: Uint8Array): HandshakeRecord<HandshakeRequestMessage> | undefined {
  const consumed = textRecordEnd(bytes, 0);
  if (consumed < 0) return undefined;
  const content = readTextRecord(bytes, 0, consumed);
  const request = parseJsonObject(content);
  const protocol = textMember(request, "protocol");
  const version = integerMember(request, "version");
  if (protocol === undefined) throw missing("protocol", content);
  if (version === undefined) throw missing("version", content);
  return { message: { protocol, version }, consumed };
}

/** The request of a client, as {@link parseHandshakeRequest} reads it. */
export function writeHandshakeRequest(message: HandshakeRequestMessage): Uint8Array {
  return writeTextRecord(JSON.stringify({ protocol: message.protocol, version: message.version }));
}

/**
 * Reads the server's answer to a handshake request. Undefined while it is incomplete.
 * @throws InvalidDataException when it is something else, a hub message for instance
 */
export function parseHandshakeResponse(bytes: Uint8Array): HandshakeRecord<HandshakeResponseMessage> | undefined {
  const consumed = textRecordEnd(bytes, 0);
  if (consumed < 0) return undefined;
  const response = parseJsonObject(readTextRecord(bytes, 0, consumed));
  if (response["type"] !== undefined) {
    throw new InvalidDataException("Expected a handshake response from the server.");
  }
  const error = textMember(response, "error");
  return { message: error === undefined ? {} : { error }, consumed };
}

/** The server's answer: without an error the connection is open, with one it is about to be closed. */
export function writeHandshakeResponse(error?: string): Uint8Array {
  return writeTextRecord(error === undefined ? "{}" : JSON.stringify({ error }));
}

function missing(name: string, content: string): InvalidDataException {
  return new InvalidDataException(`Missing required property '${name}'. Message content: ${content}`);
}
