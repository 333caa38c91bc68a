import type { ServiceEndpoint } from "./endpoint.js";

export type ServiceMode = "Default" | "Serverless";
export type ServerStickyMode = "Disabled" | "Preferred" | "Required";
export type AccessTokenAlgorithm = "HS256" | "HS512";
export type GracefulShutdownMode = "Off" | "WaitForClientsClose" | "MigrateClients";

/** Options of one named service that may also come from JSON files and the environment. Durations are milliseconds. */
export interface ServiceOptions {
  /** What the service does with hub servers. `Classic` is refused. @default "Default" */
  readonly serviceMode?: ServiceMode;
  /** Connection string of one more endpoint: primary and nameless. */
  readonly connectionString?: string;
  /** Websockets held open per hub and endpoint; 0 only negotiates. Alias: {@link initialHubServerConnectionCount}. @default 5 */
  readonly connectionCount?: number;
  /** The official long name of {@link connectionCount}; wins when both are given. @default 5 */
  readonly initialHubServerConnectionCount?: number;
  /** Cap that includes connections the service asks for; undefined: no cap. At least `connectionCount`. */
  readonly maxHubServerConnectionCount?: number | undefined;
  /** Prefix of all hub names at the service: a letter, then letters, digits, underscores. */
  readonly applicationName?: string | undefined;
  /** Life of client and server tokens. @default 3_600_000 (one hour) */
  readonly accessTokenLifetime?: number;
  /** @default "HS256" */
  readonly accessTokenAlgorithm?: AccessTokenAlgorithm;
  /** Whether a client must come back to the server that negotiated. @default "Disabled" */
  readonly serverStickyMode?: ServerStickyMode;
  readonly gracefulShutdown?: {
    /** @default "Off" */
    readonly mode?: GracefulShutdownMode;
    /** Limit for the whole shutdown. @default 30_000 */
    readonly timeout?: number;
  };
  /** Limit for adding or removing an endpoint at run time. @default 300_000 */
  readonly serviceScaleTimeout?: number;
  /** Seconds, 1 to 300, after which an idle long-polling client is dropped; undefined: the service's own 5. */
  readonly maxPollIntervalInSeconds?: number | undefined;
}

/** Hub options that may come from JSON files and the environment, below `Azure:SignalR:<name>:Hub`; set ones only. */
export interface HubSettings {
  readonly handshakeTimeout?: number;
  readonly keepAliveInterval?: number;
  readonly clientTimeoutInterval?: number;
  /** Bytes; null: no limit. */
  readonly maximumReceiveMessageSize?: number | null;
  readonly streamBufferCapacity?: number;
  readonly maximumBufferedBytesPerClient?: number;
  readonly maximumActiveCallsPerClient?: number;
  readonly observableCapacity?: number;
  readonly maximumParallelInvocationsPerClient?: number;
  readonly enableDetailedErrors?: boolean;
  readonly supportedProtocols?: ReadonlyArray<"json" | "messagepack">;
  readonly statefulReconnectBufferSize?: number;
  readonly jsonBigIntegers?: boolean;
}

/** {@link ServiceOptions} after all sources were merged, checked and given defaults. Frozen. */
export interface ServiceSettings {
  readonly name: string;
  readonly serviceMode: ServiceMode;
  /** At least one, the first one primary. */
  readonly endpoints: readonly ServiceEndpoint[];
  readonly connectionCount: number;
  readonly maxHubServerConnectionCount: number | undefined;
  readonly applicationName: string | undefined;
  readonly accessTokenLifetime: number;
  readonly accessTokenAlgorithm: AccessTokenAlgorithm;
  readonly serverStickyMode: ServerStickyMode;
  readonly gracefulShutdown: { readonly mode: GracefulShutdownMode; readonly timeout: number };
  readonly serviceScaleTimeout: number;
  readonly maxPollIntervalInSeconds: number | undefined;
  /** For all hubs of this service; options in code go over them. */
  readonly hub: HubSettings;
}

export const SERVICE_DEFAULTS = Object.freeze({
  serviceMode: "Default" as ServiceMode,
  connectionCount: 5,
  maxHubServerConnectionCount: undefined as number | undefined,
  applicationName: undefined as string | undefined,
  accessTokenLifetime: 3_600_000,
  accessTokenAlgorithm: "HS256" as AccessTokenAlgorithm,
  serverStickyMode: "Disabled" as ServerStickyMode,
  gracefulShutdown: Object.freeze({ mode: "Off" as GracefulShutdownMode, timeout: 30_000 }),
  serviceScaleTimeout: 300_000,
  maxPollIntervalInSeconds: undefined as number | undefined,
});
