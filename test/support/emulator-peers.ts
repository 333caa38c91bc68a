import { once } from "node:events";
import { WebSocket } from "ws";
import { createAccessKeyTokens } from "../../src/auth/access-key.js";
import { clientUrl, serverUrl } from "../../src/auth/service-urls.js";
import type { TokenSource } from "../../src/auth/token-source.js";
import type { Clock } from "../../src/base/clock.js";
import type { ServiceEndpoint } from "../../src/config/endpoint.js";
import { createEndpoint } from "../../src/config/service-endpoint.js";
import type { Emulator } from "../../src/emulator/index.js";
import { FrameReader } from "../../src/protocol/frames.js";
import { writeHandshakeResponse } from "../../src/protocol/hub/handshake.js";
import { decodeMessage, encodeMessage } from "../../src/protocol/service/codec.js";
import {
  ConnectionType,
  DataMessageType,
  MigrationLevel,
  type Payloads,
  type ServiceMessage,
  type ServiceMessageKind,
  type WireClaim,
} from "../../src/protocol/service/messages.js";

export const RECORD_END = "\u001e";
export const JSON_HANDSHAKE = `{"protocol":"json","version":1}${RECORD_END}`;

export function endpointOf(emulator: Emulator): ServiceEndpoint {
  return createEndpoint({ connectionString: emulator.connectionString });
}

export function tokensOf(emulator: Emulator, serverName = "server-a", clock?: Clock): TokenSource {
  return createAccessKeyTokens({
    endpoint: endpointOf(emulator),
    serverName,
    algorithm: "HS256",
    lifetimeMs: 3_600_000,
    ...(clock === undefined ? {} : { clock }),
  });
}

/** The same text for JSON clients, framed. */
export function jsonPayload(message: object): Payloads {
  return [["json", Buffer.from(JSON.stringify(message) + RECORD_END)]];
}

export interface ScriptOptions {
  readonly hub?: string;
  readonly serverId?: string;
  readonly connectionType?: number;
  readonly migrationLevel?: number;
  readonly connectionId?: string;
  readonly allowStatefulReconnects?: boolean;
  /** The instance that the connection is for. */
  readonly target?: string;
  readonly clock?: Clock;
  /** Answers client handshakes at once. @default true */
  readonly answers?: boolean;
  /** Sends hub data without its type, as SDKs of 2024 do. @default false */
  readonly isOld?: boolean;
}

type Of<K extends ServiceMessageKind> = Extract<ServiceMessage, { readonly kind: K }>;

/** A hub server that does what the test says: a bare websocket and the codec. */
export class ScriptedServer {
  readonly socket: WebSocket;
  readonly serverId: string;
  readonly received: ServiceMessage[] = [];
  readonly closed: Promise<number>;
  readonly #options: ScriptOptions;
  readonly #unread: ServiceMessage[] = [];
  readonly #reader = new FrameReader();
  readonly #greeted = new Set<string>();
  readonly #migrated = new Set<string>();
  #wakes: Array<() => void> = [];

  constructor(socket: WebSocket, options: ScriptOptions) {
    this.socket = socket;
    this.serverId = options.serverId ?? "server-a";
    this.#options = options;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    // Copied: the frames are views, and tests look at them later.
    socket.on("message", (data: Buffer) => this.#reader.push(Buffer.from(data), (frame) => this.#take(frame)));
  }

  /** Opens the websocket and shakes hands. */
  static async connect(emulator: Emulator, options: ScriptOptions = {}): Promise<ScriptedServer> {
    const hub = options.hub ?? "chat";
    const serverId = options.serverId ?? "server-a";
    const token = await tokensOf(emulator, serverId, options.clock).serverToken(hub);
    const { connectionId = "cid-1", target } = options;
    const url = serverUrl(endpointOf(emulator), hub, { connectionId, target });
    const socket = new WebSocket(url, {
      headers: { Authorization: `Bearer ${token}`, "X-ASRS-Server-Id": serverId },
    });
    const server = new ScriptedServer(socket, options);
    await once(socket, "open");
    server.send({
      kind: "handshakeRequest",
      version: 1,
      connectionType: options.connectionType ?? ConnectionType.Default,
      target: "",
      migrationLevel: options.migrationLevel ?? MigrationLevel.Off,
      allowStatefulReconnects: options.allowStatefulReconnects ?? false,
    });
    const response = await server.next("handshakeResponse");
    if (response.errorMessage) throw new Error(response.errorMessage);
    return server;
  }

  send(...messages: ServiceMessage[]): void {
    this.socket.send(Buffer.concat(messages.map(encodeMessage)));
  }

  /** The next message of this kind that was not asked for yet. */
  async next<K extends ServiceMessageKind>(kind: K, fits: (message: Of<K>) => boolean = () => true): Promise<Of<K>> {
    for (;;) {
      const index = this.#unread.findIndex((message) => message.kind === kind && fits(message as Of<K>));
      if (index !== -1) return this.#unread.splice(index, 1)[0] as Of<K>;
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
    }
  }

  /** Resolves when the emulator has handled all that was sent before, and its answers are here. */
  async settled(): Promise<void> {
    const ackId = 1_000_000 + this.received.length;
    this.send({ kind: "checkConnectionExistenceWithAck", connectionId: "nobody", ackId });
    await this.next("ack", (ack) => ack.ackId === ackId);
  }

  /** Hub data for one client, as its own server sends it. */
  data(connectionId: string, payload: string | Uint8Array, dataMessageType: number = DataMessageType.Invocation): void {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const ext = this.#options.isOld ? {} : { dataMessageType };
    this.send({ kind: "connectionData", connectionId, payload: bytes, ext });
  }

  close(): Promise<number> {
    this.socket.close();
    return this.closed;
  }

  #take(frame: Buffer): void {
    const message = decodeMessage(frame);
    if (message === undefined) return;
    this.received.push(message);
    this.#unread.push(message);
    if (message.kind === "openConnection" && message.headers.some(([name]) => name === "Asrs-Migrate-From")) {
      this.#migrated.add(message.connectionId);
    }
    if (message.kind === "connectionData" && this.#options.answers !== false) this.#answer(message.connectionId);
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }

  // Like the SDK: the answer to the handshake of a client that was moved here goes nowhere.
  #answer(connectionId: string): void {
    if (this.#greeted.has(connectionId)) return;
    this.#greeted.add(connectionId);
    if (!this.#migrated.has(connectionId)) {
      this.data(connectionId, writeHandshakeResponse(), DataMessageType.Handshake);
    }
  }
}

export interface ClientScript {
  readonly hub?: string;
  readonly claims?: readonly WireClaim[];
  /** Behind the hub's name in the query, e.g. `room=1`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** @default true: says hello in JSON and waits for the answer */
  readonly shakesHands?: boolean;
}

/** A client that does what the test says: a bare websocket. */
export class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly received: string[] = [];
  readonly #unread: string[] = [];
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const text = isBinary ? data.toString("hex") : data.toString("utf8");
      this.received.push(text);
      this.#unread.push(text);
      this.#wake?.();
    });
    socket.on("close", () => this.#wake?.());
  }

  /** Connects without negotiating. */
  static async connect(emulator: Emulator, script: ClientScript = {}): Promise<RawClient> {
    const hub = script.hub ?? "chat";
    const token = await tokensOf(emulator, "server-a", script.clock).clientToken(hub, script.claims ?? []);
    const query = script.query === undefined ? {} : { query: script.query };
    const url = clientUrl(endpointOf(emulator), hub, query).replace(/^http/, "ws");
    const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}`, ...script.headers } });
    const client = new RawClient(socket);
    await once(socket, "open");
    if (script.shakesHands !== false) {
      client.send(JSON_HANDSHAKE);
      const answer = await client.next();
      if (answer !== `{}${RECORD_END}`) throw new Error(`the handshake was answered with ${answer}`);
    }
    return client;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** The next websocket message (binary ones as hex); rejects when the websocket closes first. */
  async next(): Promise<string> {
    for (;;) {
      const text = this.#unread.shift();
      if (text !== undefined) return text;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the websocket is closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): Promise<number> {
    this.socket.close();
    return this.closed;
  }
}

/** A raw client together with the id that its server knows it by. */
export async function connectPair(
  emulator: Emulator,
  server: ScriptedServer,
  script: ClientScript = {},
): Promise<{ client: RawClient; connectionId: string }> {
  const [client, opened] = await Promise.all([RawClient.connect(emulator, script), server.next("openConnection")]);
  return { client, connectionId: opened.connectionId };
}

/** What an upgrade request is answered with when it is refused. */
export function refusedStatus(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      socket.on("error", () => {});
      socket.terminate();
    });
    socket.once("open", () => {
      socket.terminate();
      reject(new Error("the upgrade was accepted"));
    });
    socket.once("error", reject);
  });
}
