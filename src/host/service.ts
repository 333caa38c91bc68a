import { createAccessKeyTokens } from "../auth/access-key.js";
import type { TokenSource } from "../auth/token-source.js";
import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { type ConfigurationInput, type EndpointOptions, hasConnectionString, loadSettings } from "../config/load.js";
import type { ServiceOptions, ServiceSettings } from "../config/options.js";
import type { EntraEndpoints } from "./entra-endpoints.js";

/** The options of a named service that say where it is and how to use it. */
export interface ServiceSourceOptions extends ServiceOptions, EndpointOptions {
  /** Where settings are read: another folder for `appsettings.json`, or values in its place. @default the working folder */
  readonly configuration?: ConfigurationInput;
  /**
   * Starts an emulator in this process, on a free port, when no connection string is set and NODE_ENV is not
   * `production`. @default false
   */
  readonly emulator?: boolean;
}

/** A service whose settings are known; with an emulator of its own behind it, perhaps. */
export interface OpenService {
  readonly settings: ServiceSettings;
  /** One source for each endpoint, for all hubs. */
  tokens(endpoint: ServiceEndpoint): TokenSource;
  /** Stops what was started for this service; not its hubs. */
  close(): Promise<void>;
}

export interface OpenServiceInput {
  readonly name: string;
  readonly options: ServiceSourceOptions;
  readonly serverName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly probe: Probe;
  readonly clock: Clock;
}

interface RunningEmulator {
  readonly connectionString: string;
  readonly url: string;
  stop(): Promise<void>;
}

const CATEGORY = "Microsoft.Azure.SignalR";

/**
 * Reads and checks all settings, and starts the emulator if it is asked for and needed.
 * @throws SignalRError CONFIG_INVALID, CONNECTION_STRING_MISSING, CONNECTION_STRING_INVALID
 */
export async function openService(input: OpenServiceInput): Promise<OpenService> {
  const { name, options, env, probe } = input;
  const sources = {
    env,
    ...options.configuration,
    warn: (message: string) => log(probe, "warn", "ConfigurationWarning", message),
  };
  const emulator = await emulatorFor(input, () => hasConnectionString(name, options, sources));
  try {
    const connection = emulator === undefined ? {} : { connectionString: emulator.connectionString };
    const settings = loadSettings(name, { ...options, ...connection }, sources);
    requireDefaultMode(settings);
    // Made at once, so that an endpoint without a usable credential stops the start and not the first client.
    const tokens = new Map<ServiceEndpoint, TokenSource>();
    for (const endpoint of settings.endpoints) {
      if (endpoint.credential.kind === "accessKey") tokens.set(endpoint, accessKeyTokensOf(input, settings, endpoint));
    }
    // Last, because it sets timers.
    const entra = await entraOf(input, settings);
    for (const [endpoint, source] of entra?.tokens ?? []) tokens.set(endpoint, source);
    return {
      settings,
      tokens(endpoint) {
        const source = tokens.get(endpoint);
        if (source === undefined) throw new Error("bug: an endpoint that is not in the settings has no tokens");
        return source;
      },
      async close() {
        entra?.stop();
        await emulator?.stop();
      },
    };
  } catch (error) {
    await emulator?.stop();
    throw error;
  }
}

async function emulatorFor(input: OpenServiceInput, isConfigured: () => boolean): Promise<RunningEmulator | undefined> {
  if (input.options.emulator !== true || input.env["NODE_ENV"] === "production" || isConfigured()) return undefined;
  // Loaded only here: a process that talks to Azure never reads the emulator's code.
  const { startEmulator } = await import("../emulator/index.js");
  const emulator = await startEmulator({ port: 0, probe: input.probe });
  log(
    input.probe,
    "info",
    "EmulatorStarted",
    `No connection string is set for ${input.name}: using an emulator in this process, ${emulator.url}.`,
  );
  return emulator;
}

async function entraOf(input: OpenServiceInput, settings: ServiceSettings): Promise<EntraEndpoints | undefined> {
  const endpoints = settings.endpoints.filter(({ credential }) => credential.kind === "entra");
  if (endpoints.length === 0) return undefined;
  // Loaded only here: a process with access keys never reads the code for identities and REST calls.
  const { openEntraEndpoints } = await import("./entra-endpoints.js");
  return openEntraEndpoints({ endpoints, settings, clock: input.clock, probe: input.probe });
}

function accessKeyTokensOf(input: OpenServiceInput, settings: ServiceSettings, endpoint: ServiceEndpoint): TokenSource {
  return createAccessKeyTokens({
    endpoint,
    serverName: input.serverName,
    algorithm: settings.accessTokenAlgorithm,
    lifetimeMs: settings.accessTokenLifetime,
    clock: input.clock,
  });
}

function requireDefaultMode(settings: ServiceSettings): void {
  if (settings.serviceMode === "Default") return;
  throw new SignalRError(
    "CONFIG_INVALID",
    `serviceMode of ${settings.name} is ${settings.serviceMode}; hubs are served in Default mode: set the service to Default, or leave the option out.`,
  );
}

function log(probe: Probe, level: LogLevel, event: LogEvent, message: string): void {
  if (probe.isEnabled(level)) probe.log({ level, category: CATEGORY, event, message });
}
