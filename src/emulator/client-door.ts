import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Caller, type ClientSession, type ClientSessions, type FirstRequest, NO_ID } from "./client-sessions.js";
import { applyCors } from "./cors.js";
import { type HttpDoor, type Refusal, refuse, refuseUpgrade, type UpgradeDoor } from "./http.js";
import { readHubName } from "./hub-name.js";
import { negotiateAnswer } from "./negotiate-answer.js";
import { NO_CONNECTION } from "./post-inbox.js";
import type { Service } from "./service.js";
import { isRefusal, requestToken, type TokenCheck, type TokenContent } from "./tokens.js";
import type { WebSocketAcceptor } from "./ws-server.js";

export interface ClientDoorInput {
  readonly service: Service;
  readonly sessions: ClientSessions;
  readonly tokens: TokenCheck;
  readonly acceptor: WebSocketAcceptor;
}

type Serve = (caller: Caller, request: IncomingMessage, response: ServerResponse) => void;

const AUDIENCE_PATH = "/client/";
const EVENT_STREAM = "text/event-stream";
// In the words of ASP.NET Core, which client authors know.
const NO_POST = Object.freeze({ status: 405, reason: "POST requests are not allowed for WebSocket connections." });
const NO_DELETE = Object.freeze({
  status: 400,
  reason: "Cannot terminate this connection using the DELETE endpoint.",
});
const ALREADY_OPEN = Object.freeze({ status: 409, reason: "This connection is open already." });

/** Where clients come in: `POST /client/negotiate`, and `/client/` for all transports. */
export class ClientDoor implements HttpDoor, UpgradeDoor {
  readonly #input: ClientDoorInput;

  constructor(input: ClientDoorInput) {
    this.#input = input;
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (!isUnder(url, "/client")) return false;
    if (applyCors(request, response)) return true;
    if (isAt(url, "/client/negotiate")) {
      if (request.method === "POST") this.#serve(request, response, url, this.#negotiate);
      else refuseMethod(response, ["POST"], "Negotiate with POST.");
    } else if (isAt(url, "/client")) {
      const serve = this.#methods.get(request.method ?? "");
      if (serve !== undefined) this.#serve(request, response, url, serve);
      else refuseMethod(response, [...this.#methods.keys()], "A transport asks with GET, POST or DELETE.");
    } else {
      refuse(response, { status: 404, reason: "Nothing is served here." });
    }
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean {
    if (!isAt(url, "/client")) return false;
    this.#open(request, socket, head, url).catch(() => socket.destroy());
    return true;
  }

  #serve(request: IncomingMessage, response: ServerResponse, url: URL, serve: Serve): void {
    this.#identify(request, url)
      .then((caller) => {
        // A peer that left meanwhile must not leave a connection behind.
        if (response.destroyed) return;
        if ("status" in caller) refuse(response, caller);
        else serve(caller, request, response);
      })
      .catch(() => response.destroy());
  }

  readonly #negotiate: Serve = (caller, request, response) => {
    const { service, sessions } = this.#input;
    // A body is allowed and not looked at.
    request.resume();
    const refusal = service.refusalOfNewClients();
    if (refusal !== undefined) {
      refuse(response, refusal);
      return;
    }
    const answer = JSON.stringify(negotiateAnswer(caller, service, sessions));
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(answer);
  };

  readonly #stream: Serve = (caller, request, response) => {
    const { sessions } = this.#input;
    const admitted = sessions.admit(caller, "ServerSentEvents");
    if ("status" in admitted) refuse(response, admitted);
    else if ("transport" in admitted) refuse(response, ALREADY_OPEN);
    else sessions.openEventStream(admitted, firstRequest(request, caller.token), response);
  };

  readonly #poll: Serve = (caller, request, response) => {
    const { sessions } = this.#input;
    const admitted = sessions.admit(caller, "LongPolling");
    if ("status" in admitted) {
      refuse(response, admitted);
    } else if ("transport" in admitted) {
      if (admitted.transport.name === "LongPolling") admitted.transport.poll(response);
    } else {
      sessions.openLongPolling(admitted, firstRequest(request, caller.token)).poll(response);
    }
  };

  readonly #post: Serve = (caller, request, response) => {
    const found = this.#transport(caller);
    if ("status" in found) refuse(response, found);
    else if (found.name === "WebSockets") refuse(response, NO_POST);
    else found.post(request, response);
  };

  readonly #delete: Serve = (caller, _request, response) => {
    const found = this.#transport(caller);
    if ("status" in found) refuse(response, found);
    else if (found.name !== "LongPolling") refuse(response, NO_DELETE);
    else found.delete(response);
  };

  readonly #methods: ReadonlyMap<string, Serve> = new Map<string, Serve>([
    [
      "GET",
      (caller, request, response) => (wantsEvents(request) ? this.#stream : this.#poll)(caller, request, response),
    ],
    ["POST", this.#post],
    ["DELETE", this.#delete],
  ]);

  #transport({ id, hub }: Caller): ClientSession["transport"] | Refusal {
    if (id === undefined) return NO_ID;
    return this.#input.sessions.find(id, hub)?.transport ?? NO_CONNECTION;
  }

  async #open(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): Promise<void> {
    const { sessions, acceptor } = this.#input;
    // The socket may break while the token is checked; nobody else listens yet.
    const ignoreError = (): void => {};
    socket.on("error", ignoreError);
    // Read now: the address is gone when the peer is.
    const remoteAddress = request.socket.remoteAddress;
    const caller = await this.#identify(request, url);
    const admitted = "status" in caller ? caller : sessions.admit(caller, "WebSockets");
    if ("status" in caller || "status" in admitted) {
      refuseUpgrade(socket, admitted as Refusal);
    } else if ("transport" in admitted) {
      const { transport } = admitted;
      if (transport.name !== "WebSockets" || !transport.mayReplace) {
        refuseUpgrade(socket, ALREADY_OPEN);
        return;
      }
      socket.removeListener("error", ignoreError);
      acceptor.accept(request, socket, head, (peer) => transport.replace(peer));
    } else {
      socket.removeListener("error", ignoreError);
      const first = { ...firstRequest(request, caller.token), remoteAddress };
      acceptor.accept(request, socket, head, (peer) => sessions.openWebSocket(admitted, first, peer));
    }
  }

  /** Signature and audience count for every request; a token that was good when its connection opened stays good. */
  async #identify(request: IncomingMessage, url: URL): Promise<Caller | Refusal> {
    const { sessions, tokens } = this.#input;
    const hub = readHubName(url);
    if (typeof hub !== "string") return hub;
    // The last one: the query of the app's own negotiate request comes first, and may hold an id of the app's.
    const id = url.searchParams.getAll("id").at(-1);
    const openedAtMs = sessions.find(id, hub)?.openedAtMs;
    const token = await tokens.check(requestToken(request, url), AUDIENCE_PATH, hub, openedAtMs);
    if (isRefusal(token)) return token;
    const version = url.searchParams.get("negotiateVersion");
    return { hub, id, token, version, wantsStateful: url.searchParams.get("useStatefulReconnect") === "true" };
  }
}

function wantsEvents(request: IncomingMessage): boolean {
  const accepted = request.headers.accept?.split(",") ?? [];
  return accepted.some((type) => type.split(";")[0]?.trim().toLowerCase() === EVENT_STREAM);
}

function firstRequest(request: IncomingMessage, token: TokenContent): FirstRequest {
  return { url: request.url, rawHeaders: request.rawHeaders, remoteAddress: request.socket.remoteAddress, token };
}

function refuseMethod(response: ServerResponse, allowed: readonly string[], reason: string): void {
  response.setHeader("Allow", allowed.join(", "));
  refuse(response, { status: 405, reason });
}

function isAt(url: URL, path: string): boolean {
  return url.pathname.replace(/\/$/, "") === path;
}

function isUnder(url: URL, path: string): boolean {
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
