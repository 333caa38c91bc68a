import type { TokenSource } from "../auth/token-source.js";
import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import {
  type ConfigurationInput,
  type EndpointOptions,
  hasConnectionString,
  loadSettings,
  reloadEndpoints,
} from "../config/load.js";
import type { ServiceOptions, ServiceSettings } from "../config/options.js";
import { requireShapes } from "../config/shapes.js";
import { createNetwork, type Network } from "../network/network.js";
import type { NetworkOptions } from "../network/options.js";
import { EndpointTokens } from "./endpoint-tokens.js";

/** The options of a named service that say where it is and how to use it. */
export interface ServiceSourceOptions extends ServiceOptions, EndpointOptions, NetworkOptions {
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
  /** As they are now: endpoints may change while the service is open. */
  readonly settings: ServiceSettings;
  /** The ways out to the service. */
  readonly network: Network;
  /** One source for each endpoint, for all hubs. */
  tokens(endpoint: ServiceEndpoint): TokenSource;
  /**
   * Goes over to other endpoints: to these, or to what the sources of the settings say now.
   * @returns false when there are none, and all stays as it is
   * @throws SignalRError (as rejection) CONFIG_INVALID, CONNECTION_STRING_INVALID; all stays as it is
   */
  reload(endpoints: EndpointOptions["endpoints"] | undefined): Promise<boolean>;
  /** Ends the credentials of endpoints that the last reload took away. */
  release(): void;
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
  requireShapes(name, options);
  const network = createNetwork(options, env);
  const sources = {
    env,
    ...options.configuration,
    warn: (message: string) => log(probe, "warn", "ConfigurationWarning", message),
  };
  const emulator = await emulatorFor(input, () => hasConnectionString(name, options, sources));
  const withEmulator = emulator === undefined ? options : { ...options, connectionString: emulator.connectionString };
  try {
    let settings = loadSettings(name, withEmulator, sources);
    requireDefaultMode(settings);
    const tokens = new EndpointTokens({ ...input, settings, network });
    await tokens.add(settings.endpoints);
    return {
      get settings() {
        return settings;
      },
      network,
      tokens: (endpoint) => tokens.of(endpoint),
      async reload(given) {
        const asked =
          given !== undefined
            ? { ...options, connectionString: "", endpoints: given }
            : hasConnectionString(name, options, sources)
              ? options
              : withEmulator;
        const endpoints = reloadEndpoints(name, asked, sources);
        if (endpoints === undefined) return false;
        await tokens.add(endpoints);
        settings = Object.freeze({ ...settings, endpoints });
        return true;
      },
      release: () => tokens.keepOnly(settings.endpoints),
      async close() {
        tokens.stop();
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
