import { randomUUID } from "node:crypto";
import { serviceHubName } from "../auth/service-urls.js";
import type { TokenSource } from "../auth/token-source.js";
import type { Clock, Timer } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { ClientEnd } from "../base/instruments.js";
import type { Probe } from "../base/probe.js";
import { visitInSlices } from "../base/slices.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { GracefulShutdownMode, ServiceSettings } from "../config/options.js";
import type { AckRegistry } from "../connections/acks.js";
import { ServiceContainer } from "../connections/endpoints.js";
import type { EndpointRouter } from "../connections/router.js";
import type { ServerConnection } from "../connections/server-connection.js";
import type { Dial } from "../connections/socket.js";
import type { ConnectionTuning } from "../connections/tuning.js";
import { ClientResults } from "../hub/client-results.js";
import { ClientSession } from "../hub/client-session.js";
import type { UntypedClient } from "../hub/client-types.js";
import { connectionMigration } from "../hub/features.js";
import type { HubClass } from "../hub/hub.js";
import { hubNameOf } from "../hub/methods.js";
import type { ResolvedHubOptions } from "../hub/options.js";
import type { HubOutlet } from "../hub/outlet.js";
import { createHubProtocols, HubRuntime } from "../hub/runtime.js";
import {
  type CloseConnection,
  FlowControlOperation,
  FlowControlTarget,
  type OpenConnection,
  type ServiceMessage,
  type WireHeaders,
} from "../protocol/service/messages.js";
import { ServiceClientIdentity } from "./client-identity.js";
import { Deadline } from "./deadline.js";
import type { HubFigures } from "./figures.js";
import { createHubContext, type HubContext } from "./hub-context.js";
import { MessageTracing } from "./message-tracing.js";
import { RecordedOutlet } from "./recorded-outlet.js";
import { ServiceOutlet } from "./service-outlet.js";
import { ServiceWire } from "./service-wire.js";
import { HubShutdown, type ShutdownHook, type ShuttingHub } from "./shutdown.js";

const HEARTBEAT_MS = 1000;
const FASTEST_HEARTBEAT_MS = 10;
/** Clients that may end, or be looked at, in one turn of the event loop: each a few milliseconds of work at most. */
const ENDS_PER_TURN = 100;
const TICKS_PER_TURN = 1000;
/** For the calls of a client that is about to move to another server. The service may not wait much longer. */
const SETTLE_MS = 2000;
const MIGRATED_FROM = "asrs-migrate-from";
const MIGRATED_TO = "asrs-migrate-to";
const INSTANCE_ID = "asrs-instance-id";
const IS_DIAGNOSTIC = "asrs-is-diagnostic-client";

export interface HubHostParts {
  readonly hubClass: HubClass;
  readonly options: ResolvedHubOptions;
  readonly settings: ServiceSettings;
  readonly serverName: string;
  readonly tokens: (endpoint: ServiceEndpoint) => TokenSource;
  /** One for the process. */
  readonly acks: AckRegistry;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly allowStatefulReconnects?: boolean;
  /** @default none */
  readonly router?: EndpointRouter | undefined;
  /** @default without a proxy */
  readonly dial?: Dial;
  /** The connections of the hub may be in another state now. */
  readonly onStatusChange?: () => void;
  readonly tuning?: ConnectionTuning;
}

/** One hub and its service: routes every message of the service to the client session that it is for. */
export class HubHost implements ShuttingHub {
  readonly hubClass: HubClass;
  /** Name at the service: lower case, with the application's prefix. */
  readonly hubName: string;
  readonly container: ServiceContainer;
  readonly outlet: HubOutlet;
  readonly #service: ServiceOutlet;
  readonly #tracing: MessageTracing;
  readonly #runtime: HubRuntime;
  readonly #clock: Clock;
  readonly #probe: Probe;
  readonly #shutdown: ServiceSettings["gracefulShutdown"];
  readonly #sessions = new Map<string, ClientSession>();
  /** Sessions whose onDisconnected is still running. */
  readonly #leaving = new Set<ClientSession>();
  readonly #results = new ClientResults(randomUUID().replaceAll("-", ""));
  #heartbeat: Timer | undefined;
  /** Some clients have not been looked at since the last heartbeat. */
  #isBeating = false;
  #wayOut: HubShutdown | undefined;
  /** Clients are being moved to other servers. */
  #isEmigrating = false;
  /** Those who wait for the last client's end. */
  #waitingForEmpty: Array<() => void> = [];

  /** @throws SignalRError HUB_INVALID when the class cannot be a hub, CONFIG_INVALID without a primary endpoint */
  constructor(parts: HubHostParts) {
    this.hubClass = parts.hubClass;
    this.hubName = serviceHubName(hubNameOf(parts.hubClass), parts.settings.applicationName);
    this.#clock = parts.clock;
    this.#probe = parts.probe;
    this.#shutdown = parts.settings.gracefulShutdown;
    const protocols = createHubProtocols(parts.options);
    this.container = new ServiceContainer({
      hub: this.hubName,
      endpoints: parts.settings.endpoints,
      tokens: parts.tokens,
      router: parts.router,
      ...(parts.dial === undefined ? {} : { dial: parts.dial }),
      settings: parts.settings,
      serverName: parts.serverName,
      acks: parts.acks,
      probe: parts.probe,
      clock: parts.clock,
      allowStatefulReconnects: parts.allowStatefulReconnects ?? false,
      tuning: parts.tuning ?? {},
      clientsInHub: () => this.#sessions.size,
      ...(parts.onStatusChange && { onStatusChange: parts.onStatusChange }),
      onMessage: (message, connection) => this.#take(message, connection),
      onConnectionClosed: (connection) => void this.#endSessions((wire) => wire.connection === connection),
      onInstanceOffline: (instanceId) => {
        this.#results.failInstance(instanceId);
        void this.#endSessions((wire) => wire.instanceId === instanceId);
      },
    });
    this.#tracing = new MessageTracing({
      hub: this.hubName,
      probe: parts.probe,
      isAskedFor: () => this.container.tracesMessages,
    });
    this.#service = new ServiceOutlet({
      container: this.container,
      protocols,
      serverName: parts.serverName,
      results: this.#results,
      tracing: this.#tracing,
      sessionOf: (connectionId) => this.#sessions.get(connectionId),
    });
    this.outlet = new RecordedOutlet(this.#service, parts.probe, hubNameOf(parts.hubClass));
    this.#runtime = new HubRuntime({ ...parts, protocols, outlet: this.outlet });
  }

  /** Clients of this hub that are connected through this process. */
  get clientCount(): number {
    return this.#sessions.size;
  }

  /** The numbers of this moment. */
  figures(): HubFigures {
    return {
      hub: this.hubName,
      clients: this.#sessions.size,
      endpoints: this.container.figures(),
      ...this.#runtime.counts,
    };
  }

  /** Opens the server connections; does not wait for them. */
  start(): void {
    this.#probe.refresh?.();
    this.container.start();
    const { handshakeTimeout, keepAliveInterval, clientTimeoutInterval } = this.#runtime.options;
    const shortest = Math.min(HEARTBEAT_MS, handshakeTimeout, keepAliveInterval, clientTimeoutInterval);
    // One timer for all clients: each is looked at once a second, more often only when an option asks for it.
    this.#heartbeat ??= this.#clock.every(Math.max(shortest, FASTEST_HEARTBEAT_MS), () => this.#beat());
  }

  /** Sends from outside of the hub; works at any time. */
  context<TClient extends object = UntypedClient>(): HubContext<TClient> {
    return createHubContext<TClient>(this.outlet);
  }

  /** Sees the clients off in the way of the settings, and keeps the connections; see {@link HubShutdown}. Never rejects. */
  drain(hooks: readonly ShutdownHook[] = []): Promise<void> {
    return this.#leave(hooks).drain();
  }

  /** {@link drain}, and then the end of the connections. Never rejects. */
  stop(hooks: readonly ShutdownHook[] = []): Promise<void> {
    return this.#leave(hooks).close();
  }

  async offline(mode: GracefulShutdownMode): Promise<void> {
    this.#isEmigrating = mode === "MigrateClients";
    await this.container.offline(mode);
  }

  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingForEmpty.push(resolve);
      this.#checkEmpty();
    });
  }

  async dismissClients(batchSize: number): Promise<void> {
    // Clients whose messages were on their way may come until the connections close.
    while (this.#sessions.size > 0) {
      const batch: Promise<void>[] = [];
      for (const session of this.#sessions.values()) {
        session.dismiss();
        if (batch.push(session.closed) >= batchSize) break;
      }
      await Promise.all(batch);
    }
  }

  async close(): Promise<void> {
    const closed = this.container.stop();
    this.#heartbeat?.cancel();
    const ended = this.#endSessions(() => true, "app_shutdown");
    this.#results.failAll(new SignalRError("STOPPED", `The hub ${this.hubName} was shut down.`));
    await ended;
    await closed;
  }

  #leave(hooks: readonly ShutdownHook[]): HubShutdown {
    this.#wayOut ??= new HubShutdown(this, {
      settings: this.#shutdown,
      hooks,
      clock: this.#clock,
      probe: this.#probe,
    });
    return this.#wayOut;
  }

  #take(message: ServiceMessage, connection: ServerConnection): void {
    this.#tracing.received(message);
    switch (message.kind) {
      case "connectionData":
        // Data for a client that is gone already is nothing to worry about: the messages crossed.
        this.#sessions.get(message.connectionId)?.receive(message.payload);
        break;
      case "openConnection":
        this.#open(message, connection);
        break;
      case "closeConnection":
        this.#closedByService(message);
        break;
      case "connectionReconnect":
        this.#sessions.get(message.connectionId)?.forgetIncomplete();
        break;
      case "connectionFlowControl":
        if (message.connectionType === FlowControlTarget.Client) this.#control(message.connectionId, message.operation);
        break;
      case "clientInvocation":
        this.#service.routeInvocation(message.invocationId, message.connectionId);
        break;
      case "serviceMapping":
        this.#results.locate(message.invocationId, message.instanceId);
        break;
      case "clientCompletion":
        this.#service.resultArrived(message);
        break;
      case "errorCompletion":
        this.#service.resultFailed(message);
        break;
      default:
        // The service says nothing else to a hub server; newer kinds are for newer versions.
        break;
    }
  }

  #open(message: OpenConnection, connection: ServerConnection): void {
    // The same id again: the service knows better, so the old session is over.
    this.#sessions.get(message.connectionId)?.gone();
    const wire = new ServiceWire({
      connection,
      connectionId: message.connectionId,
      instanceId: headerOf(message.headers, INSTANCE_ID),
      isDiagnostic: headerOf(message.headers, IS_DIAGNOSTIC)?.toLowerCase() === "true",
      maxHeldBytes: this.#runtime.options.maximumBufferedBytesPerClient,
      onBroken: (error) => session.wireFailed(error),
    });
    const session: ClientSession = new ClientSession({
      runtime: this.#runtime,
      identity: new ServiceClientIdentity(message),
      wire,
      isMigrated: headerOf(message.headers, MIGRATED_FROM) !== undefined,
      onGone: () => this.#gone(session, wire),
    });
    this.#sessions.set(message.connectionId, session);
    connection.clientCount += 1;
    const from = headerOf(message.headers, MIGRATED_FROM);
    if (from !== undefined) session.context.features.set(connectionMigration, Object.freeze({ from }));
  }

  #closedByService(message: CloseConnection): void {
    const session = this.#sessions.get(message.connectionId);
    if (session === undefined) return;
    const to = headerOf(message.headers, MIGRATED_TO);
    // Nothing may be sent to a client that has left, or lives on another server from now on.
    if (session.wire instanceof ServiceWire) session.wire.forget(to !== undefined);
    if (to !== undefined) {
      const { features } = session.context;
      features.set(connectionMigration, Object.freeze({ ...features.get(connectionMigration), to }));
    }
    session.gone();
  }

  #control(connectionId: string, operation: number): void {
    const session = this.#sessions.get(connectionId);
    const wire = session?.wire;
    if (session === undefined || !(wire instanceof ServiceWire)) return;
    if (operation === FlowControlOperation.Pause) this.#pause(session, wire);
    else if (operation === FlowControlOperation.Resume) wire.resume();
  }

  /** A pause in a shutdown is the beginning of a move: what the client still waits for goes out before it. */
  #pause(session: ClientSession, wire: ServiceWire): void {
    if (!this.#isEmigrating) return wire.pause();
    const settle = async (): Promise<void> => {
      const limit = new Deadline(this.#clock, SETTLE_MS);
      await session.settle(limit.over);
      limit.cancel();
    };
    void wire.pauseAfter(settle, () => session.interruptCalls());
  }

  #gone(session: ClientSession, wire: ServiceWire): void {
    const { connectionId } = session.context;
    if (this.#sessions.get(connectionId) === session) this.#sessions.delete(connectionId);
    wire.connection.clientCount -= 1;
    if (wire.hasMoved) this.#service.clientMoved(connectionId);
    else this.#service.clientGone(connectionId);
    this.#leaving.add(session);
    void session.closed.then(() => {
      this.#leaving.delete(session);
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.#sessions.size > 0 || this.#leaving.size > 0) return;
    for (const resolve of this.#waitingForEmpty.splice(0)) resolve();
  }

  /** Ends, as if the clients had left, those that the way out leads to. Never rejects. */
  #endSessions(isConcerned: (wire: ServiceWire) => boolean, endedAs?: ClientEnd): Promise<void> | undefined {
    const concerned: ClientSession[] = [];
    for (const session of this.#sessions.values()) {
      if (!(session.wire instanceof ServiceWire) || !isConcerned(session.wire)) continue;
      // At once for all: nothing may go to a client whose end is only a matter of turns.
      session.wire.forget();
      concerned.push(session);
    }
    return visitInSlices(concerned.values(), ENDS_PER_TURN, (session) => session.gone(endedAs));
  }

  #beat(): void {
    this.#probe.refresh?.();
    if (this.#isBeating) return;
    const now = this.#clock.now();
    const rest = visitInSlices(this.#sessions.values(), TICKS_PER_TURN, (session) => session.tick(now));
    if (rest === undefined) return;
    this.#isBeating = true;
    void rest.then(() => {
      this.#isBeating = false;
    });
  }
}

function headerOf(headers: WireHeaders, name: string): string | undefined {
  return headers.find(([found]) => found.toLowerCase() === name)?.[1][0];
}
