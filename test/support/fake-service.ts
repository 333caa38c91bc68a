import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { Secret } from "../../src/base/secret.js";
import type { EndpointType, ServiceEndpoint } from "../../src/config/endpoint.js";
import { FrameReader } from "../../src/protocol/frames.js";
import { decodeMessage, encodeMessage } from "../../src/protocol/service/codec.js";
import type { HandshakeResponse, ServiceMessage, ServiceMessageKind } from "../../src/protocol/service/messages.js";

/** What the service does with a handshake: answer it, refuse it with a text, or say nothing. */
export type HandshakeScript = "accept" | "silent" | { readonly error: string };

type MessageOf<K extends ServiceMessageKind> = Extract<ServiceMessage, { readonly kind: K }>;

interface Waiter {
  isMet(): boolean;
  resolve(): void;
}

/** Lets a test wait until something is so: looked at whenever something arrives. */
class Watch {
  #waiters: Waiter[] = [];

  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ isMet, resolve });
    });
  }

  look(): void {
    const met = this.#waiters.filter((waiter) => waiter.isMet());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) waiter.resolve();
  }
}

/** One server connection, seen from the service. */
export class FakeServerConnection {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly received: ServiceMessage[] = [];
  /** Service messages in each websocket message. */
  readonly messagesPerFlush: number[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;
  readonly #watch: Watch;

  constructor(
    socket: WebSocket,
    request: IncomingMessage,
    watch: Watch,
    onHandshake: (own: FakeServerConnection) => void,
  ) {
    this.#socket = socket;
    this.request = request;
    this.url = new URL(request.url ?? "", "http://service");
    this.#watch = watch;
    const reader = new FrameReader();
    socket.on("message", (data: Buffer) => {
      const before = this.received.length;
      reader.push(data, (frame) => {
        // Payloads are views into a frame that is gone after this call.
        const message = decodeMessage(Buffer.from(frame));
        if (message !== undefined) this.received.push(message);
        if (message?.kind === "handshakeRequest") onHandshake(this);
      });
      this.messagesPerFlush.push(this.received.length - before);
      watch.look();
    });
    socket.on("close", (code) => {
      this.closeCode = code;
      watch.look();
    });
    socket.on("error", () => {});
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Sends these in one websocket message. */
  send(...messages: ServiceMessage[]): void {
    this.sendBytes(Buffer.concat(messages.map((message) => encodeMessage(message))));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }

  /** As when the network breaks. */
  drop(): void {
    this.#socket.terminate();
  }

  /** Nothing is read any more, so the other side's buffers fill. */
  stopReading(): void {
    this.#socket.pause();
  }

  startReading(): void {
    this.#socket.resume();
  }

  ofKind<K extends ServiceMessageKind>(kind: K): MessageOf<K>[] {
    return this.received.filter((message): message is MessageOf<K> => message.kind === kind);
  }

  /** The first `count` messages of a kind, as soon as they are here. */
  async take<K extends ServiceMessageKind>(kind: K, count = 1): Promise<MessageOf<K>[]> {
    await this.#watch.until(() => this.ofKind(kind).length >= count);
    return this.ofKind(kind).slice(0, count);
  }

  closed(): Promise<void> {
    return this.#watch.until(() => this.closeCode !== undefined);
  }
}

/** A scripted stand-in for the service's server door, on a free port of this machine. */
export class FakeService {
  /** All connections whose websocket was opened, in order. */
  readonly connections: FakeServerConnection[] = [];
  /** All requests for a websocket, refused ones too. */
  readonly requests: IncomingMessage[] = [];
  handshake: HandshakeScript = "accept";
  /** The id that the service gives to connections. */
  connectionId: string | null = null;
  /** Sent in the same websocket message as the handshake response. */
  alongHandshake: readonly ServiceMessage[] = [];
  /** An HTTP status in place of the websocket; 0 leaves the request unanswered. */
  refuseWith: number | undefined;
  readonly #http: Server;
  readonly #unanswered = new Set<Duplex>();
  readonly #watch = new Watch();

  private constructor() {
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#http = createServer((_request, response) => response.writeHead(404).end());
    this.#http.on("upgrade", (request, socket, head) => {
      this.requests.push(request);
      socket.on("error", () => {});
      if (this.refuseWith === undefined) {
        sockets.handleUpgrade(request, socket, head, (opened) => {
          this.connections.push(new FakeServerConnection(opened, request, this.#watch, (own) => this.#answer(own)));
          this.#watch.look();
        });
      } else if (this.refuseWith > 0) {
        socket.end(`HTTP/1.1 ${this.refuseWith} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      } else {
        this.#unanswered.add(socket);
        // Only a socket that is read tells its end, and HTTP's sockets stay half open until told otherwise.
        socket.resume();
        socket.on("end", () => socket.destroy());
        socket.on("close", () => {
          this.#unanswered.delete(socket);
          this.#watch.look();
        });
      }
      this.#watch.look();
    });
  }

  static async start(port = 0): Promise<FakeService> {
    const service = new FakeService();
    await new Promise<void>((resolve) => {
      service.#http.listen(port, "127.0.0.1", resolve);
    });
    return service;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get openConnections(): readonly FakeServerConnection[] {
    return this.connections.filter((connection) => connection.isOpen);
  }

  endpoint(name = "", type: EndpointType = "primary"): ServiceEndpoint {
    return endpointAt(this.port, name, type);
  }

  /** Requests for a websocket that got no answer and still wait. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Resolves when this is so; looked at after every message, connection and close. */
  until(isMet: () => boolean): Promise<void> {
    return this.#watch.until(isMet);
  }

  /** The connection with this number, as soon as its handshake request is here. */
  async connection(index: number): Promise<FakeServerConnection> {
    await this.until(() => this.connections[index]?.ofKind("handshakeRequest").length === 1);
    return this.connections[index] as FakeServerConnection;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.drop();
    for (const socket of this.#unanswered) socket.destroy();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
  }

  #answer(connection: FakeServerConnection): void {
    if (this.handshake === "silent") return;
    const errorMessage = this.handshake === "accept" ? "" : this.handshake.error;
    const response: HandshakeResponse = { kind: "handshakeResponse", errorMessage, connectionId: this.connectionId };
    connection.send(response, ...this.alongHandshake);
  }
}

/** An endpoint on this machine. */
export function endpointAt(port: number, name = "", type: EndpointType = "primary"): ServiceEndpoint {
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    type,
    endpoint: url,
    clientEndpoint: url,
    serverEndpoint: url,
    hasClientEndpoint: false,
    hasServerEndpoint: false,
    audienceBaseUrl: "http://127.0.0.1/",
    credential: { kind: "accessKey", accessKey: new Secret("a key that only tests know") },
    version: "1.0",
  };
}
