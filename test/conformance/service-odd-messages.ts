import { hex, JSON_PAYLOAD, MESSAGEPACK_PAYLOAD, type MessageVector, NO_PAYLOAD } from "./service-messages.js";

/** Bytes that are no message, or none that is known. */
export interface OtherVector {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Forms of older or newer writers, and odd ones that a reader takes all the same. */
export const TOLERATED: readonly MessageVector[] = [
  {
    name: "a handshake request of two items",
    bytes: hex(
      "92 01", // 2 items, type 1
      "01", // version 1
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
    name: "a handshake request of four items",
    bytes: hex(
      "94 01", // 4 items, type 1
      "01", // version 1
      "01", // connection type 1
      "a3 616263", // target "abc"
    ),
    message: {
      kind: "handshakeRequest",
      version: 1,
      connectionType: 1,
      target: "abc",
      migrationLevel: 0,
      allowStatefulReconnects: false,
    },
  },
  {
    name: "a handshake request of five items",
    bytes: hex(
      "95 01", // 5 items, type 1
      "01", // version 1
      "00", // connection type 0
      "a0", // target ""
      "01", // migration level 1
    ),
    message: {
      kind: "handshakeRequest",
      version: 1,
      connectionType: 0,
      target: "",
      migrationLevel: 1,
      allowStatefulReconnects: false,
    },
  },
  {
    name: "a handshake request of six items",
    bytes: hex(
      "96 01", // 6 items, type 1
      "01", // version 1
      "00", // connection type 0
      "a0", // target ""
      "01", // migration level 1
      "80", // no extensions
    ),
    message: {
      kind: "handshakeRequest",
      version: 1,
      connectionType: 0,
      target: "",
      migrationLevel: 1,
      allowStatefulReconnects: false,
    },
  },
  {
    name: "a handshake response of two items",
    bytes: hex(
      "92 02", // 2 items, type 2
      "a0", // error ""
    ),
    message: { kind: "handshakeResponse", errorMessage: "", connectionId: null },
  },
  {
    name: "a handshake response of three items",
    bytes: hex(
      "93 02", // 3 items, type 2
      "a2 6e6f", // error "no"
      "80", // no extensions
    ),
    message: { kind: "handshakeResponse", errorMessage: "no", connectionId: null },
  },
  {
    name: "an opened connection of three items",
    bytes: hex(
      "93 04", // 3 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "81", // one claim
      "a4 726f6c65", // "role"
      "a1 61", // "a"
    ),
    message: { kind: "openConnection", connectionId: "conn1", claims: [["role", "a"]], headers: [], queryString: "" },
  },
  {
    name: "an opened connection of four items, whose last one has no meaning",
    bytes: hex(
      "94 04", // 4 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "81", // one claim
      "a4 726f6c65", // "role"
      "a1 61", // "a"
      "80", // ignored
    ),
    message: { kind: "openConnection", connectionId: "conn1", claims: [["role", "a"]], headers: [], queryString: "" },
  },
  {
    name: "an opened connection of five items",
    bytes: hex(
      "95 04", // 5 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "81", // one claim
      "a4 726f6c65", // "role"
      "a1 61", // "a"
      "80", // no headers
      "a4 3f613d62", // query "?a=b"
    ),
    message: {
      kind: "openConnection",
      connectionId: "conn1",
      claims: [["role", "a"]],
      headers: [],
      queryString: "?a=b",
    },
  },
  {
    name: "a closed connection of three items",
    bytes: hex(
      "93 05", // 3 items, type 5
      "a5 636f6e6e31", // connection id "conn1"
      "c0", // no error
    ),
    message: { kind: "closeConnection", connectionId: "conn1", errorMessage: null, headers: [] },
  },
  {
    name: "a closed connection of four items",
    bytes: hex(
      "94 05", // 4 items, type 5
      "a5 636f6e6e31", // connection id "conn1"
      "a3 627965", // error "bye"
      "81", // one header
      "a1 61", // "a"
      "91", // one value
      "a1 62", // "b"
    ),
    message: { kind: "closeConnection", connectionId: "conn1", errorMessage: "bye", headers: [["a", ["b"]]] },
  },
  {
    name: "data of a connection, of three items",
    bytes: hex(
      "93 06", // 3 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD },
  },
  {
    name: "data to all, of three items",
    bytes: hex(
      "93 0a", // 3 items, type 10
      "90", // none excluded
      "82", // payloads of two protocols
      "a4 6a736f6e", // "json"
      "c4 02 7b7d", // the JSON payload
      "ab 6d6573736167657061636b", // "messagepack"
      "c4 03 029106", // the MessagePack payload
    ),
    message: {
      kind: "broadcastData",
      excludedList: [],
      payloads: [
        ["json", JSON_PAYLOAD],
        ["messagepack", MESSAGEPACK_PAYLOAD],
      ],
    },
  },
  {
    name: "a joined group of three items",
    bytes: hex(
      "93 0b", // 3 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
    ),
    message: { kind: "joinGroup", connectionId: "conn1", groupName: "group1" },
  },
  {
    name: "data to a group, of four items",
    bytes: hex(
      "94 0d", // 4 items, type 13
      "a6 67726f757031", // group "group1"
      "90", // none excluded
      "80", // no payloads
    ),
    message: {
      kind: "groupBroadcastData",
      groupName: "group1",
      excludedList: [],
      payloads: [],
      excludedUserList: [],
      callerUserId: null,
    },
  },
  {
    name: "data to a group, of five items",
    bytes: hex(
      "95 0d", // 5 items, type 13
      "a6 67726f757031", // group "group1"
      "90", // none excluded
      "80", // no payloads
      "81 01 cd04d2", // extensions: tracing id 1234
    ),
    message: {
      kind: "groupBroadcastData",
      groupName: "group1",
      excludedList: [],
      payloads: [],
      excludedUserList: [],
      callerUserId: null,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "data to a group, of six items, whose last one does not count alone",
    bytes: hex(
      "96 0d", // 6 items, type 13
      "a6 67726f757031", // group "group1"
      "90", // none excluded
      "80", // no payloads
      "81 01 cd04d2", // extensions: tracing id 1234
      "91 a1 78", // ignored
    ),
    message: {
      kind: "groupBroadcastData",
      groupName: "group1",
      excludedList: [],
      payloads: [],
      excludedUserList: [],
      callerUserId: null,
      ext: { tracingId: 1234n },
    },
  },
  {
    name: "a joined group with answer, of four items",
    bytes: hex(
      "94 12", // 4 items, type 18
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
    ),
    message: { kind: "joinGroupWithAck", connectionId: "conn1", groupName: "group1", ackId: 1 },
  },
  {
    name: "an answer of four items",
    bytes: hex(
      "94 14", // 4 items, type 20
      "01", // ack id 1
      "01", // status 1
      "a2 6f6b", // message "ok"
    ),
    message: { kind: "ack", ackId: 1, status: 1, message: "ok", payload: null },
  },
  {
    name: "an answer of five items",
    bytes: hex(
      "95 14", // 5 items, type 20
      "01", // ack id 1
      "01", // status 1
      "a2 6f6b", // message "ok"
      "80", // no extensions
    ),
    message: { kind: "ack", ackId: 1, status: 1, message: "ok", payload: null },
  },
  {
    name: "a reconnected connection of two items",
    bytes: hex(
      "92 26", // 2 items, type 38
      "a5 636f6e6e31", // connection id "conn1"
    ),
    message: { kind: "connectionReconnect", connectionId: "conn1" },
  },
  {
    name: "a flow control with small integers and no extensions",
    bytes: hex(
      "94 27", // 4 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "01", // a client 1
      "03", // resume 3
    ),
    message: { kind: "connectionFlowControl", connectionId: "conn1", connectionType: 1, operation: 3 },
  },
  {
    name: "a query for members of six items",
    bytes: hex(
      "96 28", // 6 items, type 40
      "80", // no extensions
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
      "0a", // top 10
      "a4 6e657874", // continuation "next"
    ),
    message: {
      kind: "groupMemberQuery",
      groupName: "group1",
      ackId: 1,
      top: 10,
      continuationToken: "next",
      maxPageSize: null,
    },
  },
  {
    name: "more items than known",
    bytes: hex(
      "96 06", // 6 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
      "80", // no extensions
      "93 01 02 03", // a list of the future
      "c1", // a byte that no reader should reach
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD },
  },
  {
    name: "bytes behind the last item",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
      "80", // no extensions
      "ff ff ff", // rubbish
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD },
  },
  {
    name: "wide headers",
    bytes: hex(
      "dd 00000004", // 4 items
      "cd 0006", // type 6
      "db 00000005 636f6e6e31", // connection id "conn1"
      "c6 00000002 7b7d", // payload
      "df 00000000", // no extensions
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD },
  },
  {
    name: "nil for no payload",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c0", // payload
      "80", // no extensions
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: NO_PAYLOAD },
  },
  {
    name: "unknown extensions of every shape",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
      "de 0009", // nine extensions
      "07 93 01 a161 92c0c0", // a list
      "08 82 a161 01 02 80", // a map
      "09 c0", // nil
      "0a cb 3ff0000000000000", // a float
      "0b d6 ff 00000001", // a timestamp
      "0c c4 02 0102", // bytes
      "ff a1 62", // a negative key
      "cd 0100 c3", // a large key
      "05 03", // message type 3
    ),
    message: { kind: "connectionData", connectionId: "conn1", payload: JSON_PAYLOAD, ext: { dataMessageType: 3 } },
  },
  {
    name: "extensions that this kind does not carry",
    bytes: hex(
      "94 0b", // 4 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "84 02 05 04 a166 05 02 01 07", // ttl, filter, message type, and tracing id 7
    ),
    message: { kind: "joinGroup", connectionId: "conn1", groupName: "group1", ext: { tracingId: 7n } },
  },
  {
    name: "extensions on a kind that carries none",
    bytes: hex(
      "93 26", // 3 items, type 38
      "a5 636f6e6e31", // connection id "conn1"
      "82 01 07 03 92 01 02", // tracing id, and a list as protocol
    ),
    message: { kind: "connectionReconnect", connectionId: "conn1" },
  },
  {
    name: "the largest tracing id",
    bytes: hex(
      "94 0b", // 4 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "81 01 cf ffffffffffffffff", // tracing id
    ),
    message: {
      kind: "joinGroup",
      connectionId: "conn1",
      groupName: "group1",
      ext: { tracingId: 18446744073709551615n },
    },
  },
  {
    name: "a protocol among the extensions of a completion only",
    bytes: hex(
      "97 23", // 7 items, type 35
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "c0", // no protocol
      "c4 00", // no payload
      "81 03 a4 6a736f6e", // extensions: protocol json
    ),
    message: {
      kind: "clientCompletion",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      protocol: "json",
      payload: NO_PAYLOAD,
      ext: { protocol: "json" },
    },
  },
  {
    name: "two protocols of a completion, of which the one read last counts",
    bytes: hex(
      "97 23", // 7 items, type 35
      "a4 696e7631", // invocation id "inv1"
      "a5 636f6e6e31", // connection id "conn1"
      "a7 73657276657231", // caller "server1"
      "a4 6a736f6e", // protocol "json"
      "c4 00", // no payload
      "81 03 a6 6f7468657231", // extensions: another protocol
    ),
    message: {
      kind: "clientCompletion",
      invocationId: "inv1",
      connectionId: "conn1",
      callerServerId: "server1",
      protocol: "other1",
      payload: NO_PAYLOAD,
      ext: { protocol: "other1" },
    },
  },
  {
    name: "nil for known extensions",
    bytes: hex(
      "94 0b", // 4 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "81 01 c0", // tracing id nil
    ),
    message: { kind: "joinGroup", connectionId: "conn1", groupName: "group1" },
  },
  {
    name: "nil items in lists of ids",
    bytes: hex(
      "94 07", // 4 items, type 7
      "94", // four connection ids
      "c0", // nil
      "a5 636f6e6e31", // "conn1"
      "c0", // nil
      "a5 636f6e6e32", // "conn2"
      "80", // no payloads
      "80", // no extensions
    ),
    message: { kind: "multiConnectionData", connectionList: ["conn1", "conn2"], payloads: [] },
  },
  {
    name: "nil items in the lists of a group message",
    bytes: hex(
      "97 0d", // 7 items, type 13
      "a6 67726f757031", // group "group1"
      "92", // two excluded connection ids
      "c0", // nil
      "a5 636f6e6e31", // "conn1"
      "80", // no payloads
      "80", // no extensions
      "91 c0", // an excluded user id, nil
      "c0", // no caller
    ),
    message: {
      kind: "groupBroadcastData",
      groupName: "group1",
      excludedList: ["conn1"],
      payloads: [],
      excludedUserList: [],
      callerUserId: null,
    },
  },
  {
    name: "nil for texts whose absence means the empty one",
    bytes: hex(
      "96 14", // 6 items, type 20
      "01", // ack id 1
      "01", // status 1
      "c0", // message
      "80", // no extensions
      "c0", // no payload
    ),
    message: { kind: "ack", ackId: 1, status: 1, message: "", payload: null },
  },
  {
    name: "a moment with milliseconds",
    bytes: hex(
      "96 29", // 6 items, type 41
      "a4 746f6b31", // connection token "tok1"
      "80", // no claims
      "d7 ff 1dcd6500 6955b900", // 2026-01-01 and 125 ms
      "01", // ack id 1
      "80", // no extensions
    ),
    message: {
      kind: "refreshAuth",
      connectionToken: "tok1",
      claims: [],
      expireTime: new Date("2026-01-01T00:00:00.125Z"),
      ackId: 1,
    },
  },
  {
    name: "a moment in the longest form",
    bytes: hex(
      "95 29", // 5 items, type 41
      "a4 746f6b31", // connection token "tok1"
      "80", // no claims
      "c7 0c ff 00000000 000000006955b900", // 2026-01-01
      "01", // ack id 1
    ),
    message: {
      kind: "refreshAuth",
      connectionToken: "tok1",
      claims: [],
      expireTime: new Date("2026-01-01T00:00:00Z"),
      ackId: 1,
    },
  },
];

/** What a reader refuses. */
export const INVALID: readonly OtherVector[] = [
  {
    name: "nothing",
    bytes: hex(),
  },
  {
    name: "no list",
    bytes: hex(
      "06", // a number 6
    ),
  },
  {
    name: "an empty list",
    bytes: hex(
      "90", // 0 items
    ),
  },
  {
    name: "a type that is no number",
    bytes: hex(
      "91", // 1 item
      "a1 36", // "6"
    ),
  },
  {
    name: "a missing type",
    bytes: hex(
      "94", // 4 items
    ),
  },
  {
    name: "too few items for a payload",
    bytes: hex(
      "92 06", // 2 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
    ),
  },
  {
    name: "a list that promises more than there is",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 02 7b7d", // payload
    ),
  },
  {
    name: "a connection id that is nil",
    bytes: hex(
      "94 06", // 4 items, type 6
      "c0", // connection id
      "c4 00", // payload
      "80", // no extensions
    ),
  },
  {
    name: "a connection id that is a number",
    bytes: hex(
      "94 06", // 4 items, type 6
      "05", // connection id 5
      "c4 00", // payload
      "80", // no extensions
    ),
  },
  {
    name: "a payload that is a text",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "a2 7b7d", // "{}"
      "80", // no extensions
    ),
  },
  {
    name: "a payload that is cut off",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 05 0102", // payload
    ),
  },
  {
    name: "extensions that are a list",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 00", // payload
      "90", // extensions
    ),
  },
  {
    name: "an extension key that is a text",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 00", // payload
      "81 a1 61 01", // extensions
    ),
  },
  {
    name: "a tracing id that is negative",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 00", // payload
      "81 01 ff", // extensions
    ),
  },
  {
    name: "an unknown extension that is cut off",
    bytes: hex(
      "94 06", // 4 items, type 6
      "a5 636f6e6e31", // connection id "conn1"
      "c4 00", // payload
      "81 07 92 01", // extensions
    ),
  },
  {
    name: "a ping with a number",
    bytes: hex(
      "92 03", // 2 items, type 3
      "01", // key 1
    ),
  },
  {
    name: "claims that are a list",
    bytes: hex(
      "93 04", // 3 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "90", // claims
    ),
  },
  {
    name: "a claim without value",
    bytes: hex(
      "93 04", // 3 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "81 a161 c0", // claims
    ),
  },
  {
    name: "a header whose value is no list",
    bytes: hex(
      "95 04", // 5 items, type 4
      "a5 636f6e6e31", // connection id "conn1"
      "80", // no claims
      "81 a161 a162", // headers
      "a0", // query ""
    ),
  },
  {
    name: "a list that is nil",
    bytes: hex(
      "94 07", // 4 items, type 7
      "c0", // connection ids
      "80", // no payloads
      "80", // no extensions
    ),
  },
  {
    name: "a group that is nil where one is needed",
    bytes: hex(
      "94 0b", // 4 items, type 11
      "a5 636f6e6e31", // connection id "conn1"
      "c0", // group
      "80", // no extensions
    ),
  },
  {
    name: "an ack id that does not fit",
    bytes: hex(
      "95 12", // 5 items, type 18
      "a5 636f6e6e31", // connection id "conn1"
      "a6 67726f757031", // group "group1"
      "ce 80000000", // ack id
      "80", // no extensions
    ),
  },
  {
    name: "a missing item that newer kinds need",
    bytes: hex(
      "93 17", // 3 items, type 23
      "a6 67726f757031", // group "group1"
      "01", // ack id 1
    ),
  },
  {
    name: "a boolean that is a number",
    bytes: hex(
      "97 01", // 7 items, type 1
      "01", // version 1
      "00", // connection type 0
      "a0", // target ""
      "00", // migration level 0
      "80", // no extensions
      "00", // stateful reconnects
    ),
  },
  {
    name: "a flow control of three items",
    bytes: hex(
      "93 27", // 3 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "01", // a client 1
    ),
  },
  {
    name: "a moment that is a text",
    bytes: hex(
      "96 29", // 6 items, type 41
      "a4 746f6b31", // "tok1"
      "80", // no claims
      "a4 32303236", // "2026"
      "01", // ack id 1
      "80", // no extensions
    ),
  },
  {
    name: "flow control of 0 with operation 1",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000000", // target
      "d2 00000001", // operation
      "80", // no extensions
    ),
  },
  {
    name: "flow control of 3 with operation 1",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000003", // target
      "d2 00000001", // operation
      "80", // no extensions
    ),
  },
  {
    name: "flow control of 1 with operation 0",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000001", // target
      "d2 00000000", // operation
      "80", // no extensions
    ),
  },
  {
    name: "flow control of 1 with operation 5",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 00000001", // target
      "d2 00000005", // operation
      "80", // no extensions
    ),
  },
  {
    name: "flow control of -1 with operation 1",
    bytes: hex(
      "95 27", // 5 items, type 39
      "a5 636f6e6e31", // connection id "conn1"
      "d2 ffffffff", // target
      "d2 00000001", // operation
      "80", // no extensions
    ),
  },
];

/** What a reader passes over without an error. */
export const UNKNOWN: readonly OtherVector[] = [
  {
    name: "type 0",
    bytes: hex(
      "92 00", // 2 items, type 0
      "a5 636f6e6e31", // connection id "conn1"
    ),
  },
  {
    name: "type 44",
    bytes: hex(
      "92 2c", // 2 items, type 44
      "a5 636f6e6e31", // connection id "conn1"
    ),
  },
  {
    name: "type 999",
    bytes: hex(
      "92", // 2 items
      "cd 03e7", // type 999
      "a1 61", // "a"
    ),
  },
  {
    name: "a negative type",
    bytes: hex(
      "91 ff", // 1 item, type -1
    ),
  },
  {
    name: "an unknown type with rubbish behind it",
    bytes: hex(
      "93 64", // 3 items, type 100
      "c1 c1", // rubbish
    ),
  },
];
