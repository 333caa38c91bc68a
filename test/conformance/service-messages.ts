import type { ServiceMessage } from "../../src/protocol/service/messages.js";

/** Bytes of a frame (without its prefix) written by hand, and the message that they are. */
export interface MessageVector {
  readonly name: string;
  readonly bytes: Buffer;
  readonly message: ServiceMessage;
}

/** The payloads of the vectors. */
export const JSON_PAYLOAD = Buffer.from("{}");
export const MESSAGEPACK_PAYLOAD = Buffer.of(0x02, 0x91, 0x06);
export const NO_PAYLOAD = Buffer.alloc(0);

/** One argument a value, spaces inside as the reader likes them. */
export function hex(...values: string[]): Buffer {
  return Buffer.from(values.join("").replaceAll(" ", ""), "hex");
}

/** Each kind as it is written today: reading gives the message, writing gives these very bytes. */
export const CURRENT: readonly MessageVector[] = [
  {
    name: "a handshake request",
    bytes: hex(
      "97 01", // 7 items, type 1
      "01", // version 1
      "00", // connection type 0
      "a0", // target ""
      "00", // migration level 0
      "80", // no extensions
      "c2", // no stateful reconnects
    ),
    message: {
      kind: "handshakeRequest",
      version: 1,
      connectionType: 0,
      target: "",
      migrationLevel: 0,
      allowStatefulReconnects: false,
    },
  },
  {
    name: "a handshake request of an on-demand connection",
    bytes: hex(
      "97 01", // 7 items, type 1
      "01", // version 1
      "01", // connection type 1
      "a3 616263", // target "abc"
      "02", // migration level 2
      "80", // no extensions
      "c3", // stateful reconnects
    ),
    message: {
      kind: "handshakeRequest",
      version: 1,
      connectionType: 1,
      target: "abc",
      migrationLevel: 2,
      allowStatefulReconnects: true,
    },
  },
  {
    name: "a handshake response",
    bytes: hex(
      "94 02", // 4 items, type 2
      "a0", // error ""
      "80", // no extensions
      "a5 636f6e6e31", // connection id "conn1"
    ),
    message: { kind: "handshakeResponse", errorMessage: "", connectionId: "conn1" },
  },
  {
    name: "a refusing handshake response",
    bytes: hex(
      "94 02", // 4 items, type 2
      "a2 6e6f", // error "no"
      "80", // no extensions
      "c0", // no connection id
    ),
    message: { kind: "handshakeResponse", errorMessage: "no", connectionId: null },
  },
  {
    name: "a handshake response with nil for no error",
    bytes: hex(
      "94 02", // 4 items, type 2
      "c0", // no error
      "80", // no extensions
      "c0", // no connection id
    ),
    message: { kind: "handshakeResponse", errorMessage: null, connectionId: null },
  },
  {
    name: "a plain ping",
    bytes: hex(
      "91 03", // 1 items, type 3
    ),
    message: { kind: "ping", messages: [] },
  },
  {
    name: "a ping with pairs",
    bytes: hex(
      "95 03", // 5 items, type 3
      "a6 737461747573", // key "status"
      "a1 31", // value "1"
      "a4 6563686f", // key "echo"
      "c0", // nil value
    ),
    message: { kind: "ping", messages: ["status", "1", "echo", null] },
  },
  {
    name: "an opened connection",
    bytes: hex(
      "96 04", // 6 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "83", // three claims, one type twice
      "a6 6e616d656964", // "nameid"
      "a3 616e6e", // "ann"
      "a4 726f6c65", // "role"
      "a1 61", // "a"
      "a4 726f6c65", // "role"
      "a1 62", // "b"
      "81", // one header
      "af 582d466f727761726465642d466f72", // "X-Forwarded-For"
      "92", // two values
      "a8 31302e302e302e31", // "10.0.0.1"
      "a8 31302e302e302e32", // "10.0.0.2"
      "a9 3f6875623d63686174", // query "?hub=chat"
      "82 01 01 03 a4 6a736f6e", // extensions: tracing id 1, protocol json
    ),
    message: {
      kind: "openConnection",
      connectionId: "conn1",
      claims: [
        ["nameid", "ann"],
        ["role", "a"],
        ["role", "b"],
      ],
      headers: [["X-Forwarded-For", ["10.0.0.1", "10.0.0.2"]]],
      queryString: "?hub=chat",
      ext: { tracingId: 1n, protocol: "json" },
    },
  },
  {
    name: "a closed connection",
    bytes: hex(
      "95 05", // 5 items, type 5
      "a5 636f6e6e31", // connection id "conn1"
      "a3 627965", // error "bye"
      "81", // one header
      "af 417372732d4d6967726174652d546f", // "Asrs-Migrate-To"
      "91", // one value
      "a7 73657276657232", // "server2"
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "closeConnection",
      connectionId: "conn1",
      errorMessage: "bye",
      headers: [["Asrs-Migrate-To", ["server2"]]],
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "data of a connection",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
      "80", // no extensions
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD },
  },
  {
    name: "a part of data of a connection",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a9 c3bce282acf09f9880", // connection id "ü€😀"
      "c4 00", // empty payload
      "83 01 cd04d2 05 02 06 c3", // extensions: tracing id 1234, message type 2, partial
    ),
    message: {
      kind: "connectionData",
      connectionId: "ü€😀",
      payload: NO_PAYLOAD,
      ext: { tracingId: 1234n, dataMessageType: 2, isPartial: true },
    },
  },
  {
    name: "data to some connections",
    bytes: hex(
      "94 07", // 4 items, type 7
      "92", // two connection ids
      "a5 636f6e6e31", // "conn1"
      "a5 636f6e6e32", // "conn2"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "82 01 05 04 a1 66", // extensions: tracing id 5, filter f
    ),
    message: {
      kind: "multiConnectionData",
      connectionList: ["conn1", "conn2"],
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
      ext: { tracingId: 5n, filter: "f" },
    },
  },
  {
    name: "data to a user",
    bytes: hex(
      "94 08", // 4 items, type 8
      "a5 7573657231", // user id "user1"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "userData",
      userId: "user1",
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "data to some users",
    bytes: hex(
      "94 09", // 4 items, type 9
      "91", // one user id
      "a5 7573657231", // "user1"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "80", // no extensions
    ),
    message: {
      kind: "multiUserData",
      userList: ["user1"],
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
    },
  },
  {
    name: "data to all",
    bytes: hex(
      "94 0a", // 4 items, type 10
      "91", // one excluded connection id
      "a5 636f6e6e31", // "conn1"
      "80", // no payloads
      "80", // no extensions
    ),
    message: { kind: "broadcastData", excludedList: ["conn1"], payloads: [] },
  },
  {
    name: "a joined group",
    bytes: hex(
      "94 0b", // 4 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: { kind: "joinGroup", connectionId: "conn1", groupName: "group1", ext: { tracingId: 1234n } },
  },
  {
    name: "a left group",
    bytes: hex(
      "94 0c", // 4 items, type 12
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "80", // no extensions
    ),
    message: { kind: "leaveGroup", connectionId: "conn1", groupName: "group1" },
  },
  {
    name: "all groups left",
    bytes: hex(
      "94 0c", // 4 items, type 12
      "a5 636f6e6e31", // connection id "conn1"
      "c0", // all groups
      "80", // no extensions
    ),
    message: { kind: "leaveGroup", connectionId: "conn1", groupName: null },
  },
  {
    name: "data to a group",
    bytes: hex(
      "97 0d", // 7 items, type 13
      "a6 67726f757031", // group "group1"
      "91", // one excluded connection id
      "a5 636f6e6e31", // "conn1"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "81 01 cd04d2", // extensions: tracing id 1234
      "92", // two excluded user ids
      "a5 7573657231", // "user1"
      "a5 7573657232", // "user2"
      "a5 7573657233", // caller "user3"
    ),
    message: {
      kind: "groupBroadcastData",
      groupName: "group1",
      excludedList: ["conn1"],
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
      excludedUserList: ["user1", "user2"],
      callerUserId: "user3",
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "data to some groups",
    bytes: hex(
      "94 0e", // 4 items, type 14
      "92", // two groups
      "a6 67726f757031", // "group1"
      "a6 67726f757032", // "group2"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "80", // no extensions
    ),
    message: {
      kind: "multiGroupBroadcastData",
      groupList: ["group1", "group2"],
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
    },
  },
  {
    name: "an error of the service",
    bytes: hex(
      "92 0f", // 2 items, type 15
      "a8 746f6f206d616e79", // error "too many"
    ),
    message: { kind: "serviceError", errorMessage: "too many" },
  },
  {
    name: "a user in a group for a time",
    bytes: hex(
      "94 10", // 4 items, type 16
      "a5 7573657231", // user id "user1"
      "a6 67726f757031", // group "group1"
      "82 01 01 02 3c", // extensions: tracing id 1, 60 seconds
    ),
    message: { kind: "userJoinGroup", userId: "user1", groupName: "group1", ext: { tracingId: 1n, ttl: 60 } },
  },
  {
    name: "a user out of all groups",
    bytes: hex(
      "94 11", // 4 items, type 17
      "a5 7573657231", // user id "user1"
      "c0", // all groups
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: { kind: "userLeaveGroup", userId: "user1", groupName: null, ext: { tracingId: 1234n } },
  },
  {
    name: "a joined group with answer",
    bytes: hex(
      "95 12", // 5 items, type 18
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
      "80", // no extensions
    ),
    message: { kind: "joinGroupWithAck", connectionId: "conn1", groupName: "group1", ackId: 1 },
  },
  {
    name: "a left group with answer",
    bytes: hex(
      "95 13", // 5 items, type 19
      "a5 636f6e6e31", // connection id "conn1"
      "c0", // all groups
      "cd 0100", // ack id 256
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "leaveGroupWithAck",
      connectionId: "conn1",
      groupName: null,
      ackId: 256,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "an answer",
    bytes: hex(
      "96 14", // 6 items, type 20
      "01", // ack id 1
      "01", // status 1
      "a0", // message ""
      "80", // no extensions
      "c0", // no payload
    ),
    message: { kind: "ack", ackId: 1, status: 1, message: "", payload: null },
  },
  {
    name: "an answer with payload",
    bytes: hex(
      "96 14", // 6 items, type 20
      "ce 7fffffff", // largest ack id
      "02", // status 2
      "a4 676f6e65", // message "gone"
      "80", // no extensions
      "c4 01 c0", // payload
    ),
    message: { kind: "ack", ackId: 2147483647, status: 2, message: "gone", payload: Buffer.of(0xc0) },
  },
  {
    name: "a question for a user in a group",
    bytes: hex(
      "95 15", // 5 items, type 21
      "a5 7573657231", // user id "user1"
      "a6 67726f757031", // group "group1"
      "03", // ack id 3
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "checkUserInGroupWithAck",
      userId: "user1",
      groupName: "group1",
      ackId: 3,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "an event of the service",
    bytes: hex(
      "96 16", // 6 items, type 22
      "02", // object type 2
      "a5 7573657231", // object id "user1"
      "02", // event kind 2
      "a7 756e6b6e6f776e", // message "unknown"
      "80", // no extensions
    ),
    message: { kind: "serviceEvent", objectType: 2, objectId: "user1", eventKind: 2, message: "unknown" },
  },
  {
    name: "a question for a group",
    bytes: hex(
      "94 17", // 4 items, type 23
      "a6 67726f757031", // group "group1"
      "04", // ack id 4
      "80", // no extensions
    ),
    message: { kind: "checkGroupExistenceWithAck", groupName: "group1", ackId: 4 },
  },
  {
    name: "a question for a connection",
    bytes: hex(
      "94 18", // 4 items, type 24
      "a5 636f6e6e31", // connection id "conn1"
      "05", // ack id 5
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: { kind: "checkConnectionExistenceWithAck", connectionId: "conn1", ackId: 5, ext: { tracingId: 1234n } },
  },
  {
    name: "a question for a user",
    bytes: hex(
      "94 19", // 4 items, type 25
      "a5 7573657231", // user id "user1"
      "06", // ack id 6
      "80", // no extensions
    ),
    message: { kind: "checkUserExistenceWithAck", userId: "user1", ackId: 6 },
  },
  {
    name: "a user in a group with answer",
    bytes: hex(
      "95 1a", // 5 items, type 26
      "a5 7573657231", // user id "user1"
      "a6 67726f757031", // group "group1"
      "07", // ack id 7
      "81 02 cd0e10", // extensions: 3600 seconds
    ),
    message: { kind: "userJoinGroupWithAck", userId: "user1", groupName: "group1", ackId: 7, ext: { ttl: 3600 } },
  },
  {
    name: "a user out of a group with answer",
    bytes: hex(
      "95 1b", // 5 items, type 27
      "a5 7573657231", // user id "user1"
      "a6 67726f757031", // group "group1"
      "08", // ack id 8
      "80", // no extensions
    ),
    message: { kind: "userLeaveGroupWithAck", userId: "user1", groupName: "group1", ackId: 8 },
  },
  {
    name: "a request for an access key",
    bytes: hex(
      "94 1c", // 4 items, type 28
      "a3 746f6b", // token "tok"
      "c0", // no key yet
      "80", // no extensions
    ),
    message: { kind: "accessKeyRequest", token: "tok", kid: null },
  },
  {
    name: "an access key",
    bytes: hex(
      "96 1d", // 6 items, type 29
      "a3 6b6964", // key id "kid"
      "a3 6b6579", // key "key"
      "c0", // no error type
      "c0", // no error
      "80", // no extensions
    ),
    message: { kind: "accessKeyResponse", kid: "kid", accessKey: "key", errorType: null, errorMessage: null },
  },
  {
    name: "a refused access key",
    bytes: hex(
      "96 1d", // 6 items, type 29
      "c0", // no key id
      "c0", // no key
      "a6 44656e696564", // error type "Denied"
      "a7 6e6f7420796f75", // error "not you"
      "80", // no extensions
    ),
    message: { kind: "accessKeyResponse", kid: null, accessKey: null, errorType: "Denied", errorMessage: "not you" },
  },
  {
    name: "an order to close a connection",
    bytes: hex(
      "95 1e", // 5 items, type 30
      "a5 636f6e6e31", // connection id "conn1"
      "a3 627965", // reason "bye"
      "09", // ack id 9
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "closeConnectionWithAck",
      connectionId: "conn1",
      reason: "bye",
      ackId: 9,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "an order to close all connections",
    bytes: hex(
      "95 1f", // 5 items, type 31
      "c0", // no reason
      "0a", // ack id 10
      "91", // one excluded connection id
      "a5 636f6e6e31", // "conn1"
      "80", // no extensions
    ),
    message: { kind: "closeConnectionsWithAck", reason: null, ackId: 10, excludedList: ["conn1"] },
  },
  {
    name: "an order to close a user's connections",
    bytes: hex(
      "96 20", // 6 items, type 32
      "a5 7573657231", // user id "user1"
      "a3 627965", // reason "bye"
      "0b", // ack id 11
      "90", // none excluded
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "closeUserConnectionsWithAck",
      userId: "user1",
      reason: "bye",
      ackId: 11,
      excludedList: [],
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "an order to close a group's connections",
    bytes: hex(
      "96 21", // 6 items, type 33
      "a6 67726f757031", // group "group1"
      "c0", // no reason
      "0c", // ack id 12
      "91", // one excluded connection id
      "a5 636f6e6e31", // "conn1"
      "80", // no extensions
    ),
    message: {
      kind: "closeGroupConnectionsWithAck",
      groupName: "group1",
      reason: null,
      ackId: 12,
      excludedList: ["conn1"],
    },
  },
  {
    name: "a client invocation",
    bytes: hex(
      "96 22", // 6 items, type 34
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "clientInvocation",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "a client completion",
    bytes: hex(
      "97 23", // 7 items, type 35
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "a4 6a736f6e", // protocol "json"
      "c4 02 7b7d", // payload
      "82 01 cd04d2 03 a4 6a736f6e", // extensions: tracing id 1234, protocol json
    ),
    message: {
      kind: "clientCompletion",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      protocol: "json",
      payload: JSON_PAYLOAD,
      ext: { tracingId: 1234n, protocol: "json" },
    },
  },
  {
    name: "an empty client completion",
    bytes: hex(
      "97 23", // 7 items, type 35
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "c0", // no protocol
      "c4 00", // no payload
      "80", // no extensions
    ),
    message: {
      kind: "clientCompletion",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      protocol: null,
      payload: NO_PAYLOAD,
    },
  },
  {
    name: "a failed client invocation",
    bytes: hex(
      "96 24", // 6 items, type 36
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "a4 676f6e65", // error "gone"
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "errorCompletion",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      error: "gone",
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "a bound client invocation",
    bytes: hex(
      "95 25", // 5 items, type 37
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a5 696e737431", // instance "inst1"
      "80", // no extensions
    ),
    message: { kind: "serviceMapping", invocationId: "inv1", connectionId: "conn1", instanceId: "inst1" },
  },
  {
    name: "a reconnected connection",
    bytes: hex(
      "93 26", // 3 items, type 38
      "a5 636f6e6e31", // connection id "conn1"
      "80", // no extensions
    ),
    message: { kind: "connectionReconnect", connectionId: "conn1" },
  },
  {
    name: "a paused client",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000001", // a client
      "d2 00000001", // pause
      "80", // no extensions
    ),
    message: { kind: "connectionFlowControl", connectionId: "conn1", connectionType: 1, operation: 1 },
  },
  {
    name: "a server connection going offline",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000002", // a server
      "d2 00000004", // offline
      "80", // no extensions
    ),
    message: { kind: "connectionFlowControl", connectionId: "conn1", connectionType: 2, operation: 4 },
  },
  {
    name: "a query for members",
    bytes: hex(
      "97 28", // 7 items, type 40
      "81 01 cd04d2", // extensions: tracing id 1234
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
      "0a", // top 10
      "a4 6e657874", // continuation "next"
      "cc c8", // page size 200
    ),
    message: {
      kind: "groupMemberQuery",
      groupName: "group1",
      ackId: 1,
      top: 10,
      continuationToken: "next",
      maxPageSize: 200,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "a query for all members",
    bytes: hex(
      "97 28", // 7 items, type 40
      "80", // no extensions
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
      "c0", // no top
      "c0", // no continuation
      "c0", // no page size
    ),
    message: {
      kind: "groupMemberQuery",
      groupName: "group1",
      ackId: 1,
      top: null,
      continuationToken: null,
      maxPageSize: null,
    },
  },
  {
    name: "refreshed claims",
    bytes: hex(
      "96 29", // 6 items, type 41
      "a4 746f6b31", // connection token "tok1"
      "82", // two claims
      "a4 726f6c65", // "role"
      "a1 61", // "a"
      "a4 726f6c65", // "role"
      "a1 62", // "b"
      "d6 ff 6955b900", // 2026-01-01
      "01", // ack id 1
      "80", // no extensions
    ),
    message: {
      kind: "refreshAuth",
      connectionToken: "tok1",
      claims: [
        ["role", "a"],
        ["role", "b"],
      ],
      expireTime: new Date("2026-01-01T00:00:00Z"),
      ackId: 1,
    },
  },
  {
    name: "claims asked for",
    bytes: hex(
      "94 2a", // 4 items, type 42
      "a4 746f6b31", // connection token "tok1"
      "02", // ack id 2
      "80", // no extensions
    ),
    message: { kind: "getConnectionClaims", connectionToken: "tok1", ackId: 2 },
  },
  {
    name: "updated claims",
    bytes: hex(
      "94 2b", // 4 items, type 43
      "a5 636f6e6e31", // connection id "conn1"
      "81", // one claim
      "a4 726f6c65", // "role"
      "a1 61", // "a"
      "80", // no extensions
    ),
    message: { kind: "updateConnectionClaims", connectionId: "conn1", claims: [["role", "a"]] },
  },
];
