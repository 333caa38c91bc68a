import type { TokenSource } from "../auth/token-source.js";
import { reconnectDelayMs } from "../base/backoff.js";
import type { Timer } from "../base/clock.js";
import type { SignalRError } from "../base/errors.js";
import { foreignText } from "../base/foreign-text.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { type Ack, ConnectionType, type Ping, type ServiceMessage } from "../protocol/service/messages.js";
import { PingKey, readPing, statusRequestPing } from "../protocol/service/pings.js";
import { ActiveConnections } from "./active-connections.js";
import type { ConnectionEnvironment, ConnectionHandlers } from "./connection-options.js";
import { PoolCounts } from "./counts.js";
import { type EndpointMetrics, EndpointStatus } from "./endpoint-status.js";
import { KeyRenewal } from "./key-renewal.js";
import { PoolLog } from "./pool-log.js";
import { PoolSlot } from "./pool-slot.js";
import { ReconnectGate } from "./reconnect-gate.js";
import { Category } from "./report.js";
import { ServerConnection } from "./server-connection.js";

/** What a pool tells its container. Handlers do not throw, except `onMessage`. */
export interface PoolHandlers {
  onMessage(message: ServiceMessage, connection: ServerConnection): void;
  onAck(ack: Ack): void;
  onInstanceOffline(instanceId: string): void;
  /** The endpoint has told something about itself. */
  onStatus(): void;
  /** A connection can be written to. */
  onOpen(pool: ConnectionPool): void;
  /** A connection has opened, has ended, or could not be opened. */
  onStatusChange(): void;
  /** A connection that was open has ended. */
  onConnectionClosed(connection: ServerConnection, reason: SignalRError | undefined): void;
}

export interface PoolOptions {
  readonly environment: ConnectionEnvironment;
  readonly endpoint: ServiceEndpoint;
  readonly tokens: TokenSource;
  /** Connections held open; 0 only negotiates. */
  readonly connectionCount: number;
  /** Cap that includes those the service asks for; undefined: no cap. */
  readonly maxConnectionCount: number | undefined;
  /** Weak connections carry no clients: those of secondary endpoints. */
  readonly isWeak: boolean;
  readonly handlers: PoolHandlers;
}

// The service is trusted, but a storm of requests for connections must not become a storm of connections.
const MAX_DIALING_ON_DEMAND = 16;

/** The server connections of one hub to one endpoint: a fixed number, replaced when lost, and those asked for on top. */
export class ConnectionPool {
  readonly status: EndpointStatus;
  readonly counts = new PoolCounts();
  readonly #options: PoolOptions;
  readonly #environment: ConnectionEnvironment;
  readonly #active: ActiveConnections;
  readonly #gate: ReconnectGate;
  readonly #log: PoolLog;
  readonly #slots: readonly PoolSlot[];
  readonly #onDemand = new Set<ServerConnection>();
  readonly #handlers: ConnectionHandlers;
  #endpoint: ServiceEndpoint;
  #tokens: TokenSource;
  /** Only where the service lends the key for client tokens. */
  #keys: KeyRenewal | undefined;
  #isOnline: boolean;
  /** Unix time of the moment from which on `#isOnline` is what it is. */
  #since: number;
  #lastFailure: SignalRError | undefined;
  #lastFailureAt = 0;
  #statusTimer: Timer | undefined;
  /** False once the way down has begun: nothing is opened or replaced any more. */
  #isGrowing = true;

  constructor(options: PoolOptions) {
    const { environment } = options;
    this.#endpoint = options.endpoint;
    this.#tokens = options.tokens;
    this.#options = options;
    this.#environment = environment;
    this.status = new EndpointStatus(environment.clock);
    this.#log = new PoolLog({ environment, endpoint: () => this.#endpoint, isWeak: options.isWeak });
    this.#active = new ActiveConnections(environment.random);
    this.#gate = new ReconnectGate({
      clock: environment.clock,
      delayMs: (failed) => reconnectDelayMs(failed, environment.random),
      stableAfterMs: environment.tuning.stableAfterMs,
      onTrial: () => this.#log.onTrial(),
      onProven: () => this.#log.proven(),
    });
    this.#isOnline = options.connectionCount === 0;
    this.#since = environment.clock.unixTime();
    this.#slots = Array.from({ length: options.connectionCount }, () => this.#newSlot());
    this.#keys = this.#newKeys();
    this.#handlers = {
      onOpen: (connection) => this.#opened(connection),
      onChange: (connection) => this.#updated(connection),
      onMessage: options.handlers.onMessage,
      onPing: (messages) => this.#takePing(messages),
      onAck: options.handlers.onAck,
      levelOf: (signature, level) => this.#log.levelOf(signature, level),
      onAccessKey: (response) => this.#keys?.take(response),
      onClosed: (connection, reason, wasOpen) => this.#closed(connection, reason, wasOpen),
    };
  }

  /** Changes only in its name and credential; see {@link adopt}. */
  get endpoint(): ServiceEndpoint {
    return this.#endpoint;
  }

  /** Whether clients can be sent to the endpoint. A pool of no connections counts as online: it only negotiates. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Whether a connection is open. */
  get hasOpen(): boolean {
    return this.#active.size > 0;
  }

  get isWeak(): boolean {
    return this.#options.isWeak;
  }

  /** How full the endpoint is, by its last word. */
  get metrics(): EndpointMetrics {
    return this.status.metrics;
  }

  /** Why the last attempt or connection ended; undefined while all is well. */
  get lastFailure(): SignalRError | undefined {
    return this.#lastFailure;
  }

  /** Unix time in milliseconds of {@link lastFailure}. */
  get lastFailureAt(): number {
    return this.#lastFailureAt;
  }

  /** Unix time in milliseconds of the last change of {@link isOnline}. */
  get since(): number {
    return this.#since;
  }

  /** How many connections are held open when all is well, those apart that the service asks for. */
  get wanted(): number {
    return this.#slots.length;
  }

  /** All that are not closed, in any state. */
  connections(): readonly ServerConnection[] {
    const fixed = this.#slots.flatMap((slot) => slot.connection ?? []);
    return [...fixed, ...this.#onDemand];
  }

  /** Clients that are connected through the pool. */
  get clientCount(): number {
    return this.connections().reduce((sum, connection) => sum + connection.clientCount, 0);
  }

  /** Whether this is one of its open connections. */
  has(connection: ServerConnection): boolean {
    return this.#active.has(connection);
  }

  /**
   * The same endpoint under another name, or with another credential. Open connections stay as they are; what is opened
   * from now on uses the new one.
   */
  adopt(endpoint: ServiceEndpoint, tokens: TokenSource): void {
    const before = this.#tokens;
    this.#endpoint = endpoint;
    this.#tokens = tokens;
    if (before.keyExchange === tokens.keyExchange) return;
    const open = this.connections().filter(({ isOpen }) => isOpen);
    for (const connection of open) this.#keys?.closed(connection);
    this.#keys = this.#newKeys();
    for (const connection of open) this.#keys?.opened(connection);
  }

  /** Opens all fixed connections at the same time. */
  start(): void {
    for (const slot of this.#slots) slot.begin();
  }

  /** The connection for the next message; undefined when none is open. */
  pick(via: ServerConnection | undefined, partitionKey: string | undefined): ServerConnection | undefined {
    return this.#active.pick(via, partitionKey);
  }

  /**
   * Announces the shutdown on all connections and waits for the service's word; nothing is opened or replaced from now
   * on, and what is not open yet is given up: it could not be told.
   * @param mode one of ShutdownMode
   */
  async offline(mode: number): Promise<void> {
    this.#shrink();
    for (const connection of this.connections()) {
      if (connection.state === "dialing" || connection.state === "handshaking") connection.abort(undefined);
    }
    if (this.isWeak) return;
    const open = this.connections().filter((connection) => connection.isOpen);
    const answers = await Promise.all(open.map((connection) => connection.offline(mode)));
    const missing = open.filter((connection, index) => answers[index] === false && connection.isOpen).length;
    if (missing > 0) {
      this.#log.report(
        "error",
        "TimeoutWaitingForFinAck",
        `${missing} server connections got no answer to the announced shutdown.`,
      );
    }
  }

  /** Closes all and replaces none. May be called at any time, and twice. */
  async stop(): Promise<void> {
    this.#shrink();
    this.#statusTimer?.cancel();
    this.#statusTimer = undefined;
    this.#log.stop();
    await Promise.all(this.connections().map((connection) => connection.stop()));
  }

  /** Asks the service something over any connection; what fails is reported, and asked again by whoever needs to know. */
  ask(question: Ping): void {
    try {
      this.#active.any()?.send(question);
    } catch (error) {
      const text = "The service could not be asked for its status; it will be asked again.";
      this.#log.report("warn", "FailedSendingPing", text, error);
    }
  }

  #newKeys(): KeyRenewal | undefined {
    const { keyExchange: exchange } = this.#tokens;
    return exchange && new KeyRenewal({ exchange, environment: this.#environment, endpoint: this.#endpoint });
  }

  #newSlot(): PoolSlot {
    return new PoolSlot({
      gate: this.#gate,
      open: () => this.#open(this.isWeak ? ConnectionType.Weak : ConnectionType.Default),
    });
  }

  #open(connectionType: number, target?: string): ServerConnection {
    const environment = this.#environment;
    const endpoint = this.#endpoint;
    const tokens = this.#tokens;
    const handlers = this.#handlers;
    const { counts } = this;
    return new ServerConnection({ environment, endpoint, tokens, connectionType, target, handlers, counts });
  }

  #shrink(): void {
    this.#isGrowing = false;
    this.#gate.stop();
    for (const slot of this.#slots) slot.stop();
  }

  #opened(connection: ServerConnection): void {
    this.#lastFailure = undefined;
    this.#log.opened();
    this.#keys?.opened(connection);
    this.#updated(connection);
    this.#startStatusPings();
    this.#options.handlers.onOpen(this);
    const slot = this.#slotOf(connection);
    if (slot?.hadConnection) this.counts.reconnects += 1;
    slot?.opened();
    this.#options.handlers.onStatusChange();
  }

  #updated(connection: ServerConnection): void {
    this.#active.update(connection);
    const isOnline = this.#active.size > 0 || this.#slots.length === 0;
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    this.#since = this.#environment.clock.unixTime();
    if (isOnline) this.#log.online();
    else if (this.#isGrowing) this.#log.offline();
  }

  #closed(connection: ServerConnection, reason: SignalRError | undefined, wasOpen: boolean): void {
    const slot = this.#slotOf(connection);
    if (this.#isGrowing) {
      if (reason !== undefined) this.#failed(reason);
      this.#log.ended({ id: connection.id, reason, wasOpen, isReplaced: slot !== undefined });
    }
    this.#onDemand.delete(connection);
    this.#keys?.closed(connection);
    this.#updated(connection);
    if (wasOpen) this.#options.handlers.onConnectionClosed(connection, reason);
    this.#startStatusPings();
    slot?.closed();
    this.#options.handlers.onStatusChange();
  }

  #failed(reason: SignalRError): void {
    this.counts.countFailure(reason.code);
    this.#lastFailure = reason;
    this.#lastFailureAt = this.#environment.clock.unixTime();
  }

  #slotOf(connection: ServerConnection): PoolSlot | undefined {
    return this.#slots.find((slot) => slot.connection === connection);
  }

  #takePing(messages: Ping["messages"]): void {
    const value = readPing(messages);
    const offline = value(PingKey.Offline);
    if (offline !== undefined) {
      if (offline) {
        const text = `Service instance ${foreignText(offline)} is gone, with the clients on it.`;
        this.#log.report("info", "ReceivedInstanceOfflinePing", text, undefined, Category.connection);
        this.#options.handlers.onInstanceOffline(offline);
      }
      return;
    }
    const target = value(PingKey.Target);
    if (target) this.#openOnDemand(target);
    this.status.take(messages);
    this.#options.handlers.onStatus();
  }

  #openOnDemand(target: string): void {
    if (!this.#isGrowing || this.isWeak) return;
    const { maxConnectionCount } = this.#options;
    const total = this.#slots.length + this.#onDemand.size;
    if (maxConnectionCount !== undefined && total >= maxConnectionCount) return;
    let dialing = 0;
    for (const connection of this.#onDemand) if (!connection.isOpen) dialing += 1;
    if (dialing >= MAX_DIALING_ON_DEMAND) return;
    const connection = this.#open(ConnectionType.OnDemand, target);
    this.#onDemand.add(connection);
    connection.start();
  }

  /** Begins when the first attempt is over, good or bad. */
  #startStatusPings(): void {
    if (this.#statusTimer !== undefined || !this.#isGrowing) return;
    const { clock, tuning } = this.#environment;
    this.#statusTimer = clock.every(tuning.statusPingMs, () => this.ask(statusRequestPing()));
  }
}
