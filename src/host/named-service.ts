import type { EndpointOptions } from "../config/load.js";
import type { UntypedClient } from "../hub/client-types.js";
import type { Hub, HubClass } from "../hub/hub.js";
import type { HealthReport } from "./health.js";
import type { HubContext } from "./hub-context.js";
import type { ProbeOptions } from "./service-health.js";
import type { ShutdownHook } from "./shutdown.js";
import type { SignalRHost } from "./signalr.js";

/** What can be asked of a named service behind every door. */
export interface NamedService {
  /**
   * Resolves when each mapped hub has a live server connection; keeps waiting while the service cannot be reached.
   * @throws SignalRError (as rejection) for settings and hubs that are wrong, and STOPPED after a shutdown
   */
  started(): Promise<void>;

  /**
   * Sends to the clients of a hub from outside of it, at any time.
   * @throws SignalRError HUB_INVALID when the class is not mapped
   */
  context<TClient extends object = UntypedClient>(hubClass: HubClass<Hub<TClient>>): HubContext<TClient>;

  /**
   * Adds code that runs when the hub is shut down: after the service was told, before clients have to leave, and in the
   * order of adding. Not in mode `Off`.
   * @throws SignalRError HUB_INVALID when the class is not mapped, ARGUMENT_INVALID for what is no function, STOPPED
   */
  onShutdown<TClient extends object = UntypedClient>(
    hubClass: HubClass<Hub<TClient>>,
    hook: ShutdownHook<TClient>,
  ): void;

  /**
   * Goes over to other endpoints while the hubs run: to these, in place of all that are used now, or to what the settings say
   * when they are read again. No client of an endpoint that stays is disturbed. New ones get clients when all servers are
   * connected to them; those that are not among them get no new ones and are closed when their clients have gone, at the
   * latest after `serviceScaleTimeout`. Resolves when all that is done. Without any endpoint all stays as it is.
   * @throws SignalRError (as rejection) for settings that are wrong, which change nothing; STOPPED after a shutdown
   */
  updateEndpoints(endpoints?: EndpointOptions["endpoints"]): Promise<void>;

  /** How the service is, from what is known at this moment. */
  health(): HealthReport;

  /**
   * {@link health} after each endpoint was asked, all at the same time, for at most 2 seconds unless the options say
   * otherwise. A service that does not answer is in the report.
   * @throws SignalRError (as rejection) ARGUMENT_INVALID for a timeout that is none
   */
  probe(options?: ProbeOptions): Promise<HealthReport>;

  /**
   * Refuses new clients, then ends all hubs and their connections in the way of `gracefulShutdown`. Resolves when each
   * client's `onDisconnected` has run, at the latest a moment after the shutdown's timeout; never rejects. May be called
   * at any time, and twice. The HTTP server is left alone.
   */
  shutdown(): Promise<void>;
}

/** The part of a door that only hands on to its host. */
export function namedServiceOf<TRequest>(host: SignalRHost<TRequest>): NamedService {
  return {
    started: () => host.started(),
    context: <TClient extends object = UntypedClient>(hubClass: HubClass<Hub<TClient>>) => host.context(hubClass),
    onShutdown: <TClient extends object = UntypedClient>(
      hubClass: HubClass<Hub<TClient>>,
      hook: ShutdownHook<TClient>,
    ) => host.onShutdown(hubClass, hook),
    updateEndpoints: (endpoints) => host.updateEndpoints(endpoints),
    health: () => host.health(),
    probe: (options) => host.probe(options),
    shutdown: () => host.shutdown(),
  };
}
