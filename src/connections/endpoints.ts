import { randomUUID } from "node:crypto";
import type { TokenSource } from "../auth/token-source.js";
import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import { type Probe, silentProbe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { type GracefulShutdownMode, SERVICE_DEFAULTS, type ServiceSettings } from "../config/options.js";
import { samePlace } from "../config/service-endpoint.js";
import { type Ack, type AckableMessage, MigrationLevel, type ServiceMessage } from "../protocol/service/messages.js";
import { ShutdownMode } from "../protocol/service/pings.js";
import type { AckRegistry } from "./acks.js";
import type { ConnectionEnvironment } from "./connection-options.js";
import { type ContainerStatus, statusOf } from "./container-status.js";
import { createDeferred } from "./deferred.js";
import { Delivery, type SendRoute, shownEndpoint } from "./delivery.js";
import { EndpointMember } from "./endpoint-member.js";
import { type EndpointFigures, figuresOf } from "./figures.js";
import { EndpointMembers } from "./members.js";
import { ConnectionPool, type PoolHandlers } from "./pool.js";
import { Category, type Report, report } from "./report.js";
import { chooseNegotiateEndpoint, type EndpointRouter, type NegotiateRoute } from "./router.js";
import { EndpointScaling } from "./scaling.js";
import type { ServerConnection } from "./server-connection.js";
import type { Dial } from "./socket.js";
import { type ConnectionTuning, resolveConnectionTuning } from "./tuning.js";
import { defaultUserAgent } from "./user-agent.js";
import { dialWebSocket } from "./ws-socket.js";

export interface ServiceContainerOptions {
  /** Name at the service. */
  readonly hub: string;
  /** At least one. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Called once for each endpoint, and again for each endpoint of an update. */
  readonly tokens: (endpoint: ServiceEndpoint) => TokenSource;
  readonly settings: Pick<ServiceSettings, "connectionCount"> &
    Partial<Pick<ServiceSettings, "maxHubServerConnectionCount" | "gracefulShutdown" | "serviceScaleTimeout">>;
  /** @default none: clients go where there is room, messages to every endpoint that is online */
  readonly router?: EndpointRouter | undefined;
  readonly serverName: string;
  /** One for the process. */
  readonly acks: AckRegistry;
  /** @default nobody listens */
  readonly probe?: Probe;
  readonly clock?: Clock;
  /** A number from 0 to below 1. */
  readonly random?: () => number;
  readonly newId?: () => string;
  readonly dial?: Dial;
  /** @default the package's name and the runtime's version */
  readonly userAgent?: string;
  readonly tuning?: ConnectionTuning;
  /** @default false */
  readonly allowStatefulReconnects?: boolean;
  /** Clients of this hub in this process, for pings. */
  readonly clientsInHub: () => number;
  /** All messages but handshakes, pings, acks, service errors and service events. Bytes in them are views, valid during the call. */
  readonly onMessage: (message: ServiceMessage, connection: ServerConnection) => void;
  /** Exactly once for each connection that was open. The reason is undefined after a stop or a normal close. */
  readonly onConnectionClosed: (connection: ServerConnection, reason: SignalRError | undefined) => void;
  /** {@link ServiceContainer.status} may be another one now. @default nobody listens */
  readonly onStatusChange?: () => void;
  /** This instance of the service is gone, and its clients with it. */
  readonly onInstanceOffline: (instanceId: string) => void;
}

const SHUTDOWN_MODES: { readonly [Mode in GracefulShutdownMode]: number } = Object.freeze({
  Off: ShutdownMode.Off,
  MigrateClients: ShutdownMode.MigrateClients,
  WaitForClientsClose: ShutdownMode.WaitForClientsClose,
});

/** All endpoints of one hub: opens and keeps their connections, and decides which of them carries a message. */
export class ServiceContainer {
  readonly hub: string;
  readonly #options: ServiceContainerOptions;
  readonly #environment: ConnectionEnvironment;
  readonly #members: EndpointMembers;
  readonly #delivery: Delivery;
  readonly #scaling: EndpointScaling;
  readonly #handlers: PoolHandlers;
  readonly #opened = createDeferred();
  #isStarted = false;
  #isLeaving = false;
  #stopping: Promise<void> | undefined;

  /** @throws SignalRError CONFIG_INVALID when there is no primary endpoint, or the tuning is out of range */
  constructor(options: ServiceContainerOptions) {
    if (!options.endpoints.some((endpoint) => endpoint.type === "primary")) {
      throw new SignalRError("CONFIG_INVALID", "No primary endpoint defined.");
    }
    const environment = environmentOf(options);
    const { clock, tuning } = environment;
    this.hub = options.hub;
    this.#options = options;
    this.#environment = environment;
    this.#handlers = this.#poolHandlers();
    const members = new EndpointMembers(
      options.endpoints.map((endpoint) => new EndpointMember(this.#newPool(endpoint), "serving")),
    );
    const tell: Report = (...record) => this.#report(...record);
    this.#members = members;
    const { hub, router, acks } = options;
    this.#delivery = new Delivery({ hub, members, router, acks, clock, tuning, report: tell });
    const limitMs = options.settings.serviceScaleTimeout ?? SERVICE_DEFAULTS.serviceScaleTimeout;
    this.#scaling = new EndpointScaling({ members, clock, pollMs: tuning.scalePollMs, limitMs, report: tell });
  }

  /** Whether any endpoint has an open connection, or needs none because it only negotiates. */
  get isConnected(): boolean {
    return this.#isStarted && this.#stopping === undefined && this.#members.pools.some((pool) => pool.isOnline);
  }

  /** Whether an endpoint asks for tracing ids in messages. */
  get tracesMessages(): boolean {
    return this.#members.pools.some((pool) => pool.status.tracesMessages);
  }

  /** Opens the connections of all endpoints. Later calls, and calls after a stop, do nothing. */
  start(): void {
    if (this.#isStarted || this.#stopping !== undefined) return;
    this.#isStarted = true;
    for (const pool of this.#members.pools) pool.start();
    // Without connections there is nothing to wait for.
    if (this.#options.settings.connectionCount === 0) this.#opened.resolve();
  }

  /**
   * Resolves when a primary endpoint has its first open connection. Keeps waiting while the service cannot be reached.
   * @throws SignalRError (as rejection) STOPPED
   */
  opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Where the next client is sent without a router; undefined when no endpoint is connected. */
  negotiateEndpoint(): ServiceEndpoint | undefined {
    if (!this.isConnected) return undefined;
    const { serving } = this.#members;
    const chosen = chooseNegotiateEndpoint(
      serving.map(({ view }) => view),
      this.#environment.random,
    );
    return serving.find(({ view }) => view === chosen)?.pool.endpoint;
  }

  /**
   * Where the client of this request is sent, by the router if there is one; undefined when no endpoint is connected.
   * @throws SignalRError (as rejection) NO_ENDPOINT_ROUTED when the router chose none; what the router throws passes through
   */
  routeClient(request: unknown): ServiceEndpoint | undefined | Promise<ServiceEndpoint | undefined> {
    const { router } = this.#options;
    if (router?.negotiate === undefined) return this.negotiateEndpoint();
    // Whether an endpoint has to be online is the router's to say.
    if (!this.#isStarted || !this.#isRunning) return undefined;
    const views = this.#members.serving.map(({ view }) => view);
    return this.#chosenBy(router.negotiate(request, views));
  }

  /**
   * Sends to every endpoint that is online, or to those that the router chooses. Undefined: taken, and there is room for
   * more. A promise: await it before sending more; it waits for room, or for a connection when none is open.
   * @throws SignalRError SEND_BUFFER_FULL, STOPPED, NOT_CONNECTED when the endpoints that the router chose are offline, and
   * what the router throws; the promise also rejects with NOT_CONNECTED
   */
  send(message: ServiceMessage, route?: SendRoute): Promise<void> | undefined {
    return this.#delivery.send(message, route);
  }

  /**
   * Asks the service and waits for its answer. Each endpoint is asked under its own id, and the answers are merged.
   * @returns an Ack with status Ok or NotFound
   * @throws SignalRError (as rejection) ACK_TIMEOUT, ACK_FAILED, NOT_CONNECTED, SEND_BUFFER_FULL, STOPPED
   */
  request(build: (ackId: number) => AckableMessage, route?: SendRoute): Promise<Ack> {
    return this.#delivery.request(build, route);
  }

  /**
   * Goes over to these endpoints. Connections to those that stay are not touched, whatever their name and key are now; new
   * ones get clients when all servers are connected to them; those that leave get none any more and are closed when their
   * clients have gone. Resolves when all that is done, each part at the latest after `serviceScaleTimeout`. One at a time.
   */
  async update(endpoints: readonly ServiceEndpoint[]): Promise<void> {
    if (!this.#isRunning) return;
    const before = this.#members.lasting;
    const joining: EndpointMember[] = [];
    const lasting = endpoints.map((endpoint) => {
      const known = before.find(({ pool }) => samePlace(pool.endpoint, endpoint));
      known?.pool.adopt(endpoint, this.#options.tokens(endpoint));
      if (known !== undefined) return known;
      const member = new EndpointMember(this.#newPool(endpoint), this.#isStarted ? "joining" : "serving");
      joining.push(member);
      return member;
    });
    const leaving = before.filter((member) => !lasting.includes(member));
    if (!this.#isStarted) {
      this.#members.set(lasting);
      return;
    }
    this.#members.set([...leaving, ...lasting]);
    await this.#scaling.run(joining, leaving);
  }

  /** What is known at this moment, for health and diagnostics. Endpoints that are being left are not part of it. */
  status(): ContainerStatus {
    return statusOf(
      this.hub,
      this.isConnected,
      this.#members.lasting.map(({ pool }) => pool),
    );
  }

  /** The numbers of this moment, by endpoint. */
  figures(): readonly EndpointFigures[] {
    return this.#members.pools.map(figuresOf);
  }

  /**
   * Announces the shutdown to the service and waits for its word that no new clients will come. Nothing is opened or
   * replaced from now on; what is not open yet is given up.
   */
  async offline(mode: GracefulShutdownMode): Promise<void> {
    this.#isLeaving = true;
    this.#scaling.stop();
    this.#opened.reject(stopped());
    await Promise.all(this.#members.pools.map((pool) => pool.offline(SHUTDOWN_MODES[mode])));
  }

  /** Closes all connections. May be called at any time, and twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const error = stopped();
    this.#scaling.stop();
    this.#opened.reject(error);
    this.#delivery.stop(error);
    await Promise.all(this.#members.pools.map((pool) => pool.stop()));
  }

  get #isRunning(): boolean {
    return !this.#isLeaving && this.#stopping === undefined;
  }

  #newPool(endpoint: ServiceEndpoint): ConnectionPool {
    const { settings, tokens } = this.#options;
    return new ConnectionPool({
      environment: this.#environment,
      endpoint,
      tokens: tokens(endpoint),
      connectionCount: settings.connectionCount,
      maxConnectionCount: settings.maxHubServerConnectionCount,
      isWeak: endpoint.type === "secondary",
      handlers: this.#handlers,
    });
  }

  async #chosenBy(answer: NegotiateRoute | Promise<NegotiateRoute>): Promise<ServiceEndpoint> {
    const chosen = await answer;
    const member = this.#members.servingOf(chosen);
    if (member !== undefined) return member.pool.endpoint;
    if (chosen !== undefined && chosen !== null) {
      const text = `The router sent a client to ${shownEndpoint(chosen)}, which is no endpoint of hub ${this.hub}.`;
      this.#report("error", "EndpointNotExists", text);
    }
    throw new SignalRError("NO_ENDPOINT_ROUTED", `endpointRouter.negotiate chose no endpoint of hub ${this.hub}.`);
  }

  #poolHandlers(): PoolHandlers {
    const { onMessage, onConnectionClosed, onInstanceOffline, acks } = this.#options;
    return {
      onMessage,
      onAck: (ack) => {
        acks.complete(ack);
      },
      onInstanceOffline: (instanceId) => this.#guard(() => onInstanceOffline(instanceId)),
      onStatus: () => this.#scaling.look(),
      onOpen: (pool) => {
        if (!pool.isWeak) this.#opened.resolve();
        this.#delivery.opened();
        this.#scaling.look();
      },
      onStatusChange: () => this.#guard(() => this.#options.onStatusChange?.()),
      onConnectionClosed: (connection, reason) => {
        acks.failCarrier(connection, this.#lostAnswer(reason));
        this.#guard(() => onConnectionClosed(connection, reason));
        this.#scaling.look();
      },
    };
  }

  /** Their bug must not cost a connection or its replacement. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report("error", "ErrorProcessingMessages", "A handler of connection events failed.", error);
    }
  }

  #lostAnswer(reason: SignalRError | undefined): SignalRError {
    if (this.#stopping !== undefined) return stopped();
    const text =
      "The server connection that carried the request was lost before the answer came; the change may or may not have happened.";
    return new SignalRError("ACK_FAILED", text, reason === undefined ? undefined : { cause: reason });
  }

  #report(...[level, event, message, error, category = Category.endpoints]: Parameters<Report>): void {
    const problem = error === undefined ? {} : { error };
    report(this.#environment.probe, { level, category, event, message, ...problem, attributes: { hub: this.hub } });
  }
}

function stopped(): SignalRError {
  return new SignalRError("STOPPED", "The connection to the service was stopped.");
}

function environmentOf(options: ServiceContainerOptions): ConnectionEnvironment {
  const migrates = options.settings.gracefulShutdown?.mode === "MigrateClients";
  return {
    hub: options.hub,
    serverName: options.serverName,
    userAgent: options.userAgent ?? defaultUserAgent(),
    migrationLevel: migrates ? MigrationLevel.ShutdownOnly : MigrationLevel.Off,
    allowStatefulReconnects: options.allowStatefulReconnects ?? false,
    tuning: resolveConnectionTuning(options.tuning),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    probe: options.probe ?? silentProbe,
    dial: options.dial ?? dialWebSocket,
    newId: options.newId ?? randomUUID,
    clientsInHub: options.clientsInHub,
  };
}
