import convict from "convict";
import {
  type AccessTokenAlgorithm,
  type GracefulShutdownMode,
  type HubSettings,
  SERVICE_DEFAULTS,
  type ServerStickyMode,
  type ServiceMode,
} from "./options.js";
import { choice, duration, flag, list, nullable, optional, type Rule, text, wholeNumber } from "./rules.js";

/** One option: where it is found, what it may be, and what it is when it is found nowhere. */
export interface OptionRow<T> {
  /** Keys below the service's section, in any case; of several in one source the first one wins. */
  readonly keys: readonly string[];
  /** Names in the options object, dots for nesting; none: the options object does not have it. */
  readonly code: readonly string[];
  readonly rule: Rule<T>;
  readonly default: T;
}

export type OptionTable<T> = { readonly [K in keyof T]-?: OptionRow<T[K]> };

/** Values of the options that all sources may give, without the endpoints. */
export interface ServiceValues {
  serviceMode: ServiceMode;
  connectionCount: number;
  maxHubServerConnectionCount: number | undefined;
  applicationName: string | undefined;
  accessTokenLifetime: number;
  accessTokenAlgorithm: AccessTokenAlgorithm;
  serverStickyMode: ServerStickyMode;
  gracefulShutdownMode: GracefulShutdownMode;
  gracefulShutdownTimeout: number;
  serviceScaleTimeout: number;
  maxPollIntervalInSeconds: number | undefined;
}

const CLASSIC_REFUSED =
  "Classic, where the service mixes clients with and without hub servers, is not supported: choose Default for hubs in this process, or Serverless";

// No timer runs for a token's life, so it may be longer than timers can wait.
const LONGEST_TOKEN_SECONDS = 2 ** 31 - 1;

export const SERVICE_TABLE: OptionTable<ServiceValues> = Object.freeze({
  serviceMode: {
    keys: ["ServiceMode"],
    code: ["serviceMode"],
    rule: choice<ServiceMode>(["Default", "Serverless"], { Classic: CLASSIC_REFUSED }),
    default: SERVICE_DEFAULTS.serviceMode,
  },
  connectionCount: {
    keys: ["InitialHubServerConnectionCount", "ConnectionCount"],
    code: ["initialHubServerConnectionCount", "connectionCount"],
    rule: wholeNumber(0),
    default: SERVICE_DEFAULTS.connectionCount,
  },
  maxHubServerConnectionCount: {
    keys: ["MaxHubServerConnectionCount"],
    code: ["maxHubServerConnectionCount"],
    rule: optional(wholeNumber(0)),
    default: SERVICE_DEFAULTS.maxHubServerConnectionCount,
  },
  applicationName: {
    // The colon at the end is how old settings of the official SDK spell it; there it is read first.
    keys: ["ApplicationName:", "ApplicationName"],
    code: ["applicationName"],
    rule: optional(
      text(
        /^[a-zA-Z][a-zA-Z0-9_]*$/,
        "a text prefixed with alphabetic characters that only contains alpha-numeric characters or underscore",
      ),
    ),
    default: SERVICE_DEFAULTS.applicationName,
  },
  accessTokenLifetime: {
    keys: ["AccessTokenLifetimeInSeconds"],
    code: ["accessTokenLifetime"],
    rule: duration(1, LONGEST_TOKEN_SECONDS),
    default: SERVICE_DEFAULTS.accessTokenLifetime,
  },
  accessTokenAlgorithm: {
    keys: ["AccessTokenAlgorithm"],
    code: ["accessTokenAlgorithm"],
    rule: choice<AccessTokenAlgorithm>(["HS256", "HS512"]),
    default: SERVICE_DEFAULTS.accessTokenAlgorithm,
  },
  serverStickyMode: {
    keys: ["ServerStickyMode"],
    code: ["serverStickyMode"],
    rule: choice<ServerStickyMode>(["Disabled", "Preferred", "Required"]),
    default: SERVICE_DEFAULTS.serverStickyMode,
  },
  gracefulShutdownMode: {
    keys: ["GracefulShutdown:Mode"],
    code: ["gracefulShutdown.mode"],
    rule: choice<GracefulShutdownMode>(["Off", "WaitForClientsClose", "MigrateClients"]),
    default: SERVICE_DEFAULTS.gracefulShutdown.mode,
  },
  gracefulShutdownTimeout: {
    keys: ["GracefulShutdown:TimeoutInSeconds"],
    code: ["gracefulShutdown.timeout"],
    rule: duration(0),
    default: SERVICE_DEFAULTS.gracefulShutdown.timeout,
  },
  serviceScaleTimeout: {
    keys: ["ServiceScaleTimeoutInSeconds"],
    code: ["serviceScaleTimeout"],
    rule: duration(0),
    default: SERVICE_DEFAULTS.serviceScaleTimeout,
  },
  maxPollIntervalInSeconds: {
    keys: ["MaxPollIntervalInSeconds"],
    code: ["maxPollIntervalInSeconds"],
    rule: optional(wholeNumber(1, 300)),
    default: SERVICE_DEFAULTS.maxPollIntervalInSeconds,
  },
});

/** Hub options come with their plain names and, as in code, in milliseconds; their defaults are the hub's own affair. */
export const HUB_TABLE: OptionTable<HubSettings> = Object.freeze({
  handshakeTimeout: hubRow("HandshakeTimeout", wholeNumber(1)),
  keepAliveInterval: hubRow("KeepAliveInterval", wholeNumber(1)),
  clientTimeoutInterval: hubRow("ClientTimeoutInterval", wholeNumber(1)),
  maximumReceiveMessageSize: hubRow("MaximumReceiveMessageSize", nullable(wholeNumber(1))),
  streamBufferCapacity: hubRow("StreamBufferCapacity", wholeNumber(1)),
  maximumBufferedBytesPerClient: hubRow("MaximumBufferedBytesPerClient", wholeNumber(1)),
  maximumActiveCallsPerClient: hubRow("MaximumActiveCallsPerClient", wholeNumber(1)),
  observableCapacity: hubRow("ObservableCapacity", wholeNumber(1)),
  maximumParallelInvocationsPerClient: hubRow("MaximumParallelInvocationsPerClient", wholeNumber(1)),
  enableDetailedErrors: hubRow("EnableDetailedErrors", flag()),
  supportedProtocols: hubRow("SupportedProtocols", list(choice<"json" | "messagepack">(["json", "messagepack"]))),
  statefulReconnectBufferSize: hubRow("StatefulReconnectBufferSize", wholeNumber(1)),
  jsonBigIntegers: hubRow("JsonBigIntegers", flag()),
});

/** Values that were found, checked against a table; what was not found has its default. */
export type Checked<T> =
  | { readonly ok: true; readonly values: T }
  | { readonly ok: false; readonly wrong: ReadonlyArray<keyof T & string> };

/** Checks all values at once, so that all mistakes can be told in one error. */
export function checkValues<T extends object>(
  table: OptionTable<T>,
  found: Readonly<Record<string, unknown>>,
): Checked<T> {
  const names = Object.keys(table) as Array<keyof T & string>;
  const schema = names.map((name) => [name, { default: table[name].default, format: formatOf(table[name].rule) }]);
  // Arguments and environment are kept away from convict: it would read those of the process.
  const config = convict(Object.fromEntries(schema) as convict.Schema<T>, { args: [], env: {} });
  config.load(found);
  try {
    config.validate({ allowed: "strict" });
    return { ok: true, values: config.getProperties() };
  } catch (error) {
    // convict's own message knows no sources and shows values; the caller tells better.
    const wrong = names.filter((name) => name in found && !table[name].rule.accepts(found[name]));
    if (wrong.length === 0) throw error;
    return { ok: false, wrong };
  }
}

const formats = new Map<Rule<unknown>, string>();

/**
 * Rules go to convict as named formats: for formats that are functions it would guess a type from the default value and turn
 * `"5 apples"` into 5 and `"yes"` into true.
 */
function formatOf(rule: Rule<unknown>): string {
  let name = formats.get(rule);
  if (name === undefined) {
    name = `azure-signalr-server:${formats.size}`;
    convict.addFormat({
      name,
      validate(value: unknown): void {
        if (!rule.accepts(value)) throw new Error(`allowed is ${rule.allowed(true)}`);
      },
    });
    formats.set(rule, name);
  }
  return name;
}

function hubRow<T>(key: string, rule: Rule<T>): OptionRow<T | undefined> {
  return { keys: [`Hub:${key}`], code: [], rule: optional(rule), default: undefined };
}
