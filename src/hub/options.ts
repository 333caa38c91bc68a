import { SignalRError } from "../base/errors.js";
import type { JsonReplacer, JsonReviver } from "../protocol/hub/json-hooks.js";
import type { HubCallerContext } from "./context.js";
import type { HubFilter } from "./filters.js";
import type { AnyHub, HubClass } from "./hub.js";

export type HubProtocolName = "json" | "messagepack";

/** Options of one hub, or of all hubs of a service. Durations are milliseconds. */
export interface HubOptions {
  /** Time that a client has for its handshake. @default 15_000 */
  readonly handshakeTimeout?: number;
  /** A ping goes to each client this often. @default 15_000 */
  readonly keepAliveInterval?: number;
  /** A client that has pinged once and then is silent for this long is closed. @default 30_000 */
  readonly clientTimeoutInterval?: number;
  /** Bytes of one message from a client, its framing counted; null: no limit. @default 32_768 */
  readonly maximumReceiveMessageSize?: number | null;
  /**
   * Items of each upload that may wait at their own size; each further one counts 100 bytes more against
   * `maximumBufferedBytesPerClient`, for what it costs in memory. @default 10
   */
  readonly streamBufferCapacity?: number;
  /**
   * Bytes, as they lie in memory, of what one client has sent and the hub has not finished with: calls that wait for
   * their turn, streams and uploads that run, items that nobody has read. The same bound holds for what waits to be sent
   * to one client while the service has it paused. A client beyond it is closed with an error; others are not affected. A message that is held alone may be larger. @default 8_388_608 (8 MiB), or four times
   * `maximumReceiveMessageSize` where that is more, or as much as comes where that is null
   */
  readonly maximumBufferedBytesPerClient?: number;
  /** Calls of one client that may run at the same time: streams, uploads, and calls that wait for the client. @default 1_000 */
  readonly maximumActiveCallsPerClient?: number;
  /** Items of an observable, returned by a stream method, that may wait for the client; more fail the stream. @default 10_000 */
  readonly observableCapacity?: number;
  /** Plain invocations of one client that run at the same time; streams and uploads are not counted. @default 1 */
  readonly maximumParallelInvocationsPerClient?: number;
  /** Clients see name and message of every error, not of HubException only. Not for production. @default false */
  readonly enableDetailedErrors?: boolean;
  /** @default ["json", "messagepack"] */
  readonly supportedProtocols?: readonly HubProtocolName[];
  /** Bytes kept for a client that may reconnect statefully. @default 100_000 */
  readonly statefulReconnectBufferSize?: number;
  /** JSON: read integers beyond 2^53-1 exactly, as bigint. @default false */
  readonly jsonBigIntegers?: boolean;
  /**
   * JSON: sees each argument, result and item, and all that is in them, before it is written. It comes before `toJSON`,
   * so it can tell a Date from a text.
   */
  readonly jsonReplacer?: JsonReplacer;
  /** JSON: sees each argument, result and item, and all that is in them, after it was read; undefined removes a member. */
  readonly jsonReviver?: JsonReviver;
  /** Code around hub calls: global filters first, then the hub's own. @default [] */
  readonly filters?: readonly HubFilter[];
  /** Makes hub objects, e.g. from a container; by default the class is constructed without arguments. */
  readonly createHub?: (hubClass: HubClass, context: HubCallerContext) => AnyHub | Promise<AnyHub>;
}

/** Options that are functions, and have no default. */
type HubHooks = "createHub" | "jsonReplacer" | "jsonReviver";

export type ResolvedHubOptions = Readonly<Required<Omit<HubOptions, HubHooks>>> & Pick<HubOptions, HubHooks>;

const KNOWN_PROTOCOLS: readonly HubProtocolName[] = Object.freeze(["json", "messagepack"]);

export const HUB_DEFAULTS: ResolvedHubOptions = Object.freeze({
  handshakeTimeout: 15_000,
  keepAliveInterval: 15_000,
  clientTimeoutInterval: 30_000,
  maximumReceiveMessageSize: 32_768,
  streamBufferCapacity: 10,
  maximumBufferedBytesPerClient: 8 * 1024 * 1024,
  maximumActiveCallsPerClient: 1000,
  observableCapacity: 10_000,
  maximumParallelInvocationsPerClient: 1,
  enableDetailedErrors: false,
  supportedProtocols: KNOWN_PROTOCOLS,
  statefulReconnectBufferSize: 100_000,
  jsonBigIntegers: false,
  filters: Object.freeze([]),
});

/** Numbers that must be whole and at least 1; the largest delay a timer can take bounds the durations. */
const POSITIVE = [
  "handshakeTimeout",
  "keepAliveInterval",
  "clientTimeoutInterval",
  "streamBufferCapacity",
  "maximumBufferedBytesPerClient",
  "maximumActiveCallsPerClient",
  "observableCapacity",
  "maximumParallelInvocationsPerClient",
  "statefulReconnectBufferSize",
] as const;
const FLAGS = ["enableDetailedErrors", "jsonBigIntegers"] as const;
const LARGEST = 2 ** 31 - 1;

/**
 * Global options, then the hub's own over them; filters add up, global ones outermost.
 * @throws SignalRError CONFIG_INVALID naming the option, what was found and what is allowed
 */
export function resolveHubOptions(global: HubOptions = {}, own: HubOptions = {}): ResolvedHubOptions {
  const given = { ...withoutUndefined(global), ...withoutUndefined(own) };
  const resolved: ResolvedHubOptions = {
    ...HUB_DEFAULTS,
    maximumBufferedBytesPerClient: boundFor(given.maximumReceiveMessageSize),
    ...given,
    filters: Object.freeze([...listOf(global.filters), ...listOf(own.filters)]),
  };
  for (const name of POSITIVE) requireWholeNumber(name, resolved[name]);
  if (resolved.maximumReceiveMessageSize !== null) {
    requireWholeNumber("maximumReceiveMessageSize", resolved.maximumReceiveMessageSize, ", or null for no limit");
  }
  for (const name of FLAGS) {
    if (typeof resolved[name] !== "boolean") throw invalid(name, resolved[name], "true or false");
  }
  requireProtocols(resolved.supportedProtocols);
  requireFilters(resolved.filters);
  if (resolved.createHub !== undefined && typeof resolved.createHub !== "function") {
    throw invalid("createHub", resolved.createHub, "a function (hubClass, context) => hub");
  }
  for (const name of ["jsonReplacer", "jsonReviver"] as const) {
    if (resolved[name] !== undefined && typeof resolved[name] !== "function") {
      throw invalid(name, resolved[name], "a function (key, value) => value");
    }
  }
  return Object.freeze(resolved);
}

/** Whoever allows larger messages wants some of them to wait, too. */
function boundFor(maximumReceiveMessageSize: number | null | undefined): number {
  if (maximumReceiveMessageSize === null) return LARGEST;
  const { maximumBufferedBytesPerClient } = HUB_DEFAULTS;
  return Math.min(Math.max(maximumBufferedBytesPerClient, 4 * (maximumReceiveMessageSize ?? 0)), LARGEST);
}

function withoutUndefined(options: HubOptions): HubOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function requireWholeNumber(name: string, value: unknown, alternative = ""): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > LARGEST) {
    throw invalid(name, value, `a whole number from 1 to ${LARGEST}${alternative}`);
  }
}

function requireProtocols(protocols: readonly string[]): void {
  if (!Array.isArray(protocols)) throw invalid("supportedProtocols", protocols, "an array of protocol names");
  if (protocols.length === 0) {
    throw new SignalRError("CONFIG_INVALID", "There are no supported protocols: supportedProtocols is an empty array");
  }
  for (const protocol of protocols) {
    if (!KNOWN_PROTOCOLS.some((known) => known === protocol)) {
      throw invalid("supportedProtocols", protocol, `any of ${KNOWN_PROTOCOLS.join(", ")}`);
    }
  }
}

/** What is no list is kept as one item, to be refused by its name. */
function listOf(filters: readonly HubFilter[] | undefined): readonly HubFilter[] {
  return Array.isArray(filters) ? filters : filters === undefined ? [] : [filters as unknown as HubFilter];
}

function requireFilters(filters: readonly HubFilter[]): void {
  for (const filter of filters) {
    const parts = [filter?.invoke, filter?.connected, filter?.disconnected];
    const isFilter =
      parts.some((part) => part !== undefined) &&
      parts.every((part) => part === undefined || typeof part === "function");
    if (!isFilter) throw invalid("filters", filter, "an array of objects with invoke, connected or disconnected");
  }
}

function invalid(name: string, found: unknown, allowed: string): SignalRError {
  const shown = typeof found === "string" ? `"${found}"` : String(found);
  return new SignalRError("CONFIG_INVALID", `hub option ${name} must be ${allowed}, got ${shown}`);
}
