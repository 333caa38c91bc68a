import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { FrameReader } from "../../dist/protocol/frames.js";
import { MsgpackWriter } from "../../dist/protocol/msgpack/writer.js";
import { appendMessage, decodeMessage } from "../../dist/protocol/service/codec.js";

const HANDSHAKE = Buffer.from('{"protocol":"json","version":1}\u001e');

/** One websocket of a hub server. What is sent in one turn of the event loop travels in one websocket message. */
class ServerLink {
  #socket;
  #writer = new MsgpackWriter();
  #isScheduled = false;

  constructor(socket, onMessage) {
    this.#socket = socket;
    const frames = new FrameReader();
    const onFrame = (frame) => {
      const message = decodeMessage(frame);
      if (message !== undefined) onMessage(message, this);
    };
    socket.on("message", (bytes) => frames.push(bytes, onFrame));
  }

  cut() {
    this.#socket.terminate();
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  send(message) {
    appendMessage(this.#writer, message);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#socket.send(this.#writer.take());
    });
  }
}

/**
 * The server side of the service, and nothing else: clients exist as numbers only, so nearly all the time of a run is the
 * hub server's. It serves one hub of one process.
 */
export class SyntheticService {
  #http = createServer((_request, response) => response.writeHead(200).end());
  #links = [];
  #waitingForLinks = [];
  #clients = new Map();
  #nextClient = 0;
  #onSend = () => {};

  static async start() {
    const service = new SyntheticService();
    const sockets = new WebSocketServer({ server: service.#http, perMessageDeflate: false, maxPayload: 2 ** 30 });
    sockets.on("connection", (socket) => new ServerLink(socket, (message, link) => service.#take(message, link)));
    service.#http.listen(0, "127.0.0.1");
    await once(service.#http, "listening");
    return service;
  }

  get connectionString() {
    const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
    return `Endpoint=http://127.0.0.1;Port=${this.#http.address().port};AccessKey=${key};Version=1.0;`;
  }

  /** Resolves when that many server connections have shaken hands. */
  async connected(count) {
    while (this.#links.length < count) await new Promise((resolve) => this.#waitingForLinks.push(resolve));
  }

  /** Brings clients to the hub and resolves when all have their handshake answer. */
  async openClients(count, { inFlight = 500, onLink } = {}) {
    const opened = [];
    for (let index = 0; index < count; index += 1) {
      opened.push(this.#open(onLink));
      if (opened.length % inFlight === 0) await Promise.all(opened.slice(-inFlight));
    }
    return Promise.all(opened);
  }

  /** Calls `handler(kind)` for each message that the hub sends to others than a caller. */
  onSend(handler) {
    this.#onSend = handler;
  }

  stop() {
    this.#http.close();
    this.#http.closeAllConnections();
  }

  /** Breaks a server connection; its clients are gone with it. */
  cut(linkNumber) {
    this.#links[linkNumber].cut();
  }

  /** Nothing is read from the hub server until {@link resume}. */
  pause() {
    for (const link of this.#links) link.pause();
  }

  resume() {
    for (const link of this.#links) link.resume();
  }

  #open(onLink) {
    const connectionId = `client-${String(this.#nextClient++).padStart(15, "0")}`;
    const link = this.#links[onLink ?? this.#nextClient % this.#links.length];
    return new Promise((resolve) => {
      const client = {
        connectionId,
        /** Called with each payload for the client; the bytes are valid during the call. */
        receive: () => {
          client.receive = () => {};
          resolve(client);
        },
        send: (payload) => link.send({ kind: "connectionData", connectionId, payload }),
        close: () => link.send({ kind: "closeConnection", connectionId, errorMessage: "", headers: [] }),
      };
      this.#clients.set(connectionId, client);
      const ext = { protocol: "json" };
      link.send({ kind: "openConnection", connectionId, claims: [], headers: [], queryString: "", ext });
      client.send(HANDSHAKE);
    });
  }

  #take(message, link) {
    switch (message.kind) {
      case "connectionData":
        this.#clients.get(message.connectionId)?.receive(message.payload);
        break;
      case "handshakeRequest":
        link.send({ kind: "handshakeResponse", errorMessage: "", connectionId: null });
        this.#links.push(link);
        for (const resolve of this.#waitingForLinks.splice(0)) resolve();
        break;
      case "ping":
        link.send({ kind: "ping", messages: [] });
        break;
      case "joinGroupWithAck":
      case "leaveGroupWithAck":
        link.send({ kind: "ack", ackId: message.ackId, status: 1, message: "", payload: null });
        break;
      case "closeConnection":
        this.#clients.delete(message.connectionId);
        break;
      default:
        this.#onSend(message.kind);
        break;
    }
  }
}
