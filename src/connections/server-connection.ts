import { serverUrl } from "../auth/service-urls.js";
import { SignalRError, toError } from "../base/errors.js";
import { foreignSentence } from "../base/foreign-text.js";
import type { Recording } from "../base/instruments.js";
import type { LogCategory, LogEvent } from "../base/log-events.js";
import type { LogLevel } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import { endpointLabel } from "../config/service-endpoint.js";
import { FrameReader } from "../protocol/frames.js";
import { decodeMessage } from "../protocol/service/codec.js";
import {
  FlowControlOperation,
  FlowControlTarget,
  type Ping,
  type ServiceMessage,
} from "../protocol/service/messages.js";
import { clientCountPing, FIN_ACK, finPing, PingKey, readPing } from "../protocol/service/pings.js";
import type { ConnectionEnvironment, ServerConnectionOptions } from "./connection-options.js";
import type { CountedKind } from "./counts.js";
import { createDeferred, type Deferred } from "./deferred.js";
import { shortEndpoint } from "./figures.js";
import { encodeHandshake, handshakeFailure, readHandshakeResponse } from "./handshake.js";
import { KeepAlive } from "./keep-alive.js";
import { Category, report } from "./report.js";
import { serviceEventText } from "./service-event.js";
import type { FrameSocket } from "./socket.js";
import { type ConnectionState, type ConnectionStateName, NEXT } from "./state.js";
import { WriteBatch } from "./write-batch.js";

/** One websocket to the service, from its dialing to its end. It never comes back: the pool makes another one. */
export class ServerConnection {
  readonly endpoint: ServiceEndpoint;
  /** One of ConnectionType. */
  readonly connectionType: number;
  /** Clients that live on this connection. The host keeps it; it goes into pings. */
  clientCount = 0;

  readonly #options: ServerConnectionOptions;
  readonly #environment: ConnectionEnvironment;
  readonly #reader: FrameReader;
  readonly #ended = createDeferred();
  #id: string;
  #state: ConnectionState = { at: "idle" };
  #openedAt: number | undefined;
  #isOffered = true;
  #finAck: Deferred<boolean> | undefined;
  /** From the start until the connection is open, while somebody records. */
  #recording: Recording | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.endpoint = options.endpoint;
    this.connectionType = options.connectionType;
    this.#id = options.environment.newId();
    this.#reader = new FrameReader({ maxFrameBytes: options.environment.tuning.maxMessageBytes });
  }

  /** The id given by us, replaced at the handshake by the service's own if it names one. */
  get id(): string {
    return this.#id;
  }

  get state(): ConnectionStateName {
    return this.#state.at;
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.#state.at === "open";
  }

  /** Milliseconds since it opened; undefined: it never has. */
  get livedMs(): number | undefined {
    return this.#openedAt === undefined ? undefined : this.#environment.clock.now() - this.#openedAt;
  }

  /** Bytes that the operating system has not taken yet. */
  get unsentBytes(): number {
    return this.#state.at === "open" ? this.#state.batch.pendingBytes : 0;
  }

  /** False when the service asked to send new work elsewhere; clients that live here stay. */
  get isOffered(): boolean {
    return this.#isOffered && this.isOpen;
  }

  /** Fetches a token and dials. Returns at once; the outcome is told to the handlers. */
  start(): void {
    const { clock, tuning } = this.#environment;
    const timer = clock.after(tuning.dialTimeoutMs, () => {
      this.abort(
        new SignalRError(
          "CONNECTION_REFUSED",
          `The websocket to ${this.endpoint.serverEndpoint} was not open after ${tuning.dialTimeoutMs / 1000} s; check the network, the firewall and the proxy.`,
        ),
      );
    });
    this.#enter({ at: "dialing", socket: undefined, timer });
    const { probe, hub } = this.#environment;
    const { instruments } = probe;
    const endpoint = shortEndpoint(this.endpoint);
    this.#recording = instruments?.begin({ kind: "connect", hub, endpoint, url: this.endpoint.serverEndpoint });
    // The socket outlives whatever was going on when it was dialed, so it must not count as a part of that.
    const dialing = instruments === undefined ? this.#dial() : instruments.outside(() => this.#dial());
    dialing.catch((error: unknown) => this.abort(asRefusal(error)));
  }

  /**
   * Sends a message with the next flush, in order.
   * @throws SignalRError CONNECTION_NOT_ACTIVE when the connection is not open, SEND_BUFFER_FULL when too much is unsent
   */
  send(message: ServiceMessage): void {
    const state = this.#state;
    if (state.at !== "open") throw this.#notActive();
    const bytes = state.batch.append(message);
    this.#options.counts.countSent(message.kind, bytes);
  }

  /**
   * Sends a frame that is encoded already; see {@link send}. Nobody may touch its bytes any more.
   * @throws SignalRError CONNECTION_NOT_ACTIVE, SEND_BUFFER_FULL
   */
  sendFrame(frame: Buffer, kind: CountedKind): void {
    const state = this.#state;
    if (state.at !== "open") throw this.#notActive();
    state.batch.appendFrame(frame);
    this.#options.counts.countSent(kind, frame.length);
  }

  /** Undefined: there is room for more. Else resolves when there is, or when the connection has ended. */
  ready(): Promise<void> | undefined {
    return this.#state.at === "open" ? this.#state.batch.ready() : undefined;
  }

  /**
   * Tells the service that this server shuts down, and waits for its word that no new clients will come.
   * @param mode one of ShutdownMode
   * @returns false when the word did not come, or the connection ended first
   */
  async offline(mode: number): Promise<boolean> {
    const { clock, tuning } = this.#environment;
    for (let attempt = 0; attempt < tuning.finAttempts && this.isOpen; attempt += 1) {
      const answered = createDeferred<boolean>();
      this.#finAck = answered;
      const timer = clock.after(tuning.finAckTimeoutMs, () => answered.resolve(false));
      this.#trySend(finPing(mode));
      const isAnswered = await answered.promise;
      timer.cancel();
      if (isAnswered) return true;
    }
    return false;
  }

  /** Sends what is waiting, then closes the websocket and waits for the other side, but not for long. */
  stop(): Promise<void> {
    const state = this.#state;
    if (state.at === "open") {
      state.batch.flush();
      this.#drain(state.socket, new SignalRError("STOPPED", "The server connection is being stopped."));
    } else if (state.at === "draining") {
      if (!state.isStopping) this.#drain(state.socket, state.cause);
    } else {
      this.abort(undefined);
    }
    return this.#ended.promise;
  }

  /** Ends it now, in any state. */
  abort(reason: SignalRError | undefined): void {
    const from = this.#state.at;
    if (from === "closed") return;
    this.#enter({ at: "closed", reason });
    this.#finAck?.resolve(false);
    this.#ended.resolve();
    this.#options.handlers.onClosed(this, reason, from === "open" || from === "draining");
  }

  async #dial(): Promise<void> {
    const { hub, dial, tuning } = this.#environment;
    const { tokens } = this.#options;
    const recording = this.#recording;
    const token = await (recording === undefined
      ? tokens.serverToken(hub)
      : recording.run(() => tokens.serverToken(hub)));
    const state = this.#state;
    if (state.at !== "dialing") return;
    const url = serverUrl(this.endpoint, hub, { connectionId: this.#id, target: this.#options.target });
    const socket = dial(
      { url, headers: this.#headers(token), maxMessageBytes: tuning.maxMessageBytes },
      {
        onOpen: () => this.#shakeHands(socket),
        onBytes: (chunk) => this.#received(chunk),
        onClose: (reason) => this.#socketClosed(reason),
      },
    );
    this.#enter({ at: "dialing", socket, timer: state.timer });
  }

  #headers(token: string): Record<string, string> {
    return {
      Authorization: `Bearer ${token}`,
      "Asrs-User-Agent": this.#environment.userAgent,
      "X-ASRS-Server-Id": this.#environment.serverName,
      "X-Requested-With": "XMLHttpRequest",
    };
  }

  #shakeHands(socket: FrameSocket): void {
    if (this.#state.at !== "dialing") return;
    const { clock, tuning } = this.#environment;
    const timer = clock.after(tuning.handshakeTimeoutMs, () => {
      this.abort(
        new SignalRError(
          "CONNECTION_HANDSHAKE_TIMEOUT",
          `${this.endpoint.serverEndpoint} did not answer the handshake within ${tuning.handshakeTimeoutMs / 1000} s.`,
        ),
      );
    });
    this.#enter({ at: "handshaking", socket, timer });
    this.#report("debug", "SendingHandshakeRequest", "Sends the handshake request to the service.");
    socket.send(encodeHandshake(this.connectionType, this.#environment), () => {});
  }

  #received(chunk: Buffer): void {
    const state = this.#state;
    if (state.at === "closed") return;
    if (state.at === "open" || state.at === "draining") state.keepAlive?.received();
    try {
      this.#reader.push(chunk, this.#takeFrame);
    } catch (error) {
      const cause = toError(error);
      this.abort(
        new SignalRError("CONNECTION_LOST", `What the service sent cannot be read on: ${cause.message}`, { cause }),
      );
    }
  }

  /** Must not throw: the reader would lose its place in the stream. */
  readonly #takeFrame = (frame: Buffer): void => {
    const at = this.#state.at;
    try {
      if (at === "open" || at === "draining") {
        const message = decodeMessage(frame);
        this.#options.counts.countReceived(message?.kind ?? "_OTHER", frame.length);
        this.#takeMessage(message);
      } else if (at === "handshaking") this.#takeHandshake(decodeMessage(frame));
    } catch (error) {
      if (this.#state.at === "handshaking") this.abort(handshakeFailure(error));
      else this.#reportSkipped(error);
    }
  };

  #takeHandshake(message: ServiceMessage | undefined): void {
    const state = this.#state;
    if (state.at !== "handshaking" || message === undefined) return;
    this.#id = readHandshakeResponse(message) ?? this.#id;
    const { socket } = state;
    const { tuning, clock } = this.#environment;
    const batch = new WriteBatch({
      transmit: (bytes, onSent) => socket.send(bytes, onSent),
      flushBytes: tuning.flushBytes,
      highWaterBytes: tuning.highWaterBytes,
      maxBufferedBytes: tuning.maxBufferedBytes,
    });
    const keepAlive = new KeepAlive({
      clock,
      silenceLimitMs: tuning.silenceLimitMs,
      silenceCheckMs: tuning.silenceCheckMs,
      pingIntervalMs: tuning.clientCountPingMs,
      ping: () => this.#trySend(clientCountPing(this.#environment.clientsInHub(), this.clientCount)),
      onSilence: () => this.#silent(),
    });
    this.#openedAt = clock.now();
    this.#enter({ at: "open", socket, batch, keepAlive });
    this.#report("info", "ServiceConnectionConnected", `Connected to ${endpointLabel(this.endpoint)}.`);
    this.#options.handlers.onOpen(this);
  }

  #takeMessage(message: ServiceMessage | undefined): void {
    if (message === undefined) return;
    switch (message.kind) {
      case "ping":
        if (message.messages.length > 0) this.#takePing(message);
        return;
      case "ack":
        this.#options.handlers.onAck(message);
        return;
      case "accessKeyResponse":
        this.#options.handlers.onAccessKey(message);
        return;
      case "serviceError":
        this.#takeServiceError(message.errorMessage);
        return;
      case "serviceEvent":
        this.#report("info", "ServiceEvent", serviceEventText(message), undefined, Category.events);
        return;
      case "handshakeResponse":
        return;
      case "connectionFlowControl":
        if (message.connectionType === FlowControlTarget.Server && message.operation === FlowControlOperation.Offline) {
          this.#isOffered = false;
          this.#report(
            "info",
            "ReceivedConnectionOffline",
            "The service asks to send new work over other connections.",
          );
          this.#options.handlers.onChange(this);
          return;
        }
        break;
      default:
    }
    this.#options.handlers.onMessage(message, this);
  }

  #takePing(ping: Ping): void {
    const value = readPing(ping.messages);
    if (value(PingKey.Echo) !== undefined) this.#trySend(ping);
    else if (value(PingKey.Shutdown) === FIN_ACK) this.#finAck?.resolve(true);
    else this.#options.handlers.onPing(ping.messages, this);
  }

  #takeServiceError(text: string): void {
    const state = this.#state;
    if (text === "") return;
    const sentence = `The service reported an error: ${foreignSentence(text)}`;
    this.#report(this.#options.handlers.levelOf(sentence, "warn"), "ReceivedServiceErrorMessage", sentence);
    if (state.at !== "open") return;
    // The service closes the websocket next. Until then its messages count, but it takes no more of ours.
    state.keepAlive.mute();
    const cause = new SignalRError("CONNECTION_NOT_ACTIVE", sentence);
    // A service that does not close it would leave its clients without an answer for ever.
    const { clock, tuning } = this.#environment;
    const timer = clock.after(tuning.silenceLimitMs, () => this.abort(cause));
    const { socket, keepAlive } = state;
    this.#enter({ at: "draining", socket, cause, keepAlive, timer, isStopping: false });
    this.#options.handlers.onChange(this);
  }

  #drain(socket: FrameSocket, cause: SignalRError): void {
    const timer = this.#environment.clock.after(this.#environment.tuning.closeTimeoutMs, () => this.abort(undefined));
    this.#enter({ at: "draining", socket, cause, keepAlive: undefined, timer, isStopping: true });
    socket.close();
    this.#options.handlers.onChange(this);
  }

  #silent(): void {
    const limit = this.#environment.tuning.silenceLimitMs / 1000;
    const text = `Nothing was received from ${this.endpoint.serverEndpoint} for more than ${limit} s, though the service pings every 5 s; look for a firewall, proxy or NAT that drops idle connections without a word.`;
    this.#report(this.#options.handlers.levelOf(text, "warn"), "ServiceTimeout", text);
    this.#options.counts.pingTimeouts += 1;
    this.abort(new SignalRError("CONNECTION_TIMEOUT", text));
  }

  #socketClosed(reason: SignalRError | undefined): void {
    const state = this.#state;
    if (state.at === "closed") return;
    if (state.at === "draining") this.abort(state.isStopping ? undefined : (reason ?? state.cause));
    else if (state.at === "open") this.abort(reason);
    else this.abort(reason ?? handshakeFailure("The service closed the websocket before the handshake was done."));
  }

  #trySend(ping: Ping): void {
    try {
      if (this.isOpen) this.send(ping);
    } catch (error) {
      this.#report("debug", "FailedSendingPing", "A ping could not be sent; the next one may.", error);
    }
  }

  #notActive(): SignalRError {
    const state = this.#state;
    const cause = state.at === "draining" ? state.cause : state.at === "closed" ? state.reason : undefined;
    const detail = cause === undefined ? `it is ${state.at}` : cause.message;
    return new SignalRError(
      "CONNECTION_NOT_ACTIVE",
      `The connection is not active, data cannot be sent to the service: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
  }

  #endRecording(error: SignalRError | undefined): void {
    this.#recording?.end(error);
    this.#recording = undefined;
  }

  /** The only place where the state changes: leaving a state frees what it owns. */
  #enter(next: ConnectionState): void {
    const from = this.#state;
    if (!NEXT[from.at].includes(next.at))
      throw new Error(`bug: a server connection cannot go ${from.at} -> ${next.at}`);
    this.#state = next;
    const isClosed = next.at === "closed";
    if (next.at === "open") this.#endRecording(undefined);
    else if (next.at === "closed") this.#endRecording(next.reason);
    switch (from.at) {
      case "dialing":
      case "handshaking":
        if (next.at !== "dialing") from.timer.cancel();
        break;
      case "open":
        from.batch.close();
        if (next.at !== "draining" || next.keepAlive !== from.keepAlive) from.keepAlive.stop();
        break;
      case "draining":
        from.timer.cancel();
        from.keepAlive?.stop();
        break;
      default:
        return;
    }
    if (isClosed) from.socket?.destroy();
  }

  #reportSkipped(error: unknown): void {
    const level = this.#options.handlers.levelOf(`skipped: ${toError(error).message}`, "error");
    const text = "A message of the service could not be handled and was skipped.";
    this.#report(level, "ErrorProcessingMessages", text, error);
  }

  #report(
    level: LogLevel,
    event: LogEvent,
    message: string,
    error?: unknown,
    category: LogCategory = Category.connection,
  ): void {
    report(this.#environment.probe, {
      level,
      category,
      event,
      message,
      ...(error === undefined ? {} : { error }),
      attributes: { connectionId: this.#id, hub: this.#environment.hub, endpoint: this.endpoint.endpoint },
    });
  }
}

function asRefusal(error: unknown): SignalRError {
  if (error instanceof SignalRError) return error;
  const cause = toError(error);
  return new SignalRError("CONNECTION_REFUSED", `The server connection could not be opened: ${cause.message}`, {
    cause,
  });
}
