import { SignalRError } from "../../base/errors.js";
import {
  EXTENSION_BYTES,
  extensionPart,
  NO_EXTENSIONS,
  readExtensions,
  TRACING,
  TRACING_DATA,
  TRACING_PROTOCOL,
  writeExtensions,
} from "./extensions.js";
import { NO_HEADERS, readClaims, readHeaders, readText, writeClaims, writeHeaders } from "./fields.js";
import { FlowControlOperation, FlowControlTarget } from "./messages.js";
import type { Rows } from "./row.js";

/** The handshake and pings of a server connection, and the life of a client connection. */
export const connectionRows: Rows<
  | "handshakeRequest"
  | "handshakeResponse"
  | "ping"
  | "openConnection"
  | "closeConnection"
  | "connectionData"
  | "connectionReconnect"
  | "connectionFlowControl"
  | "serviceError"
  | "serviceEvent"
> = {
  handshakeRequest: {
    type: 1,
    items: 7,
    least: 2,
    write(writer, message) {
      writer.int(message.version);
      writer.int(message.connectionType);
      writer.str(message.target);
      writer.int(message.migrationLevel);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
      writer.bool(message.allowStatefulReconnects);
    },
    read: (reader, items) => ({
      kind: "handshakeRequest",
      version: reader.int(),
      connectionType: items >= 4 ? reader.int() : 0,
      target: items >= 4 ? readText(reader) : "",
      migrationLevel: items >= 5 ? reader.int() : 0,
      ...extensionPart(reader, items, 5, NO_EXTENSIONS),
      allowStatefulReconnects: items >= 7 ? reader.bool() : false,
    }),
  },
  handshakeResponse: {
    type: 2,
    items: 4,
    least: 2,
    write(writer, message) {
      writer.strOrNil(message.errorMessage);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
      writer.strOrNil(message.connectionId);
    },
    read: (reader, items) => ({
      kind: "handshakeResponse",
      errorMessage: reader.strOrNil(),
      ...extensionPart(reader, items, 2, NO_EXTENSIONS),
      connectionId: items >= 4 ? reader.strOrNil() : null,
    }),
  },
  ping: {
    type: 3,
    items: 1,
    least: 1,
    more: (message) => message.messages.length,
    write(writer, message) {
      for (const text of message.messages) writer.strOrNil(text);
    },
    read(reader, items) {
      const messages: Array<string | null> = [];
      for (let item = 1; item < items; item += 1) messages.push(reader.strOrNil());
      return { kind: "ping", messages };
    },
  },
  openConnection: {
    type: 4,
    items: 6,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionId);
      writeClaims(writer, message.claims);
      writeHeaders(writer, message.headers);
      writer.str(message.queryString);
      writeExtensions(writer, message.ext, TRACING_PROTOCOL);
    },
    read: (reader, items) => ({
      kind: "openConnection",
      connectionId: reader.str(),
      claims: readClaims(reader),
      // The oldest writers end after the claims; a lone fourth item has never had a meaning.
      headers: items >= 5 ? readHeaders(reader) : NO_HEADERS,
      queryString: items >= 5 ? readText(reader) : "",
      ...extensionPart(reader, items, 5, TRACING_PROTOCOL),
    }),
  },
  closeConnection: {
    type: 5,
    items: 5,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.strOrNil(message.errorMessage);
      writeHeaders(writer, message.headers);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "closeConnection",
      connectionId: reader.str(),
      errorMessage: reader.strOrNil(),
      headers: items >= 4 ? readHeaders(reader) : NO_HEADERS,
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  connectionData: {
    type: 6,
    items: 4,
    least: 3,
    size: ({ connectionId, payload, ext }) =>
      connectionId.length +
      payload.length +
      (connectionId.length < 0x20 ? 3 : 4) +
      (payload.length < 0x100 ? 2 : 3) +
      (ext === undefined ? 1 : EXTENSION_BYTES),
    write(writer, message) {
      writer.str(message.connectionId);
      writer.bin(message.payload);
      writeExtensions(writer, message.ext, TRACING_DATA);
    },
    // Nearly all messages are of this kind, so its object is made without a spread.
    read(reader, items) {
      const connectionId = reader.str();
      const payload = reader.bin();
      const ext = readExtensions(reader, items, 3, TRACING_DATA);
      return ext === undefined
        ? { kind: "connectionData", connectionId, payload }
        : { kind: "connectionData", connectionId, payload, ext };
    },
  },
  connectionReconnect: {
    type: 38,
    items: 3,
    least: 2,
    write(writer, message) {
      writer.str(message.connectionId);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "connectionReconnect",
      connectionId: reader.str(),
      ...extensionPart(reader, items, 2, NO_EXTENSIONS),
    }),
  },
  connectionFlowControl: {
    type: 39,
    items: 5,
    least: 4,
    write(writer, message) {
      writer.str(message.connectionId);
      // The peers expect these two at their full width.
      writer.int32(message.connectionType);
      writer.int32(message.operation);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader) => ({
      kind: "connectionFlowControl",
      connectionId: reader.str(),
      connectionType: oneOf(reader.int(), FLOW_TARGETS, "connection type"),
      operation: oneOf(reader.int(), FLOW_OPERATIONS, "operation"),
    }),
  },
  serviceError: {
    type: 15,
    items: 2,
    least: 2,
    write(writer, message) {
      writer.str(message.errorMessage);
    },
    read: (reader) => ({ kind: "serviceError", errorMessage: readText(reader) }),
  },
  serviceEvent: {
    type: 22,
    items: 6,
    least: 6,
    write(writer, message) {
      writer.int(message.objectType);
      writer.strOrNil(message.objectId);
      writer.int(message.eventKind);
      writer.str(message.message);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "serviceEvent",
      objectType: reader.int(),
      objectId: reader.strOrNil(),
      eventKind: reader.int(),
      message: readText(reader),
      ...extensionPart(reader, items, 5, NO_EXTENSIONS),
    }),
  },
};

const FLOW_TARGETS: readonly number[] = Object.values(FlowControlTarget);
const FLOW_OPERATIONS: readonly number[] = Object.values(FlowControlOperation);

/** To pause or resume the wrong thing loses order or data, so a value of the future is no value here. */
function oneOf(value: number, allowed: readonly number[], what: string): number {
  if (allowed.includes(value)) return value;
  throw new SignalRError(
    "MESSAGE_MALFORMED",
    `Flow control names the ${what} ${value}; known are ${allowed.join(", ")}.`,
  );
}
