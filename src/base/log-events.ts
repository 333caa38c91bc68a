import type { LogLevel } from "./probe.js";

/** One kind of log record. */
export interface LogEventRow {
  /** The official SDK's number where it has the event; ours begin at 1001. Unique in its category only. */
  readonly id: number;
  /** The loudest level it is written at; what repeats itself is written at `debug`. */
  readonly level: LogLevel;
  /** The sentence; what varies stands in braces. */
  readonly template: string;
}

type EventsOf<Names extends string> = { readonly [Name in Names]: LogEventRow };

const row = (id: number, level: LogLevel, template: string): LogEventRow => Object.freeze({ id, level, template });

const poolEvents = {
  EndpointOnline: row(1, "info", "Hub {hub} is now connected to {endpoint}."),
  EndpointOffline: row(2, "warn", "Hub {hub} is now disconnected from {endpoint}."),
  TimeoutWaitingForFinAck: row(4, "error", "{count} server connections got no answer to the announced shutdown."),
  FailedSendingPing: row(7, "warn", "The service could not be asked for its status; it will be asked again."),
  ConnectionsDoNotLast: row(
    1001,
    "warn",
    "Connections of hub {hub} to {endpoint} open and break at once. They are tried one at a time now, up to a minute apart, until one lasts for {seconds} s.",
  ),
  ConnectionsLast: row(1002, "info", "Hub {hub} has a connection to {endpoint} that lasts."),
} satisfies EventsOf<string>;

/**
 * Every event that this package logs, by category. Names are public: operators filter by them, so they stay. Names and
 * categories are those of the official SDK where it has the event.
 */
export const LOG_EVENTS = {
  "Microsoft.Azure.SignalR": {
    ConfigurationWarning: row(1001, "warn", "{problem}"),
    EmulatorStarted: row(
      1002,
      "info",
      "No connection string is set for {service}: using an emulator in this process, {url}.",
    ),
    StartFailed: row(1003, "error", "The Azure SignalR service {service} could not start."),
    StopFailed: row(1004, "error", "A hub of the Azure SignalR service {service} could not be stopped in order."),
    HealthChanged: row(1005, "error", "The Azure SignalR service {service} is {status}."),
  },
  "Microsoft.Azure.SignalR.ServiceConnection": {
    FailedToConnect: row(2, "warn", "Could not connect to {endpoint}: {error}"),
    ErrorProcessingMessages: row(3, "error", "A message of the service could not be handled and was skipped."),
    ConnectionDropped: row(4, "info", "Server connection {id} was lost: {error}"),
    ServiceConnectionClose: row(14, "info", "The service closed server connection {id}.{next}"),
    ServiceTimeout: row(
      18,
      "warn",
      "Nothing was received from {endpoint} for more than {limit} s, though the service pings every 5 s; look for a firewall, proxy or NAT that drops idle connections without a word.",
    ),
    ServiceConnectionConnected: row(20, "info", "Connected to {endpoint}."),
    SendingHandshakeRequest: row(21, "debug", "Sends the handshake request to the service."),
    HandshakeError: row(24, "warn", "Could not connect to {endpoint}: {error}"),
    FailedSendingPing: row(26, "debug", "A ping could not be sent; the next one may."),
    ReceivedServiceErrorMessage: row(27, "warn", "The service reported an error: {error}"),
    ReceivedInstanceOfflinePing: row(31, "info", "Service instance {id} is gone, with the clients on it."),
    AuthorizeFailed: row(32, "error", "{error}"),
    SendAccessKeyRequestFailed: row(33, "warn", "A new key for client tokens could not be asked for: {error}"),
    ReceivedConnectionOffline: row(1001, "info", "The service asks to send new work over other connections."),
  },
  "Microsoft.Azure.SignalR.StrongServiceConnectionContainer": poolEvents,
  "Microsoft.Azure.SignalR.WeakServiceConnectionContainer": {
    ...poolEvents,
    IgnoreSendingMessageToInactiveEndpoint: row(
      1003,
      "debug",
      "A {kind} message is not sent to a secondary endpoint that has had no clients for a while.",
    ),
  },
  "Microsoft.Azure.SignalR.MultiEndpointServiceConnectionContainer": {
    EndpointNotExists: row(3, "error", "The router chose {endpoint}, which is no endpoint of hub {hub}."),
    NoEndpointRouted: row(4, "warn", "The router chose no endpoint, so a {kind} message goes nowhere."),
    FailedWritingMessageToEndpoint: row(
      5,
      "warn",
      "A message could not be sent to {endpoint}; other endpoints may have it.",
    ),
    TimeoutWaitingForAddingEndpoint: row(
      8,
      "error",
      "After {limit} ms (serviceScaleTimeout) {problem}: {endpoint} is used from now on for as long as it is online.",
    ),
    TimeoutWaitingClientsDisconnect: row(
      9,
      "error",
      "After {limit} ms (serviceScaleTimeout) {endpoint} still has clients; {count} of this server are cut off.",
    ),
    FailedRemovingConnectionForEndpoint: row(10, "error", "{endpoint} was not told that it is left."),
    ErrorProcessingMessages: row(1001, "error", "A handler of connection events failed."),
  },
  "Microsoft.Azure.SignalR.ServiceEndpointManager": {
    DetectConfigurationChanges: row(1, "debug", "{service} has {count} endpoints from now on."),
    StartAddingEndpoint: row(2, "debug", "{endpoint} is added."),
    StartRemovingEndpoint: row(3, "debug", "{endpoint} is being left."),
    StartRenamingEndpoint: row(4, "debug", "{endpoint} has a new name."),
    ReloadEndpointsError: row(5, "error", "The endpoints of {service} stay as they are: {error}"),
    SucceedAddingEndpoint: row(10, "info", "{endpoint} is used."),
    SucceedRemovingEndpoint: row(11, "info", "{endpoint} was left."),
  },
  "Microsoft.Azure.SignalR.DefaultServiceEventHandler": {
    ServiceEvent: row(1, "info", "The service reports {event} about {object} ({id}): {text}"),
  },
  "Microsoft.Azure.SignalR.AadAccessKey": {
    FailedAuthorizeAccessKey: row(2, "warn", "Client tokens for {endpoint} cannot be signed: {error}"),
    SucceedAuthorizeAccessKey: row(3, "info", "{endpoint} lent a key for client tokens."),
  },
  "Microsoft.Azure.SignalR.ServiceRouteHelper": {
    NegotiateFailed: row(1, "error", "Negotiate for {path} was answered with {status}."),
    NegotiateRefused: row(1001, "debug", "authorize refused a client with {status}."),
  },
  "Microsoft.Azure.SignalR.NegotiateHandler": {
    SucceedToSetCustomHandshakeTimeout: row(
      1,
      "info",
      "Clients of hub {hub} have {seconds} seconds for their handshake at the service.",
    ),
    FailToSetCustomHandshakeTimeout: row(
      2,
      "warn",
      "handshakeTimeout of hub {hub} is {timeout} ms; the service takes 1,000 to 30,000 and keeps its own 15,000.",
    ),
  },
  "Microsoft.Azure.SignalR.ServiceHubDispatcher": {
    GracefulShutdownTimeoutExceeded: row(
      2,
      "warn",
      "The shutdown of hub {hub} goes on without waiting for {step}: {timeout} ms (gracefulShutdown.timeout) were not enough; {clients} clients are cut off.",
    ),
    SettingServerOffline: row(3, "info", "Hub {hub} tells the service that this server shuts down."),
    TriggeringShutdownHooks: row(4, "info", "Hub {hub} runs its shutdown hooks."),
    WaitingClientConnectionsToClose: row(5, "info", "Hub {hub} waits for its {clients} clients to leave."),
    StoppingServer: row(6, "info", "Hub {hub} closes its connections to the service."),
    ShutdownHookFailed: row(1001, "error", "A shutdown hook of hub {hub} failed, those after it do not run: {error}"),
    ShutdownStepFailed: row(1002, "error", "A step in the shutdown of hub {hub} failed and was passed over: {error}"),
  },
  "Microsoft.Azure.SignalR.HubConnectionHandler": {
    ErrorDispatchingHubEvent: row(1, "error", "{method} of {hub} failed: {error}"),
    ErrorProcessingRequest: row(2, "debug", "the connection of a client was closed: {error}"),
    FailedWritingMessage: row(6, "error", "a client was closed: {error}"),
  },
  "Microsoft.Azure.SignalR.HubDispatcher": {
    FailedInvokingHubMethod: row(8, "error", "{hub}.{method} failed: {error}"),
    FailedStreaming: row(25, "error", "{hub}.{method} failed: {error}"),
    FailedDisposingHub: row(1001, "error", "{hub}.{method} failed: {error}"),
  },
  /** For single messages, so only for those that are traced. */
  "Microsoft.Azure.SignalR.ServiceLifetimeManager": {
    StartToBroadcastMessage: row(0, "info", "Start to send message {tracingId} to all clients."),
    StartToSendMessageToConnections: row(10, "info", "Start to send message {tracingId} to connections."),
    StartToBroadcastMessageToGroup: row(20, "info", "Start to send message {tracingId} to a group."),
    StartToBroadcastMessageToGroups: row(30, "info", "Start to send message {tracingId} to groups."),
    StartToSendMessageToUser: row(40, "info", "Start to send message {tracingId} to a user."),
    StartToSendMessageToUsers: row(50, "info", "Start to send message {tracingId} to users."),
    StartToAddConnectionToGroup: row(
      60,
      "info",
      "Start to send message {tracingId} that adds a connection to a group.",
    ),
    StartToRemoveConnectionFromGroup: row(
      70,
      "info",
      "Start to send message {tracingId} that removes a connection from a group.",
    ),
    FailedToSendMessage: row(100, "warn", "Failed to send message {tracingId}: {error}"),
    SucceededToSendMessage: row(110, "info", "Succeeded to send message {tracingId}."),
    RecieveMessageFromService: row(120, "info", "Received message {tracingId} ({kind}) from the service."),
    StartToInvokeConnection: row(1001, "info", "Start to send message {tracingId} that asks a client."),
    StartToSendMessage: row(1002, "info", "Start to send message {tracingId} of kind {kind}."),
  },
  "Azure.Core": { AzureLog: row(1001, "error", "{text}") },
  "Azure.Identity": { AzureLog: row(1001, "error", "{text}") },
  "AzureSignalR.Emulator": {
    ServerConnected: row(1, "info", "Server {server} connected to hub '{hub}'."),
    ServerDisconnected: row(2, "info", "Server {server} has left hub '{hub}': {reason}"),
    BadServerMessage: row(3, "warn", "A message of a server of hub '{hub}' was passed over: {error}"),
    ClientClosed: row(4, "info", "{reason}"),
    UpstreamFailed: row(21, "warn", "Upstream event '{event}' of hub '{hub}' failed: {problem}"),
    UpstreamMissing: row(22, "warn", "No upstream is set for '{target}' of hub '{hub}'."),
    UpstreamAnswerUnusable: row(
      23,
      "warn",
      "The answer to '{target}' is no hub message in the client's protocol ({protocol}), with its framing.",
    ),
    UpstreamAuthIgnored: row(
      24,
      "warn",
      "Upstream requests carry no token of a managed identity here: the auth of template {templates} is ignored.",
    ),
    StreamNotForwarded: row(
      25,
      "warn",
      "A client called the stream '{target}' of hub '{hub}', which Serverless mode does not pass on.",
    ),
  },
} satisfies Readonly<Record<string, EventsOf<string>>>;

type Table = typeof LOG_EVENTS;

/** Where something happened: the name that operators filter by. */
export type LogCategory = keyof Table;

/** Stable name of an event. */
export type LogEvent = { [Category in LogCategory]: keyof Table[Category] & string }[LogCategory];

/** The row of an event; undefined when the category has no such event. */
export function logEventRow(category: LogCategory, event: LogEvent): LogEventRow | undefined {
  const events: Readonly<Record<string, LogEventRow>> = LOG_EVENTS[category];
  return events[event];
}
