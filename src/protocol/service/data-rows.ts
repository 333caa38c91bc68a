import { extensionPart, TRACING_FILTER, writeExtensions } from "./extensions.js";
import { NO_STRINGS, payloadsSize, readPayloads, readStrings, writePayloads, writeStrings } from "./fields.js";
import type { Rows } from "./row.js";

/** Hub messages to many clients at once, encoded once for each hub protocol. */
export const dataRows: Rows<
  | "multiConnectionData"
  | "userData"
  | "multiUserData"
  | "broadcastData"
  | "groupBroadcastData"
  | "multiGroupBroadcastData"
> = {
  multiConnectionData: {
    type: 7,
    items: 4,
    least: 3,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writeStrings(writer, message.connectionList);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
    },
    read: (reader, items) => ({
      kind: "multiConnectionData",
      connectionList: readStrings(reader),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 3, TRACING_FILTER),
    }),
  },
  userData: {
    type: 8,
    items: 4,
    least: 3,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writer.str(message.userId);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
    },
    read: (reader, items) => ({
      kind: "userData",
      userId: reader.str(),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 3, TRACING_FILTER),
    }),
  },
  multiUserData: {
    type: 9,
    items: 4,
    least: 3,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writeStrings(writer, message.userList);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
    },
    read: (reader, items) => ({
      kind: "multiUserData",
      userList: readStrings(reader),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 3, TRACING_FILTER),
    }),
  },
  broadcastData: {
    type: 10,
    items: 4,
    least: 3,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writeStrings(writer, message.excludedList);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
    },
    read: (reader, items) => ({
      kind: "broadcastData",
      excludedList: readStrings(reader),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 3, TRACING_FILTER),
    }),
  },
  groupBroadcastData: {
    type: 13,
    items: 7,
    least: 4,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writer.str(message.groupName);
      writeStrings(writer, message.excludedList);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
      writeStrings(writer, message.excludedUserList);
      writer.strOrNil(message.callerUserId);
    },
    read: (reader, items) => ({
      kind: "groupBroadcastData",
      groupName: reader.str(),
      excludedList: readStrings(reader),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 4, TRACING_FILTER),
      // The last two came together, in one version.
      excludedUserList: items >= 7 ? readStrings(reader) : NO_STRINGS,
      callerUserId: items >= 7 ? reader.strOrNil() : null,
    }),
  },
  multiGroupBroadcastData: {
    type: 14,
    items: 4,
    least: 3,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writeStrings(writer, message.groupList);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING_FILTER);
    },
    read: (reader, items) => ({
      kind: "multiGroupBroadcastData",
      groupList: readStrings(reader),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 3, TRACING_FILTER),
    }),
  },
};
