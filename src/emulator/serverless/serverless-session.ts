import { toError } from "../../base/errors.js";
import type { HubMessage, InvocationMessage } from "../../protocol/hub/messages.js";
import type { HubProtocol } from "../../protocol/hub/protocol.js";
import { RecordBuffer, type RecordRange } from "../../protocol/hub/record-buffer.js";
import { DataMessageType, type ServiceMessage } from "../../protocol/service/messages.js";
import type { ClientConnection } from "../client-connection.js";
import { isFramed } from "../hub-payloads.js";
import type { HubSpace } from "../hub-space.js";
import type { MessageTaps, Passage, PassedMessage } from "../message-tap.js";
import type { Servant } from "./servant.js";
import type { Upstream, UpstreamAnswer } from "./upstream.js";
import type { EventSource, UpstreamEvent } from "./upstream-request.js";
import type { UpstreamEventName } from "./upstream-template.js";

export interface ServerlessSessionInput {
  readonly client: ClientConnection;
  readonly hub: HubSpace;
  readonly taps: MessageTaps;
  readonly protocol: HubProtocol;
  readonly upstream: Upstream;
  /** Largest hub message. */
  readonly maxMessageBytes: number;
  /** Something an operator wants to know. */
  readonly onNotice: (client: ClientConnection, event: SessionNotice, text: string) => void;
}

/** What an operator may want to know of a session, as names of log events. */
export type SessionNotice = "StreamNotForwarded" | "UpstreamMissing" | "UpstreamAnswerUnusable";

const JSON_TYPE = "application/json";
const MSGPACK_TYPE = "application/x-msgpack";
const CONNECTED = Buffer.from('{"type":10}');
const FIVE_ITEMS = 0x95;
const SIX_ITEMS = 0x96;
const EMPTY_LIST = Buffer.of(0x90);
const SILENCE_LIMIT_MS = 30_000;
// A client that sends faster than its webhook answers is read no further from here on.
const HOLD_AT_BYTES = 64 * 1024;

/**
 * One client of a Serverless hub. What it does is told to the webhooks, one request at a time and in order: `connected`
 * first, then its calls, `disconnected` last. What waits is kept as the bytes that came, so its size is bounded.
 */
export class ServerlessSession implements Servant {
  readonly #input: ServerlessSessionInput;
  readonly #records = new RecordBuffer();
  readonly #hubName: string;
  /** The webhooks stand where a hub server would. */
  readonly #passage: Passage;
  /** A request is under way. */
  #isBusy = false;
  #isHeld = false;
  /** Why the client is gone, when it is. */
  #ending: string | undefined;
  #isOver = false;
  /** What was noticed already: a client must not be able to fill the log. */
  readonly #noticed = new Set<SessionNotice>();
  #heardAt: number;
  /** From its first ping on, silence means that it is gone. */
  #hasPinged = false;

  constructor(input: ServerlessSessionInput) {
    this.#input = input;
    const { client, hub } = input;
    this.#heardAt = hub.clock.now();
    // Patterns tell letters apart, so the name goes on as the client wrote it.
    this.#passage = { id: "", serverId: "upstream", hub: hub.name };
    this.#hubName = new URLSearchParams(client.queryString).get("hub") ?? hub.name;
  }

  /** Its handshake is answered; `rest` is what came behind the request. */
  start(rest: Uint8Array): void {
    const { connectionId } = this.#input.client;
    this.#show("toServer", { kind: "openConnection", connectionId, claims: [], headers: [], queryString: "" });
    this.#tell("connected", CONNECTED);
    this.#accept(rest);
  }

  take(bytes: Buffer): void {
    if (this.#ending !== undefined) return;
    this.#heardAt = this.#input.hub.clock.now();
    this.#accept(bytes);
  }

  heartbeat(): void {
    const { client, hub, protocol } = this.#input;
    // While it is not read, nothing can be heard of it.
    if (this.#hasPinged && !this.#isHeld && hub.clock.now() - this.#heardAt >= SILENCE_LIMIT_MS) {
      client.close({
        error: "Connection closed with an error.",
        allowReconnect: true,
        notice: "The client was silent for more than 30 seconds.",
      });
    } else {
      client.deliverData(protocol.write({ type: 6 }), DataMessageType.Other);
    }
  }

  ended(reason: string): void {
    if (this.#isHeld) {
      // What had been read before the client left is still told.
      this.#isHeld = false;
      this.#input.client.release();
    }
    this.#ending = reason;
    this.#proceed();
  }

  #accept(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#showData("toServer", bytes);
    this.#records.push(bytes);
    this.#proceed();
    // The bytes may be used for something else from now on.
    this.#records.hold();
    this.#balance();
  }

  /** Handles what has come until there is a request to wait for, or nothing left. */
  #proceed(): void {
    while (!this.#isBusy && !this.#isOver) {
      const record = this.#nextRecord();
      if (record !== undefined) this.#read(record);
      else if (this.#ending !== undefined) this.#sayGoodbye(this.#ending);
      else break;
    }
  }

  #nextRecord(): RecordRange | undefined {
    try {
      return this.#records.next(this.#input.protocol, this.#input.maxMessageBytes);
    } catch (error) {
      this.#violated(error);
      return undefined;
    }
  }

  #read(record: RecordRange): void {
    const { protocol } = this.#input;
    let message: HubMessage | undefined;
    try {
      message = protocol.read(record.bytes, record.start, record.end);
    } catch (error) {
      this.#violated(error);
      return;
    }
    if (message !== undefined) this.#handle(message, record);
  }

  #handle(message: HubMessage, record: RecordRange): void {
    const { client, hub } = this.#input;
    switch (message.type) {
      case 1:
        this.#invoked(message, record);
        break;
      case 3:
        hub.calls.answered(client, message.invocationId, copyOf(record));
        break;
      case 4:
        // Left open: the REST API can send its items.
        this.#notice(
          "StreamNotForwarded",
          `A client called the stream '${message.target}' of hub '${hub.name}', which Serverless mode does not pass on.`,
        );
        break;
      case 6:
        this.#hasPinged = true;
        break;
      case 7:
        client.close({ notice: message.error ?? "" });
        break;
    }
  }

  #invoked(message: InvocationMessage, record: RecordRange): void {
    const { client, hub, upstream } = this.#input;
    if (!upstream.isConfigured) {
      const error = `Hub '${hub.name}' has neither a server nor an upstream, so clients cannot call anything.`;
      this.#notice("UpstreamMissing", error);
      this.#records.clear();
      client.close({ error, notice: error });
      return;
    }
    const isFound = this.#tell(message.target, bodyOf(record, client.protocol), message);
    if (isFound) return;
    const text = `No upstream is set for '${message.target}' of hub '${hub.name}'.`;
    this.#notice("UpstreamMissing", text);
    this.#answer(message, { kind: "error", text: `Invocation failed, error: ${text}` });
  }

  /** Sends an event, and goes on when it is answered. False: no upstream wants it. */
  #tell(event: string, body: Buffer, invocation?: InvocationMessage): boolean {
    const { client, upstream } = this.#input;
    const name: UpstreamEventName = {
      hub: this.#hubName,
      category: invocation === undefined ? "connections" : "messages",
      event,
    };
    const rule = upstream.find(name);
    if (rule === undefined) return false;
    const isJson = invocation === undefined || client.protocol === "json";
    const source: EventSource = client;
    const sent: UpstreamEvent = { ...name, source, contentType: isJson ? JSON_TYPE : MSGPACK_TYPE, body };
    this.#isBusy = true;
    // Never rejects.
    void upstream.send(rule, sent).then((answer) => {
      this.#isBusy = false;
      if (invocation !== undefined) this.#answer(invocation, answer);
      this.#proceed();
      this.#balance();
    });
    return true;
  }

  #answer({ invocationId, target }: InvocationMessage, answer: UpstreamAnswer): void {
    if (invocationId === undefined) return;
    const { client, protocol } = this.#input;
    let payload: Uint8Array;
    if (answer.kind === "error") {
      payload = protocol.write({ type: 3, invocationId, error: answer.text, hasResult: false });
    } else if (answer.body.length === 0) {
      payload = protocol.write({ type: 3, invocationId, hasResult: false });
    } else if (isFramed(protocol, answer.body)) {
      payload = answer.body;
    } else {
      // In the service's hands it would break the client's connection.
      const text = `The answer to '${target}' is no hub message in the client's protocol (${protocol.name}), with its framing.`;
      this.#notice("UpstreamAnswerUnusable", text);
      payload = protocol.write({ type: 3, invocationId, error: `Invocation failed, error: ${text}`, hasResult: false });
    }
    this.#showData("fromServer", payload);
    client.deliverData(payload, DataMessageType.Invocation);
  }

  #sayGoodbye(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#records.clear();
    const { connectionId } = this.#input.client;
    this.#show("toServer", { kind: "closeConnection", connectionId, errorMessage: reason, headers: [] });
    const body = reason === "" ? { type: 11 } : { type: 11, error: reason };
    this.#tell("disconnected", Buffer.from(JSON.stringify(body)));
  }

  #violated(error: unknown): void {
    const { client } = this.#input;
    const { name, message } = toError(error);
    this.#records.clear();
    const detail = client.terms.isDetailed ? ` ${name}: ${message}` : "";
    client.close({ error: `Connection closed with an error.${detail}`, notice: message });
  }

  /** Reads the client only while what it sends does not pile up. */
  #balance(): void {
    if (this.#ending !== undefined) return;
    const isFull = this.#isBusy && this.#records.size > HOLD_AT_BYTES;
    if (isFull === this.#isHeld) return;
    this.#isHeld = isFull;
    if (isFull) this.#input.client.hold();
    else this.#input.client.release();
  }

  #showData(direction: PassedMessage["direction"], payload: Uint8Array): void {
    const { client, taps } = this.#input;
    if (!taps.isObserved) return;
    this.#show(direction, { kind: "connectionData", connectionId: client.connectionId, payload });
  }

  #show(direction: PassedMessage["direction"], message: ServiceMessage): void {
    this.#input.taps.show(direction, this.#passage, message);
  }

  #notice(event: SessionNotice, text: string): void {
    if (this.#noticed.has(event)) return;
    this.#noticed.add(event);
    this.#input.onNotice(this.#input.client, event, text);
  }
}

/** The hub message as receivers want it: without the framing of its protocol. */
function bodyOf({ bytes, start, end }: RecordRange, protocol: string): Buffer {
  if (protocol === "json") return Buffer.from(bytes.subarray(start, end - 1));
  let body = start;
  while ((bytes[body] ?? 0) >= 0x80) body += 1;
  const message = bytes.subarray(body + 1, end);
  if (message[0] !== FIVE_ITEMS) return Buffer.from(message);
  // Some clients leave out the list of upload streams when they have none; receivers may count on it.
  const whole = Buffer.concat([message, EMPTY_LIST]);
  whole[0] = SIX_ITEMS;
  return whole;
}

function copyOf({ bytes, start, end }: RecordRange): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
