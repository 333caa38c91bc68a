import { randomInt } from "node:crypto";
import { toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { Probe } from "../base/probe.js";
import type { ServiceMessage } from "../protocol/service/messages.js";

/** The category in which the official SDK logs messages that are traced. */
const CATEGORY = "Microsoft.Azure.SignalR.ServiceLifetimeManager";

const PREFIX_BITS = 28;
const COUNTER_BITS = 32n;

/** Names of the events that tell a traced message's start, and what the message is, by its kind. */
const STARTS: { readonly [Kind in ServiceMessage["kind"]]?: readonly [event: LogEvent, what: string] } = {
  broadcastData: ["StartToBroadcastMessage", "to all clients"],
  multiConnectionData: ["StartToSendMessageToConnections", "to connections"],
  groupBroadcastData: ["StartToBroadcastMessageToGroup", "to a group"],
  multiGroupBroadcastData: ["StartToBroadcastMessageToGroups", "to groups"],
  userData: ["StartToSendMessageToUser", "to a user"],
  multiUserData: ["StartToSendMessageToUsers", "to users"],
  joinGroupWithAck: ["StartToAddConnectionToGroup", "that adds a connection to a group"],
  leaveGroupWithAck: ["StartToRemoveConnectionFromGroup", "that removes a connection from a group"],
  clientInvocation: ["StartToInvokeConnection", "that asks a client"],
};

/**
 * Makes tracing ids: a random number of the process in the upper 32 bits, a counter in the lower ones, as the official
 * SDK does, so that ids of several servers do not meet.
 */
export function createTracingIds(prefix: number = randomInt(2 ** PREFIX_BITS)): () => bigint {
  const upper = BigInt(prefix) << COUNTER_BITS;
  let counter = 0n;
  return () => {
    counter = BigInt.asUintN(Number(COUNTER_BITS), counter + 1n);
    return upper | counter;
  };
}

const nextTracingId = createTracingIds();

/** All messages that have room for a tracing id. */
export type TraceableMessage = Exclude<ServiceMessage, { readonly kind: "ping" | "serviceError" }>;

export interface MessageTracingParts {
  /** Name at the service. */
  readonly hub: string;
  readonly probe: Probe;
  /** Whether an endpoint of the hub asks for tracing ids. */
  readonly isAskedFor: () => boolean;
  /** @default ids of this process */
  readonly newId?: () => bigint;
}

/**
 * Gives messages of a hub a tracing id, with which one message can be found again in the log here, at the service and at
 * other servers. On when the service asks for it (ping `d-m`), and for what is sent in the name of a diagnostic client.
 */
export class MessageTracing {
  readonly #parts: MessageTracingParts;
  readonly #newId: () => bigint;

  constructor(parts: MessageTracingParts) {
    this.#parts = parts;
    this.#newId = parts.newId ?? nextTracingId;
  }

  /** Whether the next message is to be traced. */
  isOn(isDiagnosticClient: boolean): boolean {
    return isDiagnosticClient || this.#parts.isAskedFor();
  }

  /** The message with a new tracing id, told to the log. */
  start<T extends TraceableMessage>(message: T): T {
    const tracingId = this.#newId();
    const [event, what] = STARTS[message.kind] ?? (["StartToSendMessage", `of kind ${message.kind}`] as const);
    this.#log("info", event, `Start to send message ${tracingId} ${what}.`, tracingId);
    return { ...message, ext: { ...message.ext, tracingId } };
  }

  succeeded(message: ServiceMessage): void {
    const tracingId = tracingIdOf(message);
    this.#log("info", "SucceededToSendMessage", `Succeeded to send message ${tracingId}.`, tracingId);
  }

  failed(message: ServiceMessage, error: unknown): void {
    const tracingId = tracingIdOf(message);
    const text = `Failed to send message ${tracingId}: ${toError(error).message}`;
    this.#log("warn", "FailedToSendMessage", text, tracingId, error);
  }

  /** A message of the service that carries an id; others are not told. */
  received(message: ServiceMessage): void {
    const tracingId = tracingIdOf(message);
    if (tracingId === undefined) return;
    const text = `Received message ${tracingId} (${message.kind}) from the service.`;
    this.#log("info", "RecieveMessageFromService", text, tracingId);
  }

  #log(level: "info" | "warn", event: LogEvent, message: string, tracingId: bigint | undefined, error?: unknown): void {
    const { probe, hub } = this.#parts;
    if (!probe.isEnabled(level)) return;
    const attributes = { hub, tracingId: String(tracingId) };
    probe.log({ level, category: CATEGORY, event, message, attributes, ...(error !== undefined && { error }) });
  }
}

function tracingIdOf(message: ServiceMessage): bigint | undefined {
  return "ext" in message ? message.ext?.tracingId : undefined;
}
