import { randomUUID } from "node:crypto";
import type { TokenSource } from "../auth/token-source.js";
import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import { type LogLevel, type Probe, silentProbe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { GracefulShutdownMode, ServiceSettings } from "../config/options.js";
import { endpointLabel } from "../config/service-endpoint.js";
import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import { appendMessage } from "../protocol/service/codec.js";
import { type Ack, type AckableMessage, MigrationLevel, type ServiceMessage } from "../protocol/service/messages.js";
import { ShutdownMode } from "../protocol/service/pings.js";
import { mergeAcks } from "./ack-merge.js";
import type { AckRegistry } from "./acks.js";
import type { ConnectionEnvironment } from "./connection-options.js";
import { type ContainerStatus, statusOf } from "./container-status.js";
import { createDeferred } from "./deferred.js";
import { partitionKeyOf } from "./partition.js";
import { ConnectionPool, type PoolHandlers } from "./pool.js";
import { Category, report } from "./report.js";
import { chooseNegotiateEndpoint } from "./router.js";
import type { ServerConnection } from "./server-connection.js";
import type { Dial } from "./socket.js";
import { type ConnectionTuning, resolveConnectionTuning } from "./tuning.js";
import { defaultUserAgent } from "./user-agent.js";
import { WaitingSends } from "./waiting-sends.js";
import { dialWebSocket } from "./ws-socket.js";

/** What carries a message: the connection of the client in whose name it is sent, else its key's, else any. */
export interface SendRoute {
  /** The server connection that the caller's client came in on. */
  readonly via?: ServerConnection | undefined;
  /** Messages with the same key keep their order. @default by the message: its group, user or connection */
  readonly partitionKey?: string | undefined;
}

export interface ServiceContainerOptions {
  /** Name at the service. */
  readonly hub: string;
  /** At least one. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Called once for each endpoint. */
  readonly tokens: (endpoint: ServiceEndpoint) => TokenSource;
  readonly settings: Pick<ServiceSettings, "connectionCount"> &
    Partial<Pick<ServiceSettings, "maxHubServerConnectionCount" | "gracefulShutdown">>;
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
  /** This instance of the service is gone, and its clients with it. */
  readonly onInstanceOffline: (instanceId: string) => void;
}

const SHUTDOWN_MODES: { readonly [Mode in GracefulShutdownMode]: number } = Object.freeze({
  Off: ShutdownMode.Off,
  MigrateClients: ShutdownMode.MigrateClients,
  WaitForClientsClose: ShutdownMode.WaitForClientsClose,
});

const NO_ROUTE: SendRoute = Object.freeze({});

/** All endpoints of one hub: opens and keeps their connections, and decides which of them carries a message. */
export class ServiceContainer {
  readonly hub: string;
  readonly #options: ServiceContainerOptions;
  readonly #probe: Probe;
  readonly #random: () => number;
  readonly #pools: readonly ConnectionPool[];
  readonly #opened = createDeferred();
  readonly #waiting: WaitingSends;
  readonly #waitingWriter = new MsgpackWriter();
  #isStarted = false;
  #stopping: Promise<void> | undefined;

  /** @throws SignalRError CONFIG_INVALID when there is no primary endpoint, or the tuning is out of range */
  constructor(options: ServiceContainerOptions) {
    if (!options.endpoints.some((endpoint) => endpoint.type === "primary")) {
      throw new SignalRError("CONFIG_INVALID", "No primary endpoint defined.");
    }
    const environment = environmentOf(options);
    this.hub = options.hub;
    this.#options = options;
    this.#probe = environment.probe;
    this.#random = environment.random;
    this.#waiting = new WaitingSends({
      clock: environment.clock,
      waitMs: environment.tuning.sendWaitMs,
      maxBytes: environment.tuning.maxBufferedBytes,
      notConnected: () => this.#notConnected(),
    });
    const handlers = this.#handlers();
    this.#pools = options.endpoints.map(
      (endpoint) =>
        new ConnectionPool({
          environment,
          endpoint,
          tokens: options.tokens(endpoint),
          connectionCount: options.settings.connectionCount,
          maxConnectionCount: options.settings.maxHubServerConnectionCount,
          isWeak: endpoint.type === "secondary",
          handlers,
        }),
    );
  }

  /** Whether any endpoint has an open connection, or needs none because it only negotiates. */
  get isConnected(): boolean {
    return this.#isStarted && this.#stopping === undefined && this.#pools.some((pool) => pool.isOnline);
  }

  /** Whether an endpoint asks for tracing ids in messages. */
  get tracesMessages(): boolean {
    return this.#pools.some((pool) => pool.status.tracesMessages);
  }

  /** Opens the connections of all endpoints. Later calls, and calls after a stop, do nothing. */
  start(): void {
    if (this.#isStarted || this.#stopping !== undefined) return;
    this.#isStarted = true;
    for (const pool of this.#pools) pool.start();
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

  /** Where the next client is sent; undefined when no endpoint is connected. */
  negotiateEndpoint(): ServiceEndpoint | undefined {
    return this.isConnected ? chooseNegotiateEndpoint(this.#pools, this.#random)?.endpoint : undefined;
  }

  /**
   * Sends to every endpoint that is online. Undefined: taken, and there is room for more. A promise: await it before
   * sending more; it waits for room, or for a connection when none is open.
   * @throws SignalRError SEND_BUFFER_FULL, STOPPED; the promise also rejects with NOT_CONNECTED
   */
  send(message: ServiceMessage, route: SendRoute = NO_ROUTE): Promise<void> | undefined {
    const { via } = route;
    if (via?.isOpen && (this.#pools.length === 1 || isAnswerToClient(message))) {
      via.send(message);
      return via.ready();
    }
    this.#checkRunning();
    const partitionKey = route.partitionKey ?? partitionKeyOf(message);
    if (this.#isSendable()) return this.#deliver(via, partitionKey, (connection) => connection.send(message));
    // Bytes of the message may be views that do not outlive this call, so it is encoded now.
    appendMessage(this.#waitingWriter, message);
    const frame = this.#waitingWriter.take();
    return this.#waiting.add(frame.length, () =>
      this.#deliver(via, partitionKey, (connection) => connection.sendFrame(frame)),
    );
  }

  /**
   * Asks the service and waits for its answer. Each endpoint is asked under its own id, and the answers are merged.
   * @returns an Ack with status Ok or NotFound
   * @throws SignalRError (as rejection) ACK_TIMEOUT, ACK_FAILED, NOT_CONNECTED, SEND_BUFFER_FULL, STOPPED
   */
  async request(build: (ackId: number) => AckableMessage, route: SendRoute = NO_ROUTE): Promise<Ack> {
    this.#checkRunning();
    if (this.#isSendable()) return this.#ask(build, route);
    return this.#waiting.add(0, () => this.#ask(build, route));
  }

  /** What is known at this moment, for health and diagnostics. */
  status(): ContainerStatus {
    return statusOf(this.hub, this.isConnected, this.#pools);
  }

  /**
   * Announces the shutdown to the service and waits for its word that no new clients will come. Nothing is opened or
   * replaced from now on; what is not open yet is given up.
   */
  async offline(mode: GracefulShutdownMode): Promise<void> {
    this.#opened.reject(stopped());
    await Promise.all(this.#pools.map((pool) => pool.offline(SHUTDOWN_MODES[mode])));
  }

  /** Closes all connections. May be called at any time, and twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const error = stopped();
    this.#opened.reject(error);
    this.#waiting.fail(error);
    await Promise.all(this.#pools.map((pool) => pool.stop()));
  }

  #checkRunning(): void {
    if (this.#stopping !== undefined) throw stopped();
  }

  /** Whether something can be sent at once. What waits already goes first. */
  #isSendable(): boolean {
    return this.#waiting.isEmpty && this.#pools.some((pool) => pool.hasOpen);
  }

  /** The endpoints that get what is sent. A secondary one where nobody is has no need of it. */
  #targets(): readonly ConnectionPool[] {
    const online = this.#pools.filter((pool) => pool.hasOpen);
    if (online.length <= 1) return online;
    const active = online.filter((pool) => !pool.isWeak || pool.status.isActive);
    return active.length > 0 ? active : online;
  }

  #deliver(
    via: ServerConnection | undefined,
    partitionKey: string | undefined,
    write: (connection: ServerConnection) => void,
  ): Promise<void> | undefined {
    const targets = this.#targets();
    const [only] = targets;
    if (only === undefined) throw this.#notConnected();
    if (targets.length === 1) return this.#writeTo(only, via, partitionKey, write);
    const waits: Promise<void>[] = [];
    let failure: unknown;
    for (const pool of targets) {
      try {
        const wait = this.#writeTo(pool, via, partitionKey, write);
        if (wait !== undefined) waits.push(wait);
      } catch (error) {
        failure ??= error;
        this.#reportFailedWrite(pool, error);
      }
    }
    if (failure !== undefined) throw failure;
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  }

  #writeTo(
    pool: ConnectionPool,
    via: ServerConnection | undefined,
    partitionKey: string | undefined,
    write: (connection: ServerConnection) => void,
  ): Promise<void> | undefined {
    const connection = pool.pick(via, partitionKey);
    if (connection === undefined) throw this.#notConnected();
    write(connection);
    return connection.ready();
  }

  async #ask(build: (ackId: number) => AckableMessage, { via, partitionKey }: SendRoute): Promise<Ack> {
    const { acks } = this.#options;
    const targets = this.#targets();
    if (targets.length === 0) throw this.#notConnected();
    let kind: AckableMessage["kind"] = "joinGroupWithAck";
    const answers = targets.map((pool) => {
      const { ackId, answer } = acks.create();
      try {
        const message = build(ackId);
        kind = message.kind;
        // Back-pressure is no topic here: whoever asks waits for the answer anyway.
        void this.#writeTo(pool, via, partitionKey ?? partitionKeyOf(message), (connection) => {
          connection.send(message);
          acks.setCarrier(ackId, connection);
        });
      } catch (error) {
        acks.fail(ackId, toError(error));
      }
      return answer;
    });
    const [only] = answers;
    return only !== undefined && answers.length === 1 ? only : mergeAcks(kind, answers);
  }

  #handlers(): PoolHandlers {
    const { onMessage, onConnectionClosed, onInstanceOffline, acks } = this.#options;
    return {
      onMessage,
      onAck: (ack) => {
        acks.complete(ack);
      },
      onInstanceOffline: (instanceId) => this.#guard(() => onInstanceOffline(instanceId)),
      onOpen: (pool) => {
        if (!pool.isWeak) this.#opened.resolve();
        this.#waiting.run();
      },
      onConnectionClosed: (connection, reason) => {
        acks.failCarrier(connection, this.#lostAnswer(reason));
        this.#guard(() => onConnectionClosed(connection, reason));
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

  #notConnected(): SignalRError {
    const cause = this.#pools.find((pool) => pool.lastFailure !== undefined)?.lastFailure;
    const detail = cause === undefined ? "" : ` ${cause.message}`;
    return new SignalRError(
      "NOT_CONNECTED",
      `Azure SignalR Service is not connected, so nothing can be sent for hub ${this.hub}.${detail}`,
      cause === undefined ? undefined : { cause },
    );
  }

  #reportFailedWrite(pool: ConnectionPool, error: unknown): void {
    const text = `A message could not be sent to ${endpointLabel(pool.endpoint)}; other endpoints may have it.`;
    this.#report("warn", "FailedWritingMessageToEndpoint", text, error);
  }

  #report(level: LogLevel, event: LogEvent, message: string, error: unknown): void {
    const category = Category.endpoints;
    report(this.#probe, { level, category, event, message, error, attributes: { hub: this.hub } });
  }
}

/** Bytes for one client only make sense on the connection that the client lives on. */
function isAnswerToClient({ kind }: ServiceMessage): boolean {
  return (
    kind === "connectionData" ||
    kind === "connectionFlowControl" ||
    kind === "clientCompletion" ||
    kind === "errorCompletion"
  );
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
