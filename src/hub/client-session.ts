import { HubException, toError } from "../base/errors.js";
import { foreignText } from "../base/foreign-text.js";
import type { ClientEnd, RecordingLink } from "../base/instruments.js";
import type { LogEvent } from "../base/log-events.js";
import { parseHandshakeRequest, writeHandshakeResponse } from "../protocol/hub/handshake.js";
import type { CloseMessage, HubMessage } from "../protocol/hub/messages.js";
import { type HubProtocol, InvalidDataException } from "../protocol/hub/protocol.js";
import { RecordBuffer } from "../protocol/hub/record-buffer.js";
import { Calls } from "./calls.js";
import { type ClientIdentity, type HubCallerContext, SessionContext } from "./context.js";
import { CLOSED_WITH_ERROR, HANDSHAKE_CANCELED, HANDSHAKE_FAILED, namedError, withDetail } from "./errors.js";
import type { Invocation, InvocationOwner } from "./invocation.js";
import { runConnected, runDisconnected } from "./lifetime-call.js";
import type { ClientWire } from "./outlet.js";
import type { HubRuntime } from "./runtime.js";
import { type ClientSessionState, moveSession } from "./session-state.js";
import { StreamShare } from "./stream-share.js";
import { HeldBytes } from "./uploads.js";

const CLIENT_TIMEOUT = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";
const TOO_MUCH_WAITING = "The client sent more than the hub could take (maximumBufferedBytesPerClient).";
const SERVER_LEAVES = "The server shut down before the call had ended.";
const HIGHEST_VERSION = 2;

export interface ClientSessionParts {
  readonly runtime: HubRuntime;
  readonly identity: ClientIdentity;
  readonly wire: ClientWire;
  /** The client was moved here from another server: it has its handshake answer already. */
  readonly isMigrated: boolean;
  /** Called once when the client counts no longer; onDisconnected may still be running. */
  readonly onGone: (session: ClientSession) => void;
}

/** How a session ends. */
interface Ending {
  /** Sent to the client before its connection closes; undefined: nothing is sent. */
  readonly close?: CloseMessage;
  /** False when the other side has ended the connection already. */
  readonly tellService: boolean;
  /** Given to onDisconnected. */
  readonly error?: Error | undefined;
}

const GONE: Ending = Object.freeze({ tellService: false });
const GRACEFUL: CloseMessage = Object.freeze({ type: 7 });
const COME_BACK: CloseMessage = Object.freeze({ type: 7, allowReconnect: true });

/**
 * One client of a hub, from its handshake to its end: reads its messages in order, runs its calls, writes the answers.
 * Every way out leads through one function, so that onDisconnected runs exactly once for each onConnected that
 * succeeded.
 */
export class ClientSession implements InvocationOwner {
  readonly runtime: HubRuntime;
  readonly wire: ClientWire;
  readonly context: HubCallerContext;
  /** Resolves when onDisconnected, if there is one to run, is over. */
  readonly closed: Promise<void>;
  link: RecordingLink | undefined;
  readonly #context: SessionContext;
  readonly #isMigrated: boolean;
  readonly #onGone: (session: ClientSession) => void;
  readonly #records = new RecordBuffer();
  readonly #bornAt: number;
  #calls: Calls | undefined;
  #streamShare: StreamShare | undefined;
  #state: ClientSessionState = "handshaking";
  #protocol: HubProtocol | undefined;
  #resolveClosed: () => void = () => {};
  #endedWhileConnecting: Ending | undefined;
  #isReading = false;
  #lastReceivedAt: number;
  #lastPingAt: number;
  #endedAs: ClientEnd = "normal_closure";
  #isTimeoutArmed = false;
  /** Waits for the end of onConnected. */
  #onConnected: (() => void) | undefined;

  constructor(parts: ClientSessionParts) {
    this.runtime = parts.runtime;
    this.wire = parts.wire;
    this.#isMigrated = parts.isMigrated;
    this.#onGone = parts.onGone;
    this.#context = new SessionContext(parts.identity, () => this.#end({ close: GRACEFUL, tellService: true }));
    this.context = this.#context;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#bornAt = parts.runtime.clock.now();
    this.#lastReceivedAt = this.#bornAt;
    this.#lastPingAt = this.#bornAt;
  }

  get state(): ClientSessionState {
    return this.#state;
  }

  /** Calls may run and messages may be sent; false from the moment the end begins. */
  get isOpen(): boolean {
    return this.#state === "open" || (this.#state === "connecting" && this.#endedWhileConnecting === undefined);
  }

  /** The client's protocol, once its handshake is done. */
  get protocol(): HubProtocol | undefined {
    return this.#protocol;
  }

  get protocolName(): string {
    return this.#protocol?.name ?? "";
  }

  /** Calls and uploads of the client that run or wait; 0 when nothing of it is left to do. */
  get pendingWork(): number {
    return this.#calls?.size ?? 0;
  }

  /** Bytes from the client, cut anyhow. They need to stay untouched only during this call. */
  receive(payload: Uint8Array): void {
    if (!this.isOpen && this.#state !== "handshaking") return;
    this.#lastReceivedAt = this.runtime.clock.now();
    this.#records.push(payload);
    if (this.#state === "handshaking") this.#readHandshake();
    else if (this.#state === "connecting") this.#checkWaitingBytes();
    if (this.#state === "open") this.#readMessages();
  }

  /** An incomplete message will never be completed: the client's transport was replaced. */
  forgetIncomplete(): void {
    if (this.#state === "open") this.#records.clear();
  }

  /** The client, or the server connection it came on, is gone. */
  gone(endedAs: ClientEnd = "normal_closure"): void {
    this.#endedAs = endedAs;
    this.#end(GONE);
  }

  /** This server ends: the client is told to leave, and may reconnect to another one. */
  dismiss(): void {
    this.#endedAs = "app_shutdown";
    if (this.#state === "handshaking") this.wire.close();
    this.#end({ close: COME_BACK, tellService: true });
  }

  /**
   * Resolves when all calls have ended that can end without another word of the client, or with `limit`. For a client
   * that is about to move to another server; {@link interruptCalls} comes next. Never rejects.
   */
  async settle(limit: Promise<void>): Promise<void> {
    if (this.#state === "handshaking" || this.#state === "connecting") {
      const connected = new Promise<void>((resolve) => {
        this.#onConnected = resolve;
      });
      await Promise.race([connected, limit]);
    }
    if (this.#calls === undefined || !this.isOpen) return;
    await Promise.race([this.#calls.settled(), limit]);
  }

  /** Answers the calls that are left with an error, so that each call is answered, once, before its client moves. */
  interruptCalls(): void {
    if (this.isOpen) this.#calls?.interruptAll(new HubException(SERVER_LEAVES));
  }

  /** Something could not be sent, and the client would miss it: it has to go. */
  wireFailed(error: Error): void {
    this.#report("FailedWritingMessage", `a client was closed: ${error.message}`, error);
    this.#end({ tellService: false, error });
  }

  /** Looks at the session's clocks; called about once a second. */
  tick(now: number): void {
    const { handshakeTimeout, clientTimeoutInterval, keepAliveInterval } = this.runtime.options;
    if (this.#state === "handshaking") {
      if (now - this.#bornAt < handshakeTimeout) return;
      this.#endedAs = "timeout";
      this.#refuseHandshake(HANDSHAKE_CANCELED);
      return;
    }
    if (!this.isOpen) return;
    if (this.#isTimeoutArmed && now - this.#lastReceivedAt >= clientTimeoutInterval) {
      this.#endedAs = "timeout";
      this.runtime.counts.pingTimeouts += 1;
      this.#fail(namedError("OperationCanceledException", CLIENT_TIMEOUT));
    } else if (now - this.#lastPingAt >= keepAliveInterval) {
      this.#lastPingAt = now;
      this.#write({ type: 6 }, "other");
    }
  }

  /** Most clients never open a stream. */
  get streamShare(): StreamShare {
    this.#streamShare ??= new StreamShare();
    return this.#streamShare;
  }

  reply(message: HubMessage): void {
    if (this.isOpen) this.#write(message, "invocation");
  }

  releasePermit(invocation: Invocation): void {
    this.#calls?.releasePermit(invocation);
  }

  finished(invocation: Invocation): void {
    this.#calls?.finished(invocation);
  }

  #readHandshake(): void {
    const waiting = this.#records.peek();
    let request: ReturnType<typeof parseHandshakeRequest>;
    try {
      request = parseHandshakeRequest(waiting);
    } catch (error) {
      this.#refuseHandshake(withDetail(HANDSHAKE_FAILED, toError(error), this.runtime.options.enableDetailedErrors));
      return;
    }
    const limit = this.runtime.options.maximumReceiveMessageSize;
    if (limit !== null && (request?.consumed ?? waiting.length) > limit)
      return this.#refuseHandshake(HANDSHAKE_CANCELED);
    if (request === undefined) {
      this.#records.hold();
      return;
    }
    const { protocol: name, version } = request.message;
    const protocol = this.runtime.protocols.get(name.toLowerCase());
    if (protocol === undefined) return this.#refuseHandshake(`The protocol '${name}' is not supported.`);
    if (version > HIGHEST_VERSION) {
      this.#refuseHandshake(`The server does not support version ${version} of the '${protocol.name}' protocol.`);
      return;
    }
    this.#records.skip(request.consumed);
    this.#protocol = protocol;
    if (!this.#isMigrated) this.wire.send(HANDSHAKE_ACCEPTED, "handshake");
    // The answer may have found the wire broken, which ends the session.
    if (this.state !== "handshaking") return;
    // Every failure in there ends the session.
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#move("connecting");
    this.#calls = new Calls(
      this,
      new HeldBytes(this.runtime.options.maximumBufferedBytesPerClient, () => this.#overflow()),
    );
    // What follows the handshake in the same chunk waits; the chunk itself must not be kept.
    this.#checkWaitingBytes();
    try {
      await runConnected(this);
    } catch (error) {
      this.#refuseConnection(toError(error));
      return;
    }
    const ending = this.#endedWhileConnecting;
    if (ending !== undefined) {
      this.#move("closing");
      return this.#disconnect(ending.error);
    }
    this.#move("open");
    this.#readMessages();
    this.#onConnected?.();
  }

  #readMessages(): void {
    // A call may end at once and make room for messages that were left; the outer loop reads them.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#state === "open" && this.#protocol !== undefined) {
        const record = this.#records.next(this.#protocol, this.runtime.options.maximumReceiveMessageSize);
        if (record === undefined) break;
        const message = this.#protocol.read(record.bytes, record.start, record.end);
        if (message !== undefined) this.#take(message);
      }
    } catch (error) {
      this.#fail(toError(error));
    } finally {
      this.#isReading = false;
    }
  }

  #take(message: HubMessage): void {
    switch (message.type) {
      case 1:
      case 4:
        this.#calls?.accept(message);
        break;
      case 2:
        this.#calls?.item(message);
        break;
      case 3:
        if (this.#calls?.completeUpload(message) !== true) {
          this.runtime.outlet.invocationCompleted(this.context.connectionId, message);
        }
        break;
      case 5:
        this.#calls?.cancel(message.invocationId);
        break;
      case 6:
        // Clients that never ping are never timed out, as in ASP.NET Core.
        this.#isTimeoutArmed = true;
        break;
      case 7:
        this.#end({
          close: GRACEFUL,
          tellService: true,
          error: message.error === undefined ? undefined : new HubException(message.error),
        });
        break;
      default:
        // Ack and Sequence mean something on stateful connections only.
        break;
    }
  }

  /** Bytes that came before the hub was ready wait, up to the client's bound. */
  #checkWaitingBytes(): void {
    this.#records.hold();
    if (this.#records.size > this.runtime.options.maximumBufferedBytesPerClient) this.#overflow();
  }

  #overflow(): void {
    this.#fail(new InvalidDataException(TOO_MUCH_WAITING));
  }

  #refuseHandshake(text: string): void {
    this.#move("closed");
    this.wire.send(writeHandshakeResponse(text), "handshake");
    this.wire.close();
    this.#stopWork();
    this.#resolveClosed();
  }

  /** onConnected failed: the client is told and must not come back by itself; onDisconnected does not run. */
  #refuseConnection(error: Error): void {
    this.#report("ErrorDispatchingHubEvent", `onConnected of ${this.runtime.hubName} failed: ${error.message}`, error);
    const hasEnded = this.#endedWhileConnecting !== undefined;
    this.#move("closed");
    if (!hasEnded) {
      this.#write({ type: 7, error: this.#closeText(error) }, "close");
      this.wire.close();
      this.#stopWork();
    }
    this.#resolveClosed();
  }

  #fail(error: Error): void {
    if (!this.isOpen) return;
    this.#report(
      "ErrorProcessingRequest",
      `the connection of a client was closed: ${foreignText(error.message)}`,
      error,
      "debug",
    );
    this.#end({
      close: { type: 7, error: this.#closeText(error), allowReconnect: true },
      tellService: true,
      error,
    });
  }

  /**
   * The one way out of a session that has begun to connect. It counts as ended before anything else happens: the wire
   * and the listeners of its signals may end it again while they are told.
   */
  #end(ending: Ending): void {
    const isConnecting = this.#state === "connecting";
    if (this.#state === "handshaking") {
      this.#move("closed");
      this.#stopWork();
      this.#resolveClosed();
      return;
    }
    if (!this.isOpen) return;
    if (isConnecting) this.#endedWhileConnecting = ending;
    else this.#move("closing");
    if (ending.close !== undefined) this.#write(ending.close, "close");
    if (ending.tellService) this.wire.close();
    this.#stopWork();
    if (!isConnecting) this.#disconnect(ending.error);
  }

  #disconnect(reason: Error | undefined): void {
    runDisconnected(this, reason)
      .catch((error: unknown) => {
        const text = `onDisconnected of ${this.runtime.hubName} failed: ${toError(error).message}`;
        this.#report("ErrorDispatchingHubEvent", text, error);
      })
      // Nothing is left that could fail: the promise is only waited for.
      .finally(() => {
        this.#calls?.failUploads();
        this.#move("closed");
        this.#resolveClosed();
      });
  }

  /** From here nothing is read, sent or started any more. Runs exactly once for each session. */
  #stopWork(): void {
    const { probe, hubName, clock } = this.runtime;
    probe.instruments?.clientEnded(hubName, this.#endedAs, clock.now() - this.#bornAt);
    this.#records.clear();
    this.#onGone(this);
    this.#calls?.cancelAll();
    this.#context.end();
  }

  #closeText(error: Error): string {
    return withDetail(CLOSED_WITH_ERROR, error, this.runtime.options.enableDetailedErrors);
  }

  #write(message: HubMessage, kind: "invocation" | "close" | "other"): void {
    if (this.#protocol !== undefined) this.wire.send(this.#protocol.write(message), kind);
  }

  #move(to: ClientSessionState): void {
    this.#state = moveSession(this.#state, to);
  }

  #report(event: LogEvent, message: string, error: unknown, level: "error" | "debug" = "error"): void {
    const probe = this.runtime.probe;
    if (!probe.isEnabled(level)) return;
    const attributes = { connectionId: this.context.connectionId };
    probe.log({ level, category: "Microsoft.Azure.SignalR.HubConnectionHandler", event, message, error, attributes });
  }
}

const HANDSHAKE_ACCEPTED = writeHandshakeResponse();
