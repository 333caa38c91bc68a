import { extensionPart, TRACING, TRACING_TTL, writeExtensions } from "./extensions.js";
import type { Rows } from "./row.js";

/** Who is in which group, told or asked. */
export const groupRows: Rows<
  | "joinGroup"
  | "leaveGroup"
  | "userJoinGroup"
  | "userLeaveGroup"
  | "joinGroupWithAck"
  | "leaveGroupWithAck"
  | "userJoinGroupWithAck"
  | "userLeaveGroupWithAck"
  | "checkUserInGroupWithAck"
  | "checkGroupExistenceWithAck"
> = {
  joinGroup: {
    type: 11,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.str(message.groupName);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "joinGroup",
      connectionId: reader.str(),
      groupName: reader.str(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
  leaveGroup: {
    type: 12,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.strOrNil(message.groupName);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "leaveGroup",
      connectionId: reader.str(),
      groupName: reader.strOrNil(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
  userJoinGroup: {
    type: 16,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.userId);
      writer.str(message.groupName);
      writeExtensions(writer, message.ext, TRACING_TTL);
    },
    read: (reader, items) => ({
      kind: "userJoinGroup",
      userId: reader.str(),
      groupName: reader.str(),
      ...extensionPart(reader, items, 3, TRACING_TTL),
    }),
  },
  userLeaveGroup: {
    type: 17,
    items: 4,
    least: 3,
    write(writer, message) {
      writer.str(message.userId);
      writer.strOrNil(message.groupName);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "userLeaveGroup",
      userId: reader.str(),
      groupName: reader.strOrNil(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
  joinGroupWithAck: {
    type: 18,
    items: 5,
    least: 4,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.str(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "joinGroupWithAck",
      connectionId: reader.str(),
      groupName: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  leaveGroupWithAck: {
    type: 19,
    items: 5,
    least: 4,
    write(writer, message) {
      writer.str(message.connectionId);
      writer.strOrNil(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "leaveGroupWithAck",
      connectionId: reader.str(),
      groupName: reader.strOrNil(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  userJoinGroupWithAck: {
    type: 26,
    items: 5,
    least: 5,
    write(writer, message) {
      writer.str(message.userId);
      writer.str(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING_TTL);
    },
    read: (reader, items) => ({
      kind: "userJoinGroupWithAck",
      userId: reader.str(),
      groupName: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING_TTL),
    }),
  },
  userLeaveGroupWithAck: {
    type: 27,
    items: 5,
    least: 5,
    write(writer, message) {
      writer.str(message.userId);
      writer.strOrNil(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "userLeaveGroupWithAck",
      userId: reader.str(),
      groupName: reader.strOrNil(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  checkUserInGroupWithAck: {
    type: 21,
    items: 5,
    least: 4,
    write(writer, message) {
      writer.str(message.userId);
      writer.str(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "checkUserInGroupWithAck",
      userId: reader.str(),
      groupName: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 4, TRACING),
    }),
  },
  checkGroupExistenceWithAck: {
    type: 23,
    items: 4,
    least: 4,
    write(writer, message) {
      writer.str(message.groupName);
      writer.int(message.ackId);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "checkGroupExistenceWithAck",
      groupName: reader.str(),
      ackId: reader.int(),
      ...extensionPart(reader, items, 3, TRACING),
    }),
  },
};
