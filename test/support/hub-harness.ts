import { ClientSession } from "../../src/hub/client-session.js";
import type { ClientIdentity, UserClaim } from "../../src/hub/context.js";
import type { HubClass } from "../../src/hub/hub.js";
import { type HubOptions, type HubProtocolName, resolveHubOptions } from "../../src/hub/options.js";
import type { ClientWire, PayloadKind } from "../../src/hub/outlet.js";
import { createHubProtocols, HubRuntime } from "../../src/hub/runtime.js";
import { parseHandshakeResponse, writeHandshakeRequest } from "../../src/protocol/hub/handshake.js";
import { createJsonHubProtocol } from "../../src/protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../src/protocol/hub/messagepack.js";
import type { CloseMessage, CompletionMessage, HubMessage } from "../../src/protocol/hub/messages.js";
import type { HubProtocol } from "../../src/protocol/hub/protocol.js";
import { ManualClock } from "./manual-clock.js";
import { MemoryOutlet } from "./memory-outlet.js";
import { RecordingProbe } from "./recording-probe.js";

const PROTOCOLS: { readonly [Name in HubProtocolName]: HubProtocol } = {
  json: createJsonHubProtocol({ jsonBigIntegers: true }),
  messagepack: createMessagePackHubProtocol(),
};

/** Who a client of the harness is. */
export interface ClientOptions {
  readonly connectionId?: string;
  readonly userId?: string | null;
  readonly claims?: readonly UserClaim[];
  /** The client has come from another server and waits for no handshake answer. */
  readonly isMigrated?: boolean;
}

/** One hub in memory: its clients speak bytes, time and the way out belong to the test. */
export class HubHarness {
  readonly runtime: HubRuntime;
  readonly outlet = new MemoryOutlet();
  readonly clock = new ManualClock();
  readonly probe = new RecordingProbe();
  #clients = 0;

  constructor(hubClass: HubClass, options: HubOptions = {}) {
    const resolved = resolveHubOptions(options);
    this.runtime = new HubRuntime({
      hubClass,
      options: resolved,
      protocols: createHubProtocols(resolved),
      outlet: this.outlet,
      probe: this.probe,
      clock: this.clock,
    });
  }

  /** A client that has not sent its handshake. */
  open(protocol: HubProtocolName = "json", options: ClientOptions = {}): HarnessClient {
    this.#clients += 1;
    const client = new HarnessClient(this, protocol, { connectionId: `c${this.#clients}`, ...options });
    this.outlet.sessions.set(client.id, client.session);
    return client;
  }

  /** A client whose onConnected is over. */
  async connect(protocol: HubProtocolName = "json", options: ClientOptions = {}): Promise<HarnessClient> {
    const client = this.open(protocol, options);
    client.handshake();
    await client.connected();
    return client;
  }

  /** Moves the time in steps of a second at most, as the host's heartbeat does. */
  advance(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000));
      for (const session of this.outlet.sessions.values()) session.tick(this.clock.now());
    }
  }
}

/** The client's end of a session: writes bytes as a real client does and reads what comes back. */
export class HarnessClient {
  readonly id: string;
  readonly session: ClientSession;
  readonly protocol: HubProtocol;
  /** Everything received, handshake answers apart. */
  readonly received: HubMessage[] = [];
  readonly kinds: PayloadKind[] = [];
  handshakeAnswer: { readonly error?: string } | undefined;
  /** The server has ended the connection. */
  isClosed = false;
  /** Calls of the session's `onGone`. */
  goneCount = 0;
  /** Messages that the server wrote after the end: there must be none. */
  lateSends = 0;
  /** Set by a test: runs in the middle of every send, where a broken way out would tell the session. */
  onSend: (() => void) | undefined;
  #read = 0;
  #invocations = 0;
  #waiters: Array<() => void> = [];
  #room: Promise<void> | undefined;

  constructor(harness: HubHarness, protocol: HubProtocolName, options: ClientOptions & { connectionId: string }) {
    this.id = options.connectionId;
    this.protocol = PROTOCOLS[protocol];
    this.session = new ClientSession({
      runtime: harness.runtime,
      identity: identityOf(options),
      wire: this.wire,
      isMigrated: options.isMigrated ?? false,
      onGone: () => {
        this.goneCount += 1;
        harness.outlet.forget(this.id);
      },
    });
  }

  handshake(version = 1): void {
    this.bytes(writeHandshakeRequest({ protocol: this.protocol.name, version }));
  }

  /** Resolves when the session has left its handshake and onConnected behind, in whatever way. */
  async connected(): Promise<void> {
    while (this.session.state === "handshaking" || this.session.state === "connecting") {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  bytes(bytes: Uint8Array): void {
    this.session.receive(bytes);
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  send(...messages: readonly HubMessage[]): void {
    this.bytes(Buffer.concat(messages.map((message) => this.protocol.write(message))));
  }

  /** A plain invocation; the answer is the invocation id. */
  invoke(target: string, ...args: readonly unknown[]): string {
    const invocationId = this.nextId();
    this.send({ type: 1, invocationId, target, arguments: args });
    return invocationId;
  }

  stream(target: string, ...args: readonly unknown[]): string {
    const invocationId = this.nextId();
    this.send({ type: 4, invocationId, target, arguments: args });
    return invocationId;
  }

  upload(target: string, streamIds: readonly string[], ...args: readonly unknown[]): string {
    const invocationId = this.nextId();
    this.send({ type: 1, invocationId, target, arguments: args, streamIds });
    return invocationId;
  }

  item(streamId: string, item: unknown): void {
    this.send({ type: 2, invocationId: streamId, item });
  }

  endUpload(streamId: string, error?: string): void {
    this.send({ type: 3, invocationId: streamId, hasResult: false, error });
  }

  cancel(invocationId: string): void {
    this.send({ type: 5, invocationId });
  }

  nextId(): string {
    this.#invocations += 1;
    return String(this.#invocations - 1);
  }

  /** The next message in order; waits for it. */
  async next(): Promise<HubMessage> {
    for (;;) {
      const message = this.received[this.#read];
      if (message !== undefined) {
        this.#read += 1;
        return message;
      }
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  /** The next message, which must be a completion. */
  async completion(): Promise<CompletionMessage> {
    const message = await this.next();
    if (message.type !== 3) throw new Error(`expected a completion, got ${JSON.stringify(message)}`);
    return message;
  }

  /** The next message, which must be a close. */
  async close(): Promise<CloseMessage> {
    const message = await this.next();
    if (message.type !== 7) throw new Error(`expected a close, got ${JSON.stringify(message)}`);
    return message;
  }

  /** What the call answers; an Error when it fails. */
  async call(target: string, ...args: readonly unknown[]): Promise<unknown> {
    this.invoke(target, ...args);
    const completion = await this.completion();
    return completion.error === undefined ? completion.result : new Error(completion.error);
  }

  /** The error text of a call that must fail. */
  async failure(target: string, ...args: readonly unknown[]): Promise<string | undefined> {
    this.invoke(target, ...args);
    return (await this.completion()).error;
  }

  /** Received and not read by the test. */
  get unread(): readonly HubMessage[] {
    return this.received.slice(this.#read);
  }

  /** What the server writes to. */
  get wire(): ClientWire {
    return {
      send: (payload, kind) => {
        if (this.isClosed || this.goneCount > 0) {
          this.lateSends += 1;
          return;
        }
        this.kinds.push(kind);
        if (kind === "handshake") this.handshakeAnswer = parseHandshakeResponse(payload)?.message ?? {};
        else this.#take(payload);
        this.onSend?.();
      },
      ready: () => this.#room,
      close: () => {
        this.isClosed = true;
      },
    };
  }

  /** The way out is full until the returned function is called. */
  fill(): () => void {
    let drain: () => void = () => {};
    this.#room = new Promise((resolve) => {
      drain = () => {
        this.#room = undefined;
        resolve();
      };
    });
    return drain;
  }

  #take(payload: Uint8Array): void {
    const end = this.protocol.recordEnd(payload, 0);
    if (end !== payload.length) throw new Error("a payload must be one whole message");
    const message = this.protocol.read(payload, 0, end);
    if (message !== undefined) this.received.push(message);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

function identityOf(options: ClientOptions & { readonly connectionId: string }): ClientIdentity {
  const claims = options.claims ?? [];
  const getAll = (type: string): string[] => claims.filter((claim) => claim.type === type).map((claim) => claim.value);
  return {
    connectionId: options.connectionId,
    userIdentifier: options.userId ?? null,
    user: {
      claims,
      isAuthenticated: claims.length > 0,
      get: (type) => getAll(type)[0],
      getAll,
      isInRole: (role) => getAll("role").includes(role),
    },
    httpContext: {
      path: "/hub",
      query: new URLSearchParams(),
      headers: new Headers(),
      culture: undefined,
      remoteAddress: undefined,
    },
  };
}
