import { extensionPart, NO_EXTENSIONS, TRACING, writeExtensions } from "./extensions.js";
import { readClaims, readStrings, readText, writeClaims, writeStrings } from "./fields.js";
import type { Rows } from "./row.js";

/** Questions about connections and users, orders to close them, and the answers. */
export const managementRows: Rows<
  | "ack"
  | "checkConnectionExistenceWithAck"
  | "checkUserExistenceWithAck"
  | "closeConnectionWithAck"
  | "closeConnectionsWithAck"
  | "closeUserConnectionsWithAck"
  | "closeGroupConnectionsWithAck"
  | "groupMemberQuery"
  | "accessKeyRequest"
  | "accessKeyResponse"
  | "refreshAuth"
  | "getConnectionClaims"
  | "updateConnectionClaims"
> = {
  ack: {
    type: 20,
    items: 6,
    least: 4,
    write(writer, message) {
      writer.int(message.ackId);
      writer.int(message.status);
      writer.str(message.message);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
      writer.binOrNil(message.payload);
    },
    read: (reader, items) => ({
      kind: "ack",
      ackId: reader.int(),
      status: reader.int(),
      message: readText(reader),
      ...extensionPart(reader, items, 4, NO_EXTENSIONS),
      payload: items >= 6 ? reader.binOrNil() : null,
    }),
  },
  checkConnectionExistenceWithAck: {
    type: 24,
    items: 4,
    least: 4,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "checkConnectionExistenceWithAck",
      connectionId: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
  checkUserExistenceWithAck: {
    type: 25,
    items: 4,
    least: 4,
    write(writer, message) {
      writer.str(message.userId);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "checkUserExistenceWithAck",
      userId: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
  closeConnectionWithAck: {
    type: 30,
    items: 5,
    least: 5,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.strOrNil(message.reason);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "closeConnectionWithAck",
      connectionId: reader.str(),
      reason: reader.strOrNil(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  closeConnectionsWithAck: {
    type: 31,
    items: 5,
    least: 5,
    write(writer, message) {
      writer.strOrNil(message.reason);
      writer.int(message.ackId);
      writeStrings(writer, message.excludedList);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "closeConnectionsWithAck",
      reason: reader.strOrNil(),
      ackId: reader.int(),
      excludedList: readStrings(reader),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  closeUserConnectionsWithAck: {
    type: 32,
    items: 6,
    least: 6,
    write(writer, message) {
      writer.str(message.userId);
      writer.strOrNil(message.reason);
      writer.int(message.ackId);
      writeStrings(writer, message.excludedList);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "closeUserConnectionsWithAck",
      userId: reader.str(),
      reason: reader.strOrNil(),
      ackId: reader.int(),
      excludedList: readStrings(reader),
      ...extensionPart(reader, items, 5, TRACING),
    }),
  },
  closeGroupConnectionsWithAck: {
    type: 33,
    items: 6,
    least: 6,
    write(writer, message) {
      writer.str(message.groupName);
      writer.strOrNil(message.reason);
      writer.int(message.ackId);
      writeStrings(writer, message.excludedList);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "closeGroupConnectionsWithAck",
      groupName: reader.str(),
      reason: reader.strOrNil(),
      ackId: reader.int(),
      excludedList: readStrings(reader),
      ...extensionPart(reader, items, 5, TRACING),
    }),
  },
  groupMemberQuery: {
    type: 40,
    items: 7,
    least: 6,
    // The one kind whose extensions come first.
    write(writer, message) {
      writeExtensions(writer, message.ext, TRACING);
      writer.str(message.groupName);
      writer.int(message.ackId);
      writer.intOrNil(message.top);
      writer.strOrNil(message.continuationToken);
      writer.intOrNil(message.maxPageSize);
    },
    read: (reader, items) => ({
      kind: "groupMemberQuery",
      ...extensionPart(reader, items, 1, TRACING),
      groupName: reader.str(),
      ackId: reader.int(),
      top: reader.intOrNil(),
      continuationToken: reader.strOrNil(),
      maxPageSize: items >= 7 ? reader.intOrNil() : null,
    }),
  },
  accessKeyRequest: {
    type: 28,
    items: 4,
    least: 4,
    write(writer, message) {
      writer.str(message.token);
      writer.strOrNil(message.kid);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "accessKeyRequest",
      token: reader.str(),
      kid: reader.strOrNil(),
      ...extensionPart(reader, items, 3, NO_EXTENSIONS),
    }),
  },
  accessKeyResponse: {
    type: 29,
    items: 6,
    least: 6,
    write(writer, message) {
      writer.strOrNil(message.kid);
      writer.strOrNil(message.accessKey);
      writer.strOrNil(message.errorType);
      writer.strOrNil(message.errorMessage);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "accessKeyResponse",
      kid: reader.strOrNil(),
      accessKey: reader.strOrNil(),
      errorType: reader.strOrNil(),
      errorMessage: reader.strOrNil(),
      ...extensionPart(reader, items, 5, NO_EXTENSIONS),
    }),
  },
  refreshAuth: {
    type: 41,
    items: 6,
    least: 5,
    write(writer, message) {
      writer.str(message.connectionToken);
      writeClaims(writer, message.claims);
      writer.timestamp(message.expireTime);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "refreshAuth",
      connectionToken: reader.str(),
      claims: readClaims(reader),
      expireTime: reader.timestamp(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 5, NO_EXTENSIONS),
    }),
  },
  getConnectionClaims: {
    type: 42,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionToken);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "getConnectionClaims",
      connectionToken: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 3, NO_EXTENSIONS),
    }),
  },
  updateConnectionClaims: {
    type: 43,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionId);
      writeClaims(writer, message.claims);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "updateConnectionClaims",
      connectionId: reader.str(),
      claims: readClaims(reader),
      ...extensionPart(reader, items, 3, NO_EXTENSIONS),
    }),
  },
};
