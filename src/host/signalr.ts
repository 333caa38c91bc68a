import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { ClaimsInput } from "../auth/user-claims.js";
import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import type { Probe } from "../base/probe.js";
import type { EndpointOptions } from "../config/load.js";
import { AckRegistry } from "../connections/acks.js";
import type { EndpointRouter } from "../connections/router.js";
import { createWebSocketDial } from "../connections/ws-socket.js";
import type { UntypedClient } from "../hub/client-types.js";
import type { Hub, HubClass } from "../hub/hub.js";
import { type HubOptions, resolveHubOptions } from "../hub/options.js";
import { LEAVING, NOT_FOUND } from "./answers.js";
import type { ClientTermsOptions } from "./client-terms.js";
import { DeferredOutlet } from "./deferred-outlet.js";
import { EndpointUpdates } from "./endpoint-updates.js";
import type { ServiceFigures } from "./figures.js";
import type { HealthReport } from "./health.js";
import { createHubContext, type HubContext } from "./hub-context.js";
import { HubHost, type HubHostParts } from "./hub-host.js";
import { HubMap, type HubMapping, type HubsByPath, type MapHubOptions } from "./hub-map.js";
import { type IdentityOptions, requireCallbacks } from "./identity.js";
import type { HostedHub, MappedHub, RunningHub } from "./mapped-hub.js";
import { handshakeTimeoutClaim, negotiate } from "./negotiate.js";
import { requireRouter, unknownMapHubOptions, unknownOptions } from "./option-names.js";
import { negotiatedHubPath } from "./paths.js";
import type { HttpAnswer, NegotiateRequest } from "./request.js";
import { type OpenService, openService, type ServiceSourceOptions } from "./service.js";
import { type ProbeOptions, ServiceHealth } from "./service-health.js";
import type { ShutdownHook } from "./shutdown.js";

/** Options of a named service. What is given here wins over JSON files and the environment. */
export interface SignalROptions<TRequest>
  extends ServiceSourceOptions,
    IdentityOptions<TRequest>,
    ClientTermsOptions<TRequest> {
  /** Whether clients may reconnect without losing messages, for all hubs. @default what each `mapHub` says */
  readonly allowStatefulReconnects?: boolean;
  /**
   * Decides which of several endpoints get clients and messages.
   * @default clients go where there is room, messages to every endpoint that is online
   */
  readonly endpointRouter?: EndpointRouter<TRequest>;
  /** Options of all hubs; a hub's own win. */
  readonly hub?: HubOptions;
  /** Hubs by path, in place of calls of `mapHub`: `{ "/chat": ChatHub, "/room": [RoomHub, { ... }] }`. */
  readonly hubs?: HubsByPath<TRequest>;
}

/** What a door gives its host. */
export interface SignalRHostParts<TRequest> {
  readonly probe: Probe;
  /** The claims that the framework's usual middleware has found, when there is no `claimsProvider`. */
  readonly defaultClaims: (raw: TRequest) => ClaimsInput | undefined;
  /** False: hubs wait for {@link SignalRHost.open}, {@link SignalRHost.started} or a client. @default true */
  readonly startsByItself?: boolean;
  readonly clock?: Clock;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly createHubHost?: (parts: HubHostParts) => HostedHub;
}

const CATEGORY = "Microsoft.Azure.SignalR";

/**
 * One named service and its hubs, behind whichever door. Nothing that fails here is an unhandled rejection: what keeps it
 * from starting is told by {@link started}, by every negotiate, and to the log.
 */
export class SignalRHost<TRequest> {
  readonly #name: string;
  readonly #options: SignalROptions<TRequest>;
  readonly #parts: SignalRHostParts<TRequest>;
  readonly #clock: Clock;
  readonly #acks: AckRegistry;
  readonly #serverName = `${hostname()}_${randomUUID().replaceAll("-", "")}`;
  readonly #map = new HubMap<TRequest>();
  readonly #updates: EndpointUpdates;
  #service: Promise<OpenService> | undefined;
  readonly #health: ServiceHealth;
  readonly #reported = new Set<Error>();
  #nextTurn: NodeJS.Immediate | undefined;
  #isAwaited = false;
  /** New clients are refused from now on. */
  #isLeaving = false;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** All that were made: their counts outlive them. */
  readonly #hosts: HostedHub[] = [];
  readonly #negotiations = new Map<string, number>();

  /**
   * @throws SignalRError ARGUMENT_INVALID for an empty name, and what {@link mapHub} throws for the hubs of the options
   */
  constructor(name: string, options: SignalROptions<TRequest>, parts: SignalRHostParts<TRequest>) {
    if (typeof name !== "string" || name === "") {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        'A service needs a name, as in named("signalr"), to find its settings.',
      );
    }
    requireCallbacks(options);
    requireRouter(options.endpointRouter);
    this.#name = name;
    this.#options = options;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#acks = new AckRegistry({ clock: this.#clock });
    this.#updates = new EndpointUpdates({
      name,
      probe: parts.probe,
      open: () => this.#open(),
      hubs: () => Array.from(this.#map.hubs, ({ hub }) => hub?.host ?? []).flat(),
      isStopped: () => this.#isLeaving,
    });
    this.#warn(unknownOptions(options));
    this.#health = new ServiceHealth({ name, map: this.#map, clock: this.#clock, probe: parts.probe });
    for (const [path, mapped] of Object.entries(options.hubs ?? {})) {
      if (Array.isArray(mapped)) this.mapHub(path, ...(mapped as [HubClass, MapHubOptions<TRequest>]));
      else this.mapHub(path, mapped as HubClass);
    }
  }

  /**
   * Serves a hub on a path. Its server connections start on the next turn of the event loop.
   * @throws SignalRError ARGUMENT_INVALID for a bad or taken path, HUB_INVALID for what is no hub class, STOPPED
   */
  mapHub(path: string, hubClass: HubClass, options?: MapHubOptions<TRequest>): void {
    if (this.#isLeaving) throw shutDown();
    const mapping = this.#map.add(path, hubClass, options);
    this.#warn(unknownMapHubOptions(path, options));
    if (mapping.conflict !== undefined) this.#report(mapping.conflict);
    if (this.#parts.startsByItself === false) return;
    this.#nextTurn ??= setImmediate(() => {
      this.#nextTurn = undefined;
      this.#startMapped();
    });
  }

  /**
   * Starts the hubs. Resolves when the settings are read and found right; does not wait for connections.
   * @throws SignalRError (as rejection) for settings and hubs that are wrong, and STOPPED after a shutdown
   */
  async open(): Promise<void> {
    await this.#hubs();
  }

  /**
   * Resolves when each mapped hub has a live server connection; keeps waiting while the service cannot be reached.
   * @throws SignalRError (as rejection) for settings and hubs that are wrong, and STOPPED after a shutdown
   */
  async started(): Promise<void> {
    const hubs = await this.#hubs();
    await Promise.all(hubs.map(({ host }) => host.container.opened()));
  }

  /**
   * Sends to the clients of a hub from anywhere, at any time. What is sent before the hub could start waits for it.
   * @throws SignalRError HUB_INVALID when the class is not mapped
   */
  context<TClient extends object = UntypedClient>(hubClass: HubClass<Hub<TClient>>): HubContext<TClient> {
    const mapped = this.#map.of(hubClass);
    const outlet = mapped.hub?.host.outlet ?? new DeferredOutlet(mapped.running.then(({ host }) => host.outlet));
    return createHubContext<TClient>(outlet);
  }

  /**
   * Adds code that runs when the hub is shut down: after the service was told, before clients have to leave, and in the
   * order of adding. Not in mode `Off`.
   * @throws SignalRError HUB_INVALID when the class is not mapped, ARGUMENT_INVALID for what is no function, STOPPED
   */
  onShutdown<TClient extends object = UntypedClient>(
    hubClass: HubClass<Hub<TClient>>,
    hook: ShutdownHook<TClient>,
  ): void {
    if (this.#isLeaving) throw shutDown();
    if (typeof hook !== "function") {
      throw new SignalRError("ARGUMENT_INVALID", `onShutdown takes a function (context) => ..., got ${typeof hook}.`);
    }
    // What a client may be called is a matter of types only.
    this.#map.of(hubClass).addHook(hook as ShutdownHook<never> as ShutdownHook);
  }

  /** Whether a request is for the negotiate endpoint of one of the hubs. OPTIONS never is: CORS is the app's affair. */
  serves(method: string, path: string): boolean {
    return method !== "OPTIONS" && this.#find(path) !== undefined;
  }

  /** Answers a request that this host {@link serves}; never rejects. */
  async negotiate(request: NegotiateRequest<TRequest>): Promise<HttpAnswer> {
    const answer = await this.#negotiate(request);
    const result = resultOf(answer);
    this.#negotiations.set(result, (this.#negotiations.get(result) ?? 0) + 1);
    if (result !== "ok") this.#parts.probe.instruments?.negotiated({ hub: undefined, endpoint: undefined, result });
    return answer;
  }

  async #negotiate(request: NegotiateRequest<TRequest>): Promise<HttpAnswer> {
    if (this.#isLeaving) return LEAVING;
    const mapping = this.#find(request.path);
    if (mapping === undefined) return NOT_FOUND;
    const answer = await negotiate({
      request,
      rules: mapping.rules,
      identity: this.#options,
      terms: this.#options,
      defaultClaims: this.#parts.defaultClaims,
      hub: () => this.#hubOf(mapping),
      probe: this.#parts.probe,
    });
    // The application's callbacks may take long; a server that began to leave meanwhile sends nobody to the service.
    return this.#isLeaving ? LEAVING : answer;
  }

  /** How the service is, from what is known at this moment. */
  health(): HealthReport {
    return this.#health.report();
  }

  /** The numbers of this moment, for whoever measures. Counts stay after a shutdown. */
  figures(): ServiceFigures {
    return {
      service: this.#name,
      hubs: this.#hosts.map((host) => host.figures()),
      pendingAcks: this.#acks.size,
      ackTimeouts: this.#acks.timeouts,
      negotiations: this.#negotiations,
    };
  }

  /**
   * {@link health} after each endpoint was asked, all at the same time.
   * @throws SignalRError (as rejection) ARGUMENT_INVALID for a timeout that is none
   */
  probe(options?: ProbeOptions): Promise<HealthReport> {
    return this.#health.probe(() => this.#open(), options);
  }

  /**
   * Refuses new clients and ends those that are here, in the way of `gracefulShutdown`; connections stay open until
   * {@link shutdown}, for requests that are under way and have something to send. Never rejects; may be called twice.
   */
  drain(): Promise<void> {
    this.#leave();
    this.#drained ??= this.#endHubs((mapped) => mapped.drain());
    return this.#drained;
  }

  /**
   * Goes over to other endpoints while the hubs run: to these, in place of all that are used now, or to what the settings say
   * when they are read again. No client of an endpoint that stays is disturbed. New ones get clients when all servers are
   * connected to them; those that are not among them get no new ones and are closed when their clients have gone, at the
   * latest after `serviceScaleTimeout`. Resolves when all that is done. Without any endpoint all stays as it is.
   * @throws SignalRError (as rejection) for settings that are wrong, which change nothing; STOPPED after a shutdown
   */
  updateEndpoints(endpoints?: EndpointOptions["endpoints"]): Promise<void> {
    return this.#updates.run(endpoints);
  }

  /**
   * Refuses new clients, then ends all hubs and their connections in the way of `gracefulShutdown`. Resolves when each
   * client's `onDisconnected` has run, at the latest a moment after the shutdown's timeout; never rejects. May be called
   * at any time, and twice.
   */
  shutdown(): Promise<void> {
    this.#leave();
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#health.ended(shutDown());
    clearImmediate(this.#nextTurn);
  }

  async #stop(): Promise<void> {
    await this.#endHubs((mapped) => mapped.stop());
    try {
      const service = await this.#service;
      await service?.close();
    } catch {
      // It never opened; that was told when it failed.
    }
    this.#parts.probe.close?.();
  }

  async #endHubs(end: (mapped: MappedHub) => Promise<void>): Promise<void> {
    const ended = await Promise.allSettled(Array.from(this.#map.hubs, end));
    for (const outcome of ended) if (outcome.status === "rejected") this.#reportStop(toError(outcome.reason));
  }

  /** All mapped hubs, started. */
  async #hubs(): Promise<RunningHub[]> {
    this.#isAwaited = true;
    if (this.#isLeaving) throw shutDown();
    const { conflict } = this.#map;
    if (conflict !== undefined) throw conflict;
    this.#startMapped();
    await this.#open();
    return Promise.all(Array.from(this.#map.hubs, ({ running }) => running));
  }

  #find(path: string): HubMapping<TRequest> | undefined {
    const hubPath = negotiatedHubPath(path);
    return hubPath === undefined ? undefined : this.#map.find(hubPath);
  }

  async #hubOf(mapping: HubMapping<TRequest>): Promise<RunningHub> {
    if (mapping.conflict !== undefined) throw mapping.conflict;
    this.#startMapped();
    return mapping.hub.running;
  }

  #startMapped(): void {
    if (this.#isLeaving) return;
    for (const mapped of this.#map.hubs) {
      if (!mapped.isNew) continue;
      mapped.start(this.#open(), (service) => this.#create(mapped, service));
      mapped.running.catch((error: Error) => this.#report(error));
    }
  }

  /** The settings, read once, when they are needed first. */
  #open(): Promise<OpenService> {
    if (this.#service === undefined) {
      const { probe, env = process.env } = this.#parts;
      this.#service = openService({
        name: this.#name,
        options: this.#options,
        serverName: this.#serverName,
        env,
        probe,
        clock: this.#clock,
      });
      this.#service.catch((error: Error) => {
        this.#health.ended(error);
        this.#report(error);
      });
    }
    return this.#service;
  }

  #create(mapped: MappedHub, service: OpenService): RunningHub {
    const { settings } = service;
    const global = { ...settings.hub, ...definedOnly(this.#options.hub ?? {}) };
    const options = resolveHubOptions(global, mapped.options);
    const create = this.#parts.createHubHost ?? ((parts: HubHostParts) => new HubHost(parts));
    const host = create({
      hubClass: mapped.hubClass,
      options,
      settings,
      serverName: this.#serverName,
      tokens: service.tokens,
      dial: createWebSocketDial(service.network),
      acks: this.#acks,
      probe: this.#parts.probe,
      clock: this.#clock,
      allowStatefulReconnects: this.#options.allowStatefulReconnects ?? mapped.allowStatefulReconnects,
      router: this.#options.endpointRouter,
      onStatusChange: () => this.#health.changed(),
    });
    this.#hosts.push(host);
    return {
      host,
      name: host.hubName,
      serverName: this.#serverName,
      // Endpoints may be others by the time of a negotiate.
      get settings() {
        return service.settings;
      },
      handshakeTimeoutSeconds: handshakeTimeoutClaim(options.handshakeTimeout, host.hubName, this.#parts.probe),
      // The official SDK tells the service of the global option only; what a hub sets for itself concerns its own texts.
      enableDetailedErrors: resolveHubOptions(global).enableDetailedErrors,
      negotiateEndpoint: (raw) => host.container.routeClient(raw),
      tokens: service.tokens,
    };
  }

  #warn(sentences: readonly string[]): void {
    const { probe } = this.#parts;
    if (!probe.isEnabled("warn")) return;
    for (const message of sentences) {
      probe.log({ level: "warn", category: CATEGORY, event: "ConfigurationWarning", message });
    }
  }

  #reportStop(error: Error): void {
    const { probe } = this.#parts;
    if (!probe.isEnabled("error")) return;
    const message = `A hub of the Azure SignalR service ${this.#name} could not be stopped in order.`;
    probe.log({ level: "error", category: CATEGORY, event: "StopFailed", message, error });
  }

  /** Tells once what keeps the service, or a hub of it, from starting. */
  #report(error: Error): void {
    if (this.#reported.has(error) || isShutDown(error)) return;
    this.#reported.add(error);
    const { probe } = this.#parts;
    if (probe.isEnabled("error")) {
      const message = `The Azure SignalR service ${this.#name} could not start.`;
      probe.log({ level: "error", category: CATEGORY, event: "StartFailed", message, error });
    } else if (!this.#isAwaited) {
      // Nobody reads the log and nobody awaits started(): a warning of the process is the last way to be heard.
      process.emitWarning(error.message, { type: "AzureSignalRWarning", code: codeOf(error) });
    }
  }
}

function definedOnly(options: HubOptions): HubOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function codeOf(error: Error): string {
  return error instanceof SignalRError ? error.code : "CONFIG_INVALID";
}

/** The code of a refusal, or `ok`. */
function resultOf(answer: HttpAnswer): string {
  return answer.headers["x-signalr-error"] ?? (answer.status === 200 ? "ok" : String(answer.status));
}

function isShutDown(error: Error): boolean {
  return error instanceof SignalRError && error.code === "STOPPED";
}

function shutDown(): SignalRError {
  return new SignalRError("STOPPED", "This service was shut down; make a new one with named(...).");
}
