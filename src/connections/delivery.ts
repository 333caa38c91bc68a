import type { Clock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import { endpointLabel } from "../config/service-endpoint.js";
import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import { appendMessage } from "../protocol/service/codec.js";
import { type Ack, type AckableMessage, AckStatus, type ServiceMessage } from "../protocol/service/messages.js";
import { mergeAcks } from "./ack-merge.js";
import type { AckRegistry } from "./acks.js";
import { type EndpointMembers, isNeeded } from "./members.js";
import { partitionKeyOf } from "./partition.js";
import type { ConnectionPool } from "./pool.js";
import { Category, type Report } from "./report.js";
import type { EndpointRouter } from "./router.js";
import type { ServerConnection } from "./server-connection.js";
import type { ResolvedConnectionTuning } from "./tuning.js";
import { WaitingSends } from "./waiting-sends.js";

/** What carries a message: the connection of the client in whose name it is sent, else its key's, else any. */
export interface SendRoute {
  /** The server connection that the caller's client came in on. */
  readonly via?: ServerConnection | undefined;
  /** The one that the addressed client came in on: no other endpoint has that client. */
  readonly home?: ServerConnection | undefined;
  /** Messages with the same key keep their order. @default by the message: its group, user or connection */
  readonly partitionKey?: string | undefined;
  /** Told how many endpoints get the message, before it is written. */
  readonly onTargets?: ((count: number) => void) | undefined;
}

export interface DeliveryOptions {
  readonly hub: string;
  readonly members: EndpointMembers;
  /** Undefined: every endpoint that is online gets everything. */
  readonly router: EndpointRouter | undefined;
  /** One for the process. */
  readonly acks: AckRegistry;
  readonly clock: Clock;
  readonly tuning: Pick<ResolvedConnectionTuning, "sendWaitMs" | "maxBufferedBytes">;
  readonly report: Report;
}

type Write = (connection: ServerConnection) => void;

const NO_ROUTE: SendRoute = Object.freeze({});
const NOBODY: readonly ConnectionPool[] = Object.freeze([]);
/** What the service would say as well. */
const NOT_FOUND: Ack = Object.freeze({ kind: "ack", ackId: 0, status: AckStatus.NotFound, message: "", payload: null });

/** Brings messages to the endpoints that they are for, and waits for answers. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #members: EndpointMembers;
  readonly #router: EndpointRouter | undefined;
  readonly #waiting: WaitingSends;
  readonly #waitingWriter = new MsgpackWriter();
  #stopped: SignalRError | undefined;

  constructor(options: DeliveryOptions) {
    const { members, router, clock, tuning } = options;
    this.#options = options;
    this.#members = members;
    this.#router = router;
    this.#waiting = new WaitingSends({
      clock,
      waitMs: tuning.sendWaitMs,
      maxBytes: tuning.maxBufferedBytes,
      notConnected: () => this.#notConnected(),
    });
  }

  /** See `ServiceContainer.send`. */
  send(message: ServiceMessage, route: SendRoute = NO_ROUTE): Promise<void> | undefined {
    const { via } = route;
    if (via?.isOpen && ((this.#router === undefined && this.#members.all.length === 1) || isAnswerToClient(message))) {
      via.send(message);
      return via.ready();
    }
    this.#checkRunning();
    if (this.#isSendable()) return this.#deliver(message, route, (connection) => connection.send(message));
    // Bytes of the message may be views that do not outlive this call, so it is encoded now.
    appendMessage(this.#waitingWriter, message);
    const frame = this.#waitingWriter.take();
    return this.#waiting.add(frame.length, () =>
      this.#deliver(message, route, (connection) => connection.sendFrame(frame, message.kind)),
    );
  }

  /** See `ServiceContainer.request`. */
  async request(build: (ackId: number) => AckableMessage, route: SendRoute = NO_ROUTE): Promise<Ack> {
    this.#checkRunning();
    if (this.#isSendable()) return this.#ask(build, route);
    return this.#waiting.add(0, () => this.#ask(build, route));
  }

  /** A connection is open: what waits goes out. */
  opened(): void {
    this.#waiting.run();
  }

  /** Nothing is sent from now on; what waits fails with this error. */
  stop(error: SignalRError): void {
    this.#stopped ??= error;
    this.#waiting.fail(error);
  }

  #checkRunning(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Whether something can be sent at once. What waits already goes first. */
  #isSendable(): boolean {
    return this.#waiting.isEmpty && this.#members.pools.some((pool) => pool.hasOpen);
  }

  /**
   * Who gets a message; empty when a router wants nobody to have it.
   * @throws SignalRError NOT_CONNECTED, and what a router throws
   */
  #targets(message: ServiceMessage, route: SendRoute): readonly ConnectionPool[] {
    const { via, home } = route;
    const own = home?.isOpen && this.#members.all.length > 1 ? this.#members.poolOf(home) : undefined;
    if (own !== undefined) return [own];
    return (this.#router && this.#routed(this.#router, message, via)) ?? this.#online(route);
  }

  #online({ via }: SendRoute): readonly ConnectionPool[] {
    const online = this.#members.online(via);
    if (online.length === 0) throw this.#notConnected();
    return online;
  }

  #routed(
    router: EndpointRouter,
    message: ServiceMessage,
    via: ServerConnection | undefined,
  ): readonly ConnectionPool[] | undefined {
    const routed = this.#members.routed(router, message, via);
    if (routed === undefined) return undefined;
    const { report, hub } = this.#options;
    for (const stranger of routed.strangers) {
      const text = `The router chose ${shownEndpoint(stranger)}, which is no endpoint of hub ${hub}; it is passed over.`;
      report("error", "EndpointNotExists", text);
    }
    if (routed.pools.length === 0) {
      report("warn", "NoEndpointRouted", `The router chose no endpoint, so a ${message.kind} message goes nowhere.`);
      return NOBODY;
    }
    const needed = routed.pools.filter(isNeeded);
    if (needed.length < routed.pools.length) {
      const text = `A ${message.kind} message is not sent to a secondary endpoint that has had no clients for a while.`;
      report("debug", "IgnoreSendingMessageToInactiveEndpoint", text, undefined, Category.weakPool);
    }
    return needed;
  }

  #deliver(message: ServiceMessage, route: SendRoute, write: Write): Promise<void> | undefined {
    const { via } = route;
    const partitionKey = route.partitionKey ?? partitionKeyOf(message);
    const targets = this.#targets(message, route);
    route.onTargets?.(targets.filter((pool) => pool.hasOpen).length);
    const [only] = targets;
    if (only === undefined) return undefined;
    if (targets.length === 1) return this.#writeTo(only, via, partitionKey, write);
    const waits: Promise<void>[] = [];
    let failure: unknown;
    let written = 0;
    for (const pool of targets) {
      try {
        const wait = this.#writeTo(pool, via, partitionKey, write);
        if (wait !== undefined) waits.push(wait);
        written += 1;
      } catch (error) {
        // A router may choose an endpoint that is offline. Who can be reached elsewhere has the message.
        if (pool.hasOpen) failure ??= error;
        this.#reportFailedWrite(pool, error);
      }
    }
    if (failure !== undefined) throw failure;
    if (written === 0) throw this.#notConnected();
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  }

  #writeTo(
    pool: ConnectionPool,
    via: ServerConnection | undefined,
    partitionKey: string | undefined,
    write: Write,
  ): Promise<void> | undefined {
    const connection = pool.pick(via, partitionKey);
    if (connection === undefined) throw this.#notConnected();
    write(connection);
    return connection.ready();
  }

  async #ask(build: (ackId: number) => AckableMessage, route: SendRoute): Promise<Ack> {
    const { acks } = this.#options;
    const { via, partitionKey } = route;
    // No message is made in vain: it may be a traced one.
    const targets = this.#router === undefined ? this.#online(route) : this.#targets(build(0), route);
    if (targets.length === 0) return NOT_FOUND;
    const open = targets.filter((pool) => pool.hasOpen);
    if (open.length === 0) throw this.#notConnected();
    let kind: AckableMessage["kind"] = "joinGroupWithAck";
    const answers = open.map((pool) => {
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

  #notConnected(): SignalRError {
    const cause = this.#members.pools.find((pool) => pool.lastFailure !== undefined)?.lastFailure;
    const detail = cause === undefined ? "" : ` ${cause.message}`;
    return new SignalRError(
      "NOT_CONNECTED",
      `Azure SignalR Service is not connected, so nothing can be sent for hub ${this.#options.hub}.${detail}`,
      cause === undefined ? undefined : { cause },
    );
  }

  #reportFailedWrite(pool: ConnectionPool, error: unknown): void {
    const text = `A message could not be sent to ${endpointLabel(pool.endpoint)}; other endpoints may have it.`;
    this.#options.report("warn", "FailedWritingMessageToEndpoint", text, error);
  }
}

/** Bytes for one client only make sense on the connection that the client lives on. */
function isAnswerToClient({ kind }: ServiceMessage): boolean {
  return kind === "connectionData" || kind === "connectionFlowControl" || kind === "clientCompletion";
}

/** What a router returned, as a log may show it. */
export function shownEndpoint(answer: unknown): string {
  if (typeof answer !== "object" || answer === null) return `a value of type ${typeof answer}`;
  const url = "url" in answer && typeof answer.url === "string" ? answer.url : undefined;
  return url !== undefined && /^https?:\/\/[\w.:[\]-]{1,255}$/.test(url) ? url : "an object without an endpoint's url";
}
