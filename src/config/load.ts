import { SignalRError } from "../base/errors.js";
import type { ServiceEndpoint } from "./endpoint.js";
import { type FoundValue, findValues, wrongValue } from "./find.js";
import { type EndpointOptions, findEndpoints, hasEndpoint } from "./find-endpoints.js";
import type { HubSettings, ServiceOptions, ServiceSettings } from "./options.js";
import { type Problem, settingsError, shownValue } from "./problems.js";
import { checkValues, HUB_TABLE, type OptionTable, SERVICE_TABLE, type ServiceValues } from "./schema.js";
import { type ConfigurationInput, mergeLayers, readLayers } from "./sources.js";
import { warnOfUnknownKeys } from "./unknown-keys.js";

export type { EndpointOptions } from "./find-endpoints.js";
export type { ConfigurationInput } from "./sources.js";

/** The surroundings that settings are read from. */
export interface SettingsEnvironment extends ConfigurationInput {
  /** Environment variables, `process.env` as a rule; NODE_ENV names the second file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of what is odd and still works: unknown keys, endpoints given twice. */
  warn(message: string): void;
}

/**
 * The settings of one named service. Lowest to highest: built-in default, `appsettings.json`,
 * `appsettings.{NODE_ENV}.json`, environment, options in code. Only `Azure:SignalR:<name>` and the connection strings of
 * that name are read.
 *
 * @throws SignalRError CONNECTION_STRING_MISSING | CONNECTION_STRING_INVALID | CONFIG_INVALID; one error for all that is
 * wrong, a line each, with key, source, what was found (never a secret) and what is allowed
 */
export function loadSettings(
  name: string,
  options: ServiceOptions & EndpointOptions,
  environment: SettingsEnvironment,
): ServiceSettings {
  requireName(name);
  const section = `Azure:SignalR:${name}`;
  const layers = readLayers(environment, environment.env);
  warnOfUnknownKeys(section, layers, environment.warn);

  const given = findValues(SERVICE_TABLE, section, layers, options);
  const service = checked(SERVICE_TABLE, given);
  const hub = checked(HUB_TABLE, findValues(HUB_TABLE, section, layers, options));
  const found = findEndpoints(name, mergeLayers(layers), options, environment.warn);
  const counts = countProblems(service.values, given.get("maxHubServerConnectionCount"));
  const problems = [...shapeProblems(options), ...service.problems, ...counts, ...hub.problems, ...found.problems];
  if (problems.length > 0 || service.values === undefined || hub.values === undefined)
    throw settingsError(name, problems);

  const { gracefulShutdownMode, gracefulShutdownTimeout, ...plain } = service.values;
  return Object.freeze({
    name,
    ...plain,
    gracefulShutdown: Object.freeze({ mode: gracefulShutdownMode, timeout: gracefulShutdownTimeout }),
    endpoints: Object.freeze(found.endpoints),
    hub: withoutUndefined(hub.values),
  });
}

/**
 * Reads the endpoints of a named service again, as {@link loadSettings} does, and nothing else.
 * @returns undefined when no source gives any
 * @throws SignalRError as {@link loadSettings}
 */
export function reloadEndpoints(
  name: string,
  options: ServiceOptions & EndpointOptions,
  environment: SettingsEnvironment,
): readonly ServiceEndpoint[] | undefined {
  const merged = mergeLayers(readLayers(environment, environment.env));
  if (!hasEndpoint(name, merged, options)) return undefined;
  const { endpoints, problems } = findEndpoints(name, merged, options, environment.warn);
  if (problems.length > 0) throw settingsError(name, problems);
  return Object.freeze(endpoints);
}

/**
 * Whether any source gives a connection string or endpoint for the name; for those who start an emulator when none does.
 *
 * @throws SignalRError CONFIG_INVALID when a file cannot be read
 */
export function hasConnectionString(
  name: string,
  options: ServiceOptions & EndpointOptions,
  environment: SettingsEnvironment,
): boolean {
  requireName(name);
  return hasEndpoint(name, mergeLayers(readLayers(environment, environment.env)), options);
}

function requireName(name: string): void {
  if (typeof name !== "string" || name === "") {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      "name: The value cannot be an empty string. It names the service's settings.",
    );
  }
}

interface CheckedTable<T> {
  readonly values: T | undefined;
  readonly problems: readonly Problem[];
}

function checked<T extends object>(
  table: OptionTable<T>,
  found: ReadonlyMap<keyof T & string, FoundValue>,
): CheckedTable<T> {
  const values = Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  const result = checkValues(table, values);
  if (result.ok) return { values: result.values, problems: [] };
  const problems: Problem[] = [];
  for (const name of result.wrong) {
    const wrong = found.get(name);
    if (wrong !== undefined) problems.push(wrongValue(table[name], wrong));
  }
  return { values: undefined, problems };
}

/** The one rule that two options share. */
function countProblems(values: ServiceValues | undefined, source: FoundValue | undefined): Problem[] {
  const most = values?.maxHubServerConnectionCount;
  if (values === undefined || source === undefined || most === undefined || most >= values.connectionCount) return [];
  const allowed = `a whole number >= ${values.connectionCount} (the connections that are always open), or nothing`;
  const line = `${source.key} (${source.origin}): found ${shownValue(source.written)}; allowed is ${allowed}`;
  return [{ code: "CONFIG_INVALID", line }];
}

/** JavaScript callers may pass the mode where the object belongs; its members would then silently be absent. */
function shapeProblems(options: ServiceOptions): Problem[] {
  const given: unknown = options.gracefulShutdown;
  if (given === undefined || given === null || (typeof given === "object" && !Array.isArray(given))) return [];
  const line = `gracefulShutdown (code): found ${shownValue(given)}; allowed is an object { mode, timeout }`;
  return [{ code: "CONFIG_INVALID", line }];
}

function withoutUndefined(values: HubSettings): HubSettings {
  return Object.freeze(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)));
}
