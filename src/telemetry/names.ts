/** Names of what is reported. All are public: docs/reference/telemetry.md explains them. */

/** Instrumentation scopes. */
export const Scope = Object.freeze({
  /** Spans of hub calls, lifecycle methods, sends and client results. */
  server: "Azure.SignalR.Server",
  /** Spans of server connections. */
  connections: "Azure.SignalR.ServiceConnection",
  /** All metrics. */
  metrics: "Azure.SignalR",
});

export const Attribute = Object.freeze({
  rpcSystem: "rpc.system",
  rpcSystemName: "rpc.system.name",
  rpcService: "rpc.service",
  rpcMethod: "rpc.method",
  errorType: "error.type",
  serverAddress: "server.address",
  serverPort: "server.port",
  direction: "network.io.direction",
  connectionStatus: "signalr.connection.status",
  service: "azure.signalr.service",
  hub: "azure.signalr.hub",
  endpoint: "azure.signalr.endpoint",
  endpointType: "azure.signalr.endpoint.type",
  negotiateResult: "azure.signalr.negotiate.result",
  target: "azure.signalr.target",
  messageKind: "azure.signalr.message.kind",
  state: "azure.signalr.server_connection.state",
  peer: "azure.signalr.peer",
  statistic: "azure.signalr.statistic",
});

export const RPC_SYSTEM = "signalr";

/** In place of values whose number nobody bounds. */
export const OTHER = "_OTHER";

/** Names of spans that have no part of the hub in them. */
export const CONNECT_SPAN = "azure.signalr.connect";

export type InstrumentKind = "histogram" | "counter" | "updowncounter" | "gauge";

export interface MetricRow {
  readonly kind: InstrumentKind;
  readonly unit: string;
  readonly description: string;
  /** Upper bounds of a histogram's buckets, by the semantic conventions. */
  readonly buckets?: readonly number[];
}

/** Every metric. Histograms are recorded; all others are read when somebody collects them. */
export const METRICS = {
  "signalr.server.connection.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long clients were connected.",
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
  },
  "rpc.server.call.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long calls of hub methods took.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  },
  "signalr.server.active_connections": {
    kind: "updowncounter",
    unit: "{connection}",
    description: "Clients that are connected through this process.",
  },
  "azure.signalr.invocations.active": {
    kind: "updowncounter",
    unit: "{invocation}",
    description: "Calls whose hub methods have not ended.",
  },
  "azure.signalr.invocations.queued": {
    kind: "updowncounter",
    unit: "{invocation}",
    description: "Calls that wait for their turn.",
  },
  "azure.signalr.server_connections": {
    kind: "updowncounter",
    unit: "{connection}",
    description: "Websockets to the service.",
  },
  "azure.signalr.server_connection.reconnects": {
    kind: "counter",
    unit: "{reconnect}",
    description: "Websockets to the service that took the place of a lost one.",
  },
  "azure.signalr.server_connection.failures": {
    kind: "counter",
    unit: "{failure}",
    description: "Websockets to the service that were lost, or could not be opened.",
  },
  "azure.signalr.ping_timeouts": {
    kind: "counter",
    unit: "{timeout}",
    description: "Connections that were given up because the other side was silent.",
  },
  "azure.signalr.messages": {
    kind: "counter",
    unit: "{message}",
    description: "Messages to and from the service.",
  },
  "azure.signalr.io": {
    kind: "counter",
    unit: "By",
    description: "Bytes of the messages to and from the service.",
  },
  "azure.signalr.send_buffer.usage": {
    kind: "updowncounter",
    unit: "By",
    description: "Bytes for the service that the operating system has not taken yet.",
  },
  "azure.signalr.acks.pending": {
    kind: "updowncounter",
    unit: "{ack}",
    description: "Answers of the service that are waited for.",
  },
  "azure.signalr.acks.timeouts": {
    kind: "counter",
    unit: "{ack}",
    description: "Answers of the service that did not come in time.",
  },
  "azure.signalr.negotiations": {
    kind: "counter",
    unit: "{request}",
    description: "Negotiate requests.",
  },
  "azure.signalr.endpoint.online": {
    kind: "gauge",
    unit: "1",
    description: "1 while the hub is connected to the endpoint, else 0.",
  },
  "azure.signalr.endpoint.clients": {
    kind: "gauge",
    unit: "{connection}",
    description: "Clients at the endpoint, of all servers, by its own word.",
  },
  "azure.signalr.endpoint.servers": {
    kind: "gauge",
    unit: "{connection}",
    description: "Server connections at the endpoint, of all servers, by its own word.",
  },
  "azure.signalr.endpoint.capacity": {
    kind: "gauge",
    unit: "{connection}",
    description: "Clients that the endpoint can take, by its own word.",
  },
  "azure.signalr.event_loop.delay": {
    kind: "gauge",
    unit: "s",
    description: "How late this process's event loop was since the last collection.",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRICS;
