import fc from "fast-check";
import type {
  Payloads,
  ServiceExtensions,
  ServiceMessage,
  ServiceMessageKind,
  WireClaim,
  WireHeaders,
} from "../../src/protocol/service/messages.js";
import type { MessageOf } from "../../src/protocol/service/row.js";

type Arbitraries = { readonly [Kind in ServiceMessageKind]: fc.Arbitrary<MessageOf<Kind>> };

// Well-formed Unicode only: what is not cannot come back from UTF-8 unchanged.
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme", maxLength: 24 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  { weight: 1, arbitrary: fc.nat(400).map((length) => "id".repeat(length)) },
);
const textOrNull = fc.option(text, { nil: null });
const texts = fc.array(text, { maxLength: 20 });
const int = fc.oneof(fc.nat(300), fc.integer());
const intOrNull = fc.option(int, { nil: null });
const bytes: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 50, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.nat(20_000).map((length) => new Uint8Array(length).fill(length)) },
  )
  .map((array) => Buffer.from(array));
const payloads: fc.Arbitrary<Payloads> = fc.array(fc.tuple(text, bytes), { maxLength: 4 });
const claims: fc.Arbitrary<WireClaim[]> = fc.array(fc.tuple(text, text), { maxLength: 20 });
const headers: fc.Arbitrary<WireHeaders> = fc.array(fc.tuple(text, texts), { maxLength: 6 });
const moment = fc.date({ noInvalidDate: true });
const tracingId = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const dataMessageType = fc.integer({ min: 1, max: 4 });

type Extended = { readonly ext?: ServiceExtensions };

/** The message with some of these extensions, or with none and no map. */
function extended<Message extends object>(
  message: fc.Arbitrary<Message>,
  members: { readonly [Name in keyof ServiceExtensions]: fc.Arbitrary<ServiceExtensions[Name]> },
): fc.Arbitrary<Message & Extended> {
  const ext = fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<ServiceExtensions>;
  return fc
    .tuple(message, ext)
    .map(([given, members]) => (Object.keys(members).length === 0 ? given : { ...given, ext: members }));
}

const kind = <Kind extends ServiceMessageKind>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);
const traced = <Message extends object>(message: fc.Arbitrary<Message>): fc.Arbitrary<Message & Extended> =>
  extended(message, { tracingId });
const timed = <Message extends object>(message: fc.Arbitrary<Message>): fc.Arbitrary<Message & Extended> =>
  extended(message, { tracingId, ttl: int });
const filtered = <Message extends object>(message: fc.Arbitrary<Message>): fc.Arbitrary<Message & Extended> =>
  extended(message, { tracingId, filter: text });

/** Messages of each kind, as they come back from reading what was written. */
export const ARBITRARIES: Arbitraries = {
  handshakeRequest: fc.record({
    kind: kind("handshakeRequest"),
    version: int,
    connectionType: int,
    target: text,
    migrationLevel: int,
    allowStatefulReconnects: fc.boolean(),
  }),
  handshakeResponse: fc.record({ kind: kind("handshakeResponse"), errorMessage: textOrNull, connectionId: textOrNull }),
  ping: fc.record({ kind: kind("ping"), messages: fc.array(textOrNull, { maxLength: 30 }) }),
  openConnection: extended(
    fc.record({ kind: kind("openConnection"), connectionId: text, claims, headers, queryString: text }),
    { tracingId, protocol: text },
  ),
  closeConnection: traced(
    fc.record({ kind: kind("closeConnection"), connectionId: text, errorMessage: textOrNull, headers }),
  ),
  connectionData: extended(fc.record({ kind: kind("connectionData"), connectionId: text, payload: bytes }), {
    tracingId,
    dataMessageType,
    isPartial: fc.constant(true),
  }),
  connectionReconnect: fc.record({ kind: kind("connectionReconnect"), connectionId: text }),
  multiConnectionData: filtered(fc.record({ kind: kind("multiConnectionData"), connectionList: texts, payloads })),
  userData: filtered(fc.record({ kind: kind("userData"), userId: text, payloads })),
  multiUserData: filtered(fc.record({ kind: kind("multiUserData"), userList: texts, payloads })),
  broadcastData: filtered(fc.record({ kind: kind("broadcastData"), excludedList: texts, payloads })),
  joinGroup: traced(fc.record({ kind: kind("joinGroup"), connectionId: text, groupName: text })),
  leaveGroup: traced(fc.record({ kind: kind("leaveGroup"), connectionId: text, groupName: textOrNull })),
  groupBroadcastData: filtered(
    fc.record({
      kind: kind("groupBroadcastData"),
      groupName: text,
      excludedList: texts,
      payloads,
      excludedUserList: texts,
      callerUserId: textOrNull,
    }),
  ),
  multiGroupBroadcastData: filtered(fc.record({ kind: kind("multiGroupBroadcastData"), groupList: texts, payloads })),
  serviceError: fc.record({ kind: kind("serviceError"), errorMessage: text }),
  userJoinGroup: timed(fc.record({ kind: kind("userJoinGroup"), userId: text, groupName: text })),
  userLeaveGroup: traced(fc.record({ kind: kind("userLeaveGroup"), userId: text, groupName: textOrNull })),
  joinGroupWithAck: traced(
    fc.record({ kind: kind("joinGroupWithAck"), connectionId: text, groupName: text, ackId: int }),
  ),
  leaveGroupWithAck: traced(
    fc.record({ kind: kind("leaveGroupWithAck"), connectionId: text, groupName: textOrNull, ackId: int }),
  ),
  ack: fc.record({
    kind: kind("ack"),
    ackId: int,
    status: int,
    message: text,
    payload: fc.option(bytes, { nil: null }),
  }),
  checkUserInGroupWithAck: traced(
    fc.record({ kind: kind("checkUserInGroupWithAck"), userId: text, groupName: text, ackId: int }),
  ),
  serviceEvent: fc.record({
    kind: kind("serviceEvent"),
    objectType: int,
    objectId: textOrNull,
    eventKind: int,
    message: text,
  }),
  checkGroupExistenceWithAck: traced(
    fc.record({ kind: kind("checkGroupExistenceWithAck"), groupName: text, ackId: int }),
  ),
  checkConnectionExistenceWithAck: traced(
    fc.record({ kind: kind("checkConnectionExistenceWithAck"), connectionId: text, ackId: int }),
  ),
  checkUserExistenceWithAck: traced(fc.record({ kind: kind("checkUserExistenceWithAck"), userId: text, ackId: int })),
  userJoinGroupWithAck: timed(
    fc.record({ kind: kind("userJoinGroupWithAck"), userId: text, groupName: text, ackId: int }),
  ),
  userLeaveGroupWithAck: traced(
    fc.record({ kind: kind("userLeaveGroupWithAck"), userId: text, groupName: textOrNull, ackId: int }),
  ),
  accessKeyRequest: fc.record({ kind: kind("accessKeyRequest"), token: text, kid: textOrNull }),
  accessKeyResponse: fc.record({
    kind: kind("accessKeyResponse"),
    kid: textOrNull,
    accessKey: textOrNull,
    errorType: textOrNull,
    errorMessage: textOrNull,
  }),
  closeConnectionWithAck: traced(
    fc.record({ kind: kind("closeConnectionWithAck"), connectionId: text, reason: textOrNull, ackId: int }),
  ),
  closeConnectionsWithAck: traced(
    fc.record({ kind: kind("closeConnectionsWithAck"), reason: textOrNull, ackId: int, excludedList: texts }),
  ),
  closeUserConnectionsWithAck: traced(
    fc.record({
      kind: kind("closeUserConnectionsWithAck"),
      userId: text,
      reason: textOrNull,
      ackId: int,
      excludedList: texts,
    }),
  ),
  closeGroupConnectionsWithAck: traced(
    fc.record({
      kind: kind("closeGroupConnectionsWithAck"),
      groupName: text,
      reason: textOrNull,
      ackId: int,
      excludedList: texts,
    }),
  ),
  clientInvocation: traced(
    fc.record({
      kind: kind("clientInvocation"),
      invocationId: text,
      connectionId: text,
      callerServerId: text,
      payloads,
    }),
  ),
  clientCompletion: traced(
    fc.record({
      kind: kind("clientCompletion"),
      invocationId: text,
      connectionId: text,
      callerServerId: text,
      protocol: textOrNull,
      payload: bytes,
    }),
  ).map((message) =>
    message.protocol === null ? message : { ...message, ext: { ...message.ext, protocol: message.protocol } },
  ),
  errorCompletion: traced(
    fc.record({
      kind: kind("errorCompletion"),
      invocationId: text,
      connectionId: text,
      callerServerId: text,
      error: textOrNull,
    }),
  ),
  serviceMapping: fc.record({
    kind: kind("serviceMapping"),
    invocationId: text,
    connectionId: text,
    instanceId: text,
  }),
  connectionFlowControl: fc.record({
    kind: kind("connectionFlowControl"),
    connectionId: text,
    connectionType: fc.constantFrom(1, 2),
    operation: fc.constantFrom(1, 2, 3, 4),
  }),
  groupMemberQuery: traced(
    fc.record({
      kind: kind("groupMemberQuery"),
      groupName: text,
      ackId: int,
      top: intOrNull,
      continuationToken: textOrNull,
      maxPageSize: intOrNull,
    }),
  ),
  refreshAuth: fc.record({
    kind: kind("refreshAuth"),
    connectionToken: text,
    claims,
    expireTime: moment,
    ackId: int,
  }),
  getConnectionClaims: fc.record({ kind: kind("getConnectionClaims"), connectionToken: text, ackId: int }),
  updateConnectionClaims: fc.record({ kind: kind("updateConnectionClaims"), connectionId: text, claims }),
};

/** A message of any kind, each as likely as the other. */
export const anyMessage: fc.Arbitrary<ServiceMessage> = fc.oneof(...Object.values(ARBITRARIES));
