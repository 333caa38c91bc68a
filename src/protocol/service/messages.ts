/**
 * The messages of the service protocol, version 1: what travels on a `/server` websocket between a hub server and the
 * service. Field names are those of the protocol; an absent `ext` is the empty extension map.
 */

/** A claim as it travels: order and repeats matter. */
export type WireClaim = readonly [type: string, value: string];

/** One serialized hub message for each hub protocol, in the order written; protocol names match without regard to case. */
export type Payloads = ReadonlyArray<readonly [protocol: string, payload: Uint8Array]>;

/** HTTP-like headers of a client; names as written. */
export type WireHeaders = ReadonlyArray<readonly [name: string, values: readonly string[]]>;

export const ConnectionType = Object.freeze({ Default: 0, OnDemand: 1, Weak: 2 });
export const MigrationLevel = Object.freeze({ Off: 0, ShutdownOnly: 1, Any: 2 });
export const AckStatus = Object.freeze({ Ok: 1, NotFound: 2, Timeout: 3, InternalServerError: 4, Forbidden: 5 });
export const DataMessageType = Object.freeze({ Unknown: 0, Handshake: 1, Invocation: 2, Other: 3, Close: 4 });
export const FlowControlTarget = Object.freeze({ Client: 1, Server: 2 });
export const FlowControlOperation = Object.freeze({ Pause: 1, PauseAck: 2, Resume: 3, Offline: 4 });
export const ServiceEventObject = Object.freeze({
  ServiceInstance: 0,
  Connection: 1,
  User: 2,
  Group: 3,
  ServerConnection: 4,
});
export const ServiceEventKind = Object.freeze({ Reloading: 0, Invalid: 1, NotExisted: 2, BufferFull: 3 });

/** Optional members of a message, written in ascending key order and only when set. */
export interface ServiceExtensions {
  /** Unsigned 64 bit. Key 1. */
  readonly tracingId?: bigint;
  /** Seconds. Key 2. */
  readonly ttl?: number;
  /** Hub protocol of the client. Key 3. */
  readonly protocol?: string;
  /** Key 4. */
  readonly filter?: string;
  /** One of {@link DataMessageType}; 0 is not written. Key 5. */
  readonly dataMessageType?: number;
  /** More bytes of the same hub message follow. Key 6. */
  readonly isPartial?: boolean;
}

interface Extended {
  readonly ext?: ServiceExtensions;
}

interface Acked extends Extended {
  readonly ackId: number;
}

export interface HandshakeRequest extends Extended {
  readonly kind: "handshakeRequest";
  readonly version: number;
  readonly connectionType: number;
  readonly target: string;
  readonly migrationLevel: number;
  readonly allowStatefulReconnects: boolean;
}

export interface HandshakeResponse extends Extended {
  readonly kind: "handshakeResponse";
  /** Null or empty: success. */
  readonly errorMessage: string | null;
  readonly connectionId: string | null;
}

export interface Ping {
  readonly kind: "ping";
  /** Flat pairs of key and value; empty is the plain keep-alive. */
  readonly messages: ReadonlyArray<string | null>;
}

export interface OpenConnection extends Extended {
  readonly kind: "openConnection";
  readonly connectionId: string;
  readonly claims: readonly WireClaim[];
  readonly headers: WireHeaders;
  readonly queryString: string;
}

export interface CloseConnection extends Extended {
  readonly kind: "closeConnection";
  readonly connectionId: string;
  readonly errorMessage: string | null;
  readonly headers: WireHeaders;
}

export interface ConnectionData extends Extended {
  readonly kind: "connectionData";
  readonly connectionId: string;
  /** A view into the frame it was read from when reading: copy what must outlive the handler. */
  readonly payload: Uint8Array;
}

export interface ConnectionReconnect extends Extended {
  readonly kind: "connectionReconnect";
  readonly connectionId: string;
}

export interface MultiConnectionData extends Extended {
  readonly kind: "multiConnectionData";
  readonly connectionList: readonly string[];
  readonly payloads: Payloads;
}

export interface UserData extends Extended {
  readonly kind: "userData";
  readonly userId: string;
  readonly payloads: Payloads;
}

export interface MultiUserData extends Extended {
  readonly kind: "multiUserData";
  readonly userList: readonly string[];
  readonly payloads: Payloads;
}

export interface BroadcastData extends Extended {
  readonly kind: "broadcastData";
  readonly excludedList: readonly string[];
  readonly payloads: Payloads;
}

export interface JoinGroup extends Extended {
  readonly kind: "joinGroup";
  readonly connectionId: string;
  readonly groupName: string;
}

export interface LeaveGroup extends Extended {
  readonly kind: "leaveGroup";
  readonly connectionId: string;
  /** Null: all groups. */
  readonly groupName: string | null;
}

export interface GroupBroadcastData extends Extended {
  readonly kind: "groupBroadcastData";
  readonly groupName: string;
  readonly excludedList: readonly string[];
  readonly payloads: Payloads;
  readonly excludedUserList: readonly string[];
  readonly callerUserId: string | null;
}

export interface MultiGroupBroadcastData extends Extended {
  readonly kind: "multiGroupBroadcastData";
  readonly groupList: readonly string[];
  readonly payloads: Payloads;
}

export interface ServiceErrorMessage {
  readonly kind: "serviceError";
  readonly errorMessage: string;
}

export interface UserJoinGroup extends Extended {
  readonly kind: "userJoinGroup";
  readonly userId: string;
  readonly groupName: string;
}

export interface UserLeaveGroup extends Extended {
  readonly kind: "userLeaveGroup";
  readonly userId: string;
  /** Null: all groups of the user. */
  readonly groupName: string | null;
}

export interface JoinGroupWithAck extends Acked {
  readonly kind: "joinGroupWithAck";
  readonly connectionId: string;
  readonly groupName: string;
}

export interface LeaveGroupWithAck extends Acked {
  readonly kind: "leaveGroupWithAck";
  readonly connectionId: string;
  /** Null: all groups. */
  readonly groupName: string | null;
}

export interface Ack extends Acked {
  readonly kind: "ack";
  /** One of {@link AckStatus}. */
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array | null;
}

export interface CheckUserInGroupWithAck extends Acked {
  readonly kind: "checkUserInGroupWithAck";
  readonly userId: string;
  readonly groupName: string;
}

export interface ServiceEvent extends Extended {
  readonly kind: "serviceEvent";
  /** One of {@link ServiceEventObject}. */
  readonly objectType: number;
  readonly objectId: string | null;
  /** One of {@link ServiceEventKind}; the protocol calls it kind. */
  readonly eventKind: number;
  readonly message: string;
}

export interface CheckGroupExistenceWithAck extends Acked {
  readonly kind: "checkGroupExistenceWithAck";
  readonly groupName: string;
}

export interface CheckConnectionExistenceWithAck extends Acked {
  readonly kind: "checkConnectionExistenceWithAck";
  readonly connectionId: string;
}

export interface CheckUserExistenceWithAck extends Acked {
  readonly kind: "checkUserExistenceWithAck";
  readonly userId: string;
}

export interface UserJoinGroupWithAck extends Acked {
  readonly kind: "userJoinGroupWithAck";
  readonly userId: string;
  readonly groupName: string;
}

export interface UserLeaveGroupWithAck extends Acked {
  readonly kind: "userLeaveGroupWithAck";
  readonly userId: string;
  /** Null: all groups of the user. */
  readonly groupName: string | null;
}

export interface AccessKeyRequest extends Extended {
  readonly kind: "accessKeyRequest";
  readonly token: string;
  readonly kid: string | null;
}

export interface AccessKeyResponse extends Extended {
  readonly kind: "accessKeyResponse";
  readonly kid: string | null;
  readonly accessKey: string | null;
  /** Null or empty: success. */
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

export interface CloseConnectionWithAck extends Acked {
  readonly kind: "closeConnectionWithAck";
  readonly connectionId: string;
  readonly reason: string | null;
}

export interface CloseConnectionsWithAck extends Acked {
  readonly kind: "closeConnectionsWithAck";
  readonly reason: string | null;
  readonly excludedList: readonly string[];
}

export interface CloseUserConnectionsWithAck extends Acked {
  readonly kind: "closeUserConnectionsWithAck";
  readonly userId: string;
  readonly reason: string | null;
  readonly excludedList: readonly string[];
}

export interface CloseGroupConnectionsWithAck extends Acked {
  readonly kind: "closeGroupConnectionsWithAck";
  readonly groupName: string;
  readonly reason: string | null;
  readonly excludedList: readonly string[];
}

export interface ClientInvocation extends Extended {
  readonly kind: "clientInvocation";
  readonly invocationId: string;
  readonly connectionId: string;
  readonly callerServerId: string;
  readonly payloads: Payloads;
}

export interface ClientCompletion extends Extended {
  readonly kind: "clientCompletion";
  readonly invocationId: string;
  readonly connectionId: string;
  readonly callerServerId: string;
  /** Hub protocol of `payload`; also written as extension key 3 when not null. */
  readonly protocol: string | null;
  readonly payload: Uint8Array;
}

export interface ErrorCompletion extends Extended {
  readonly kind: "errorCompletion";
  readonly invocationId: string;
  readonly connectionId: string;
  readonly callerServerId: string;
  readonly error: string | null;
}

export interface ServiceMapping extends Extended {
  readonly kind: "serviceMapping";
  readonly invocationId: string;
  readonly connectionId: string;
  readonly instanceId: string;
}

export interface ConnectionFlowControl extends Extended {
  readonly kind: "connectionFlowControl";
  readonly connectionId: string;
  /** One of {@link FlowControlTarget}. */
  readonly connectionType: number;
  /** One of {@link FlowControlOperation}. */
  readonly operation: number;
}

export interface GroupMemberQuery extends Acked {
  readonly kind: "groupMemberQuery";
  readonly groupName: string;
  readonly top: number | null;
  readonly continuationToken: string | null;
  readonly maxPageSize: number | null;
}

export interface RefreshAuth extends Acked {
  readonly kind: "refreshAuth";
  readonly connectionToken: string;
  readonly claims: readonly WireClaim[];
  readonly expireTime: Date;
}

export interface GetConnectionClaims extends Acked {
  readonly kind: "getConnectionClaims";
  readonly connectionToken: string;
}

export interface UpdateConnectionClaims extends Extended {
  readonly kind: "updateConnectionClaims";
  readonly connectionId: string;
  readonly claims: readonly WireClaim[];
}

export type ServiceMessage =
  | HandshakeRequest
  | HandshakeResponse
  | Ping
  | OpenConnection
  | CloseConnection
  | ConnectionData
  | MultiConnectionData
  | UserData
  | MultiUserData
  | BroadcastData
  | JoinGroup
  | LeaveGroup
  | GroupBroadcastData
  | MultiGroupBroadcastData
  | ServiceErrorMessage
  | UserJoinGroup
  | UserLeaveGroup
  | JoinGroupWithAck
  | LeaveGroupWithAck
  | Ack
  | CheckUserInGroupWithAck
  | ServiceEvent
  | CheckGroupExistenceWithAck
  | CheckConnectionExistenceWithAck
  | CheckUserExistenceWithAck
  | UserJoinGroupWithAck
  | UserLeaveGroupWithAck
  | AccessKeyRequest
  | AccessKeyResponse
  | CloseConnectionWithAck
  | CloseConnectionsWithAck
  | CloseUserConnectionsWithAck
  | CloseGroupConnectionsWithAck
  | ClientInvocation
  | ClientCompletion
  | ErrorCompletion
  | ServiceMapping
  | ConnectionReconnect
  | ConnectionFlowControl
  | GroupMemberQuery
  | RefreshAuth
  | GetConnectionClaims
  | UpdateConnectionClaims;

export type ServiceMessageKind = ServiceMessage["kind"];

/** Messages that the service answers with an {@link Ack}. */
export type AckableMessage = Exclude<Extract<ServiceMessage, { readonly ackId: number }>, Ack>;
