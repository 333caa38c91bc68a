import { WebSocket } from "ws";
import { SignalRError } from "../base/errors.js";
import type { Network, Way } from "../network/network.js";
import type { Dial, DialRequest, FrameSocket, SocketHandlers } from "./socket.js";
import { dialError, errorOfStatus } from "./ws-errors.js";

const NORMAL_CLOSURE = 1000;

const DIRECT: Way = Object.freeze({ agent: undefined, tls: Object.freeze({}), proxy: undefined });

/** Dials with the `ws` package, without a proxy. */
export function dialWebSocket(request: DialRequest, handlers: SocketHandlers): FrameSocket {
  return new WsSocket(request, DIRECT, handlers);
}

/** Dials with the `ws` package, the way that the network has to each address. */
export function createWebSocketDial(network: Network): Dial {
  return (request, handlers) => new WsSocket(request, network.to(request.url), handlers);
}

class WsSocket implements FrameSocket {
  readonly #handlers: SocketHandlers;
  readonly #host: string;
  readonly #socket: WebSocket;
  #failure: SignalRError | undefined;
  #wasOpen = false;
  #isOurEnd = false;

  constructor(request: DialRequest, way: Way, handlers: SocketHandlers) {
    const { host } = new URL(request.url);
    this.#handlers = handlers;
    this.#host = way.proxy === undefined ? host : `${host} (through the proxy ${way.proxy})`;
    // Compression costs more than it saves here, and a redirect would carry the token to another host.
    const socket = new WebSocket(request.url, {
      headers: request.headers,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: request.maxMessageBytes,
      ...way.tls,
      ...(way.agent === undefined ? {} : { agent: way.agent }),
    });
    this.#socket = socket;
    socket.on("open", () => {
      this.#wasOpen = true;
      handlers.onOpen();
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) handlers.onBytes(data);
      // The service speaks binary only. Text would be someone else's protocol, so it is a reason to go.
      else
        this.#fail(
          new SignalRError("CONNECTION_LOST", `${this.#host} sent a text message where only binary ones are allowed.`),
        );
    });
    socket.on("unexpected-response", (_request, response) => {
      this.#failure = errorOfStatus(this.#host, response.statusCode ?? 0);
      socket.terminate();
    });
    // ws emits "error" and then "close"; acting on "close" alone avoids ending the connection twice.
    socket.on("error", (error) => {
      this.#failure ??= dialError(this.#host, error, this.#wasOpen);
      // Once the stream is broken there is nothing to wait for; ws would wait for the other side's close.
      if (this.#wasOpen) socket.terminate();
    });
    socket.on("close", (code) => this.#closed(code));
  }

  send(bytes: Uint8Array, onSent: () => void): void {
    this.#socket.send(bytes, SEND_OPTIONS, onSent);
  }

  close(): void {
    this.#isOurEnd = true;
    this.#socket.close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#isOurEnd = true;
    this.#socket.terminate();
  }

  #fail(failure: SignalRError): void {
    this.#failure ??= failure;
    this.#socket.terminate();
  }

  #closed(code: number): void {
    let reason = this.#failure;
    if (this.#isOurEnd) reason = undefined;
    else if (reason === undefined && code !== NORMAL_CLOSURE) {
      reason = new SignalRError("CONNECTION_LOST", `${this.#host} closed the websocket with code ${code}.`);
    }
    this.#handlers.onClose(reason);
  }
}

const SEND_OPTIONS = Object.freeze({ binary: true, compress: false, fin: true });
