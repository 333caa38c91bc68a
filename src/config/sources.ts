import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { SignalRError } from "../base/errors.js";
import { JsonTextError, parseJsonText } from "./json-text.js";

/** One value of one source. */
export interface Setting {
  /** Full key as written there, parts joined by `:`. */
  readonly key: string;
  /** All sources speak text; `null` takes back what lower sources say. */
  readonly value: string | null;
  /** For errors, e.g. `environment variable Azure__SignalR__signalr__ConnectionCount`. */
  readonly origin: string;
}

/** The settings of one source, by full key in lower case. */
export type Layer = ReadonlyMap<string, Setting>;

/** Where settings come from, besides options in code. */
export interface ConfigurationInput {
  /** Folder of `appsettings.json` and `appsettings.{NODE_ENV}.json`. @default the working folder */
  readonly folder?: string | undefined;
  /** Values in the shape of `appsettings.json`, in place of the files. */
  readonly values?: object | undefined;
}

const CONNECTION_STRINGS = "ConnectionStrings";
/** Prefixes under which Azure App Service hands over connection strings. */
const APP_SERVICE_PREFIX = /^(?:CUSTOM|SQL|SQLAZURE|MYSQL)CONNSTR_(.+)$/is;
// Nothing else of the environment is any of our business.
const OUR_KEY = /^(?:azure:signalr|connectionstrings):/i;
const SAFE_ENVIRONMENT_NAME = /^[\w.-]+$/;
const MAX_DEPTH = 64;

/**
 * Reads all sources, lowest first: base file, file of the environment (or the given values), environment variables.
 * A missing file is no error.
 *
 * @throws SignalRError CONFIG_INVALID for a file that cannot be read, naming file and position
 */
export function readLayers(
  configuration: ConfigurationInput,
  environmentVariables: Readonly<Record<string, string | undefined>>,
): readonly Layer[] {
  const given =
    configuration.values === undefined
      ? fileLayers(configuration.folder, environmentVariables["NODE_ENV"])
      : [objectLayer(configuration.values, "configuration.values")];
  return [...given, environmentLayer(environmentVariables)];
}

/** One layer from many: a higher one replaces keys of lower ones. */
export function mergeLayers(layers: readonly Layer[]): Layer {
  const merged = new Map<string, Setting>();
  for (const layer of layers) for (const [key, setting] of layer) merged.set(key, setting);
  return merged;
}

/** Settings below a section: rest of the key as written, and the setting. */
export function* below(layer: Layer, section: string): Generator<readonly [rest: string, setting: Setting]> {
  const prefix = `${section.toLowerCase()}:`;
  for (const [key, setting] of layer) {
    if (key.startsWith(prefix)) yield [setting.key.slice(prefix.length), setting];
  }
}

/** The base file and the file of the environment, lowest first; a missing file gives an empty layer. */
export function fileLayers(folder: string | undefined, environmentName: string | undefined): Layer[] {
  const path = resolve(folder ?? ".");
  if (folder !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SignalRError("CONFIG_INVALID", `configuration.folder: ${path} is not a folder.`);
  }
  const layers = [fileLayer(join(path, "appsettings.json"))];
  if (environmentName !== undefined && SAFE_ENVIRONMENT_NAME.test(environmentName)) {
    layers.push(fileLayer(join(path, `appsettings.${environmentName}.json`)));
  }
  return layers;
}

/**
 * One JSON file in the shape of `appsettings.json`; a missing file gives an empty layer.
 *
 * @throws SignalRError CONFIG_INVALID for a file that cannot be read, naming file and position
 */
export function fileLayer(file: string): Layer {
  const text = readText(file);
  if (text === undefined) return new Map();
  let values: unknown;
  try {
    values = parseJsonText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const place = `line ${error.line}, column ${error.column}`;
    throw new SignalRError("CONFIG_INVALID", `${file} is not valid JSON at ${place}: ${error.message}.`);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new SignalRError("CONFIG_INVALID", `${file} must hold one JSON object, { ... }.`);
  }
  return objectLayer(values, file);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new SignalRError("CONFIG_INVALID", `${file} cannot be read (${code ?? "unknown reason"}).`, { cause: error });
  }
}

/** Values in the shape of `appsettings.json`. */
export function objectLayer(values: object, origin: string): Layer {
  const layer = new Map<string, Setting>();
  flatten(values, "", 0, origin, layer);
  return layer;
}

function flatten(values: object, prefix: string, depth: number, origin: string, layer: Map<string, Setting>): void {
  if (depth > MAX_DEPTH) {
    throw new SignalRError("CONFIG_INVALID", `${origin}: values are nested deeper than ${MAX_DEPTH}, or in a circle.`);
  }
  for (const [name, value] of Object.entries(values)) {
    const key = prefix === "" ? name : `${prefix}:${name}`;
    if (typeof value === "object" && value !== null) flatten(value, key, depth + 1, origin, layer);
    else if (value !== undefined) add(layer, { key, value: value === null ? null : String(value), origin });
  }
}

/**
 * What environment variables say.
 *
 * @param ours matches the keys that are wanted; all others are left out
 */
export function environmentLayer(
  variables: Readonly<Record<string, string | undefined>>,
  ours: RegExp = OUR_KEY,
): Layer {
  const layer = new Map<string, Setting>();
  const entries = Object.entries(variables);
  // The explicit form comes second: it wins over what App Service hands over.
  for (const [name, value] of entries) {
    const rest = APP_SERVICE_PREFIX.exec(name)?.[1];
    if (rest !== undefined && value !== undefined) {
      add(layer, { key: `${CONNECTION_STRINGS}:${colons(rest)}`, value, origin: variableOrigin(name) });
    }
  }
  for (const [name, value] of entries) {
    const key = colons(name);
    if (value !== undefined && ours.test(key)) add(layer, { key, value, origin: variableOrigin(name) });
  }
  return layer;
}

function add(layer: Map<string, Setting>, setting: Setting): void {
  layer.set(setting.key.toLowerCase(), setting);
}

function colons(variableName: string): string {
  return variableName.replaceAll("__", ":");
}

function variableOrigin(name: string): string {
  return `environment variable ${name}`;
}
