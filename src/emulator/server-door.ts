import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../base/clock.js";
import { type Refusal, refuseUpgrade, type UpgradeDoor } from "./http.js";
import { readHubName } from "./hub-name.js";
import { ServerLink } from "./server-link.js";
import type { Service } from "./service.js";
import { isRefusal, requestToken, type TokenCheck, type TokenContent } from "./tokens.js";
import type { TurnEnd } from "./turn-end.js";
import type { WebSocketAcceptor } from "./ws-server.js";

export interface ServerDoorInput {
  readonly service: Service;
  readonly tokens: TokenCheck;
  /** Tokens that the check refuses are those of identities, which nobody here can judge. */
  readonly acceptsIdentities: boolean;
  readonly acceptor: WebSocketAcceptor;
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly sendBufferBytes: number;
}

const PATH = "/server/";
const LONGEST_ID = 256;
const IDENTITY: TokenContent = Object.freeze({ claims: Object.freeze([]) });

/** Where hub servers come in: the websocket `/server/`. */
export class ServerDoor implements UpgradeDoor {
  readonly #input: ServerDoorInput;

  constructor(input: ServerDoorInput) {
    this.#input = input;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean {
    if (url.pathname !== PATH && `${url.pathname}/` !== PATH) return false;
    this.#open(request, socket, head, url).catch(() => socket.destroy());
    return true;
  }

  async #open(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): Promise<void> {
    // The socket may break while the token is checked; nobody else listens yet.
    const ignoreError = (): void => {};
    socket.on("error", ignoreError);
    const hub = readHubName(url);
    const token = typeof hub === "string" ? await this.#check(request, url, hub) : hub;
    if (typeof hub !== "string" || isRefusal(token)) {
      refuseUpgrade(socket, token as Refusal);
      return;
    }
    socket.removeListener("error", ignoreError);
    this.#accept(request, socket, head, url, hub, token);
  }

  async #check(request: IncomingMessage, url: URL, hub: string): Promise<TokenContent | Refusal> {
    const { tokens, acceptsIdentities, service } = this.#input;
    const token = requestToken(request, url);
    const checked = await tokens.check(token, PATH, hub);
    // Looked at last, because it may change meanwhile.
    const refusal = service.refusalOfNewServers();
    if (refusal !== undefined) return refusal;
    return acceptsIdentities && token !== undefined && isRefusal(checked) ? IDENTITY : checked;
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL, hub: string, token: TokenContent): void {
    const { service, acceptor, turnEnd, clock, handshakeTimeoutMs, maxMessageBytes, sendBufferBytes } = this.#input;
    const id = url.searchParams.get("cid")?.slice(0, LONGEST_ID) || randomUUID();
    acceptor.accept(request, socket, head, (peer) => {
      const serverId = findServerId(request, token) ?? id;
      const target = url.searchParams.get("target");
      const instance = service.instances.forLink(serverId, hub, service.links(hub), target);
      const link = new ServerLink({
        socket: peer,
        id,
        serverId,
        hub,
        instance,
        turnEnd,
        clock,
        handshakeTimeoutMs,
        maxMessageBytes,
        sendBufferBytes,
        faults: service.faults,
        taps: service.taps,
        tracing: service.tracing,
        events: service,
      });
      service.addLink(link);
    });
  }
}

/** SDKs send the server's name as a header and as the token's subject. */
function findServerId(request: IncomingMessage, token: TokenContent): string | undefined {
  const header = request.headers["x-asrs-server-id"];
  if (typeof header === "string" && header !== "") return header.slice(0, LONGEST_ID);
  return token.claims.find(([type]) => type === "nameid")?.[1].slice(0, LONGEST_ID);
}
