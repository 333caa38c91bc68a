import { SignalRError } from "../base/errors.js";
import { nearestName } from "../config/unknown-keys.js";
import type { EndpointRouter } from "../connections/router.js";
import { HUB_DEFAULTS, type HubOptions } from "../hub/options.js";
import type { MapHubOptions } from "./hub-map.js";
import type { SignalROptions } from "./signalr.js";

type NamesOf<T> = { readonly [K in keyof Required<T>]: true };

// Written as objects, so that the compiler finds a name that is missing here.
const SERVICE: NamesOf<SignalROptions<never>> = {
  serviceMode: true,
  connectionString: true,
  connectionCount: true,
  initialHubServerConnectionCount: true,
  maxHubServerConnectionCount: true,
  applicationName: true,
  accessTokenLifetime: true,
  accessTokenAlgorithm: true,
  serverStickyMode: true,
  gracefulShutdown: true,
  serviceScaleTimeout: true,
  maxPollIntervalInSeconds: true,
  endpoints: true,
  credential: true,
  configuration: true,
  emulator: true,
  proxy: true,
  tls: true,
  claimsProvider: true,
  userIdProvider: true,
  diagnosticClientFilter: true,
  transportTypeDetector: true,
  allowStatefulReconnects: true,
  endpointRouter: true,
  hub: true,
  hubs: true,
};
const SHUTDOWN: NamesOf<NonNullable<SignalROptions<never>["gracefulShutdown"]>> = { mode: true, timeout: true };
const HUB_FUNCTIONS: NamesOf<Pick<HubOptions, "createHub" | "jsonReplacer" | "jsonReviver">> = {
  createHub: true,
  jsonReplacer: true,
  jsonReviver: true,
};
const HUB: readonly string[] = [...Object.keys(HUB_DEFAULTS), ...Object.keys(HUB_FUNCTIONS)];
const PATH: NamesOf<Omit<MapHubOptions<never>, keyof HubOptions>> = {
  authorize: true,
  closeOnAuthenticationExpiration: true,
  allowStatefulReconnects: true,
};
const ROUTER: NamesOf<EndpointRouter> = { negotiate: true, broadcast: true, user: true, group: true, connection: true };

/** A sentence for each name in a service's options that nothing reads: a misspelled option is as good as none. */
export function unknownOptions(options: object): readonly string[] {
  const given = new Map<string, unknown>(Object.entries(options));
  return [
    ...unknownIn("", options, Object.keys(SERVICE)),
    ...unknownIn("gracefulShutdown.", given.get("gracefulShutdown"), Object.keys(SHUTDOWN)),
    ...unknownIn("hub.", given.get("hub"), HUB),
  ];
}

/** The same for the options of one `mapHub`. */
export function unknownMapHubOptions(path: string, options: object | undefined): readonly string[] {
  return unknownIn(`mapHub("${path}") `, options, [...HUB, ...Object.keys(PATH)]);
}

/**
 * Refuses at once, and not at the first message, what is no router.
 * @throws SignalRError ARGUMENT_INVALID
 */
export function requireRouter(router: unknown): void {
  if (router === undefined) return;
  if (typeof router !== "object" || router === null) {
    throw new SignalRError("ARGUMENT_INVALID", `endpointRouter must be an object with methods, got ${typeof router}.`);
  }
  let count = 0;
  for (const name of Object.keys(ROUTER) as Array<keyof EndpointRouter>) {
    const method: unknown = (router as EndpointRouter)[name];
    if (method === undefined) continue;
    if (typeof method !== "function") {
      throw new SignalRError("ARGUMENT_INVALID", `endpointRouter.${name} must be a function, got ${typeof method}.`);
    }
    count += 1;
  }
  if (count > 0) return;
  const names = Object.keys(ROUTER).join(", ");
  throw new SignalRError("ARGUMENT_INVALID", `endpointRouter has none of its methods: ${names}.`);
}

function unknownIn(place: string, options: unknown, known: readonly string[]): readonly string[] {
  if (typeof options !== "object" || options === null) return [];
  const unknown = Object.entries(options).filter(([name, value]) => value !== undefined && !known.includes(name));
  return unknown.map(
    ([name]) =>
      `The option ${place}${name} is not known and not used; did you mean ${place}${nearestName(name, known)}?`,
  );
}
