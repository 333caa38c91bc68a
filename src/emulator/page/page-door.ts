import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/clock.js";
import { type HttpDoor, type Refusal, refuse, refuseUpgrade, type UpgradeDoor } from "../http.js";
import { readBody, TOO_LARGE } from "../request-body.js";
import type { Service } from "../service.js";
import type { TurnEnd } from "../turn-end.js";
import { WebSocketAcceptor } from "../ws-server.js";
import { carryOut, type OrderAnswer } from "./fault-orders.js";
import { PageFeed } from "./page-feed.js";
import { PageFiles } from "./page-files.js";
import { PAGE_LIMITS, type PageLimits } from "./page-limits.js";
import { refusalOfHost, refusalOfOrigin } from "./same-origin.js";

export interface PageDoorInput {
  readonly service: Service;
  /** The host that the emulator was told to listen on. */
  readonly host: string | undefined;
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  readonly limits?: PageLimits;
}

const LIVE = "/page/live";
const FAULTS = "/page/faults";
// Filters and orders are a line of JSON.
const MOST_MESSAGE_BYTES = 4096;
const NOT_JSON = Object.freeze({ status: 415, reason: "A fault is ordered in application/json." });
const TOO_LONG = Object.freeze({ status: 413, reason: `A fault is ordered in ${MOST_MESSAGE_BYTES} bytes at most.` });
const NO_ORDER = Object.freeze({ status: 405, reason: "Faults are ordered with POST." });
const ENOUGH_PAGES = Object.freeze({ status: 503, reason: "Too many pages are open; close one of them." });
const STOPPING = Object.freeze({ status: 503, reason: "The emulator stops." });

/** The page at `/`: its files, the websocket that keeps it up to date, and the orders for faults. */
export class PageDoor implements HttpDoor, UpgradeDoor {
  /** Of the page's websockets. */
  readonly acceptor: WebSocketAcceptor;
  readonly #service: Service;
  readonly #host: string | undefined;
  readonly #files = new PageFiles();
  readonly #feed: PageFeed;

  constructor({ service, host, turnEnd, clock, limits = PAGE_LIMITS }: PageDoorInput) {
    this.#service = service;
    this.#host = host;
    this.#feed = new PageFeed(service, clock, limits);
    this.acceptor = new WebSocketAcceptor(MOST_MESSAGE_BYTES, turnEnd);
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    const { pathname } = url;
    if (pathname === FAULTS) {
      // Never rejects, and neither does the reading of a body.
      void this.#order(request, response);
      return true;
    }
    if (!this.#files.has(pathname) || (request.method !== "GET" && request.method !== "HEAD")) return false;
    const refusal = refusalOfHost(request, this.#host);
    if (refusal === undefined) this.#files.serve(pathname, request, response);
    else refuse(response, refusal);
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean {
    if (url.pathname !== LIVE) return false;
    const refusal = refusalOfOrigin(request, this.#host) ?? this.#refusalOfPages();
    if (refusal === undefined) {
      this.acceptor.accept(request, socket, head, (peer) => this.#feed.join(peer));
    } else {
      socket.on("error", () => {});
      refuseUpgrade(socket, refusal);
    }
    return true;
  }

  /** Says good-bye to all pages. */
  stop(): void {
    this.#feed.stop();
  }

  async #order(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#refusalOfOrder(request);
    if (refusal !== undefined) {
      request.resume();
      if (refusal === NO_ORDER) response.setHeader("Allow", "POST");
      refuse(response, refusal);
      return;
    }
    const body = await readBody(request, MOST_MESSAGE_BYTES);
    if (body === undefined) response.destroy();
    else if (body === TOO_LARGE) refuse(response, TOO_LONG);
    else answer(response, carryOut(this.#service, body));
  }

  #refusalOfOrder(request: IncomingMessage): Refusal | undefined {
    if (request.method !== "POST") return NO_ORDER;
    const refusal = refusalOfOrigin(request, this.#host);
    if (refusal !== undefined) return refusal;
    const [type] = (request.headers["content-type"] ?? "").split(";");
    return type?.trim().toLowerCase() === "application/json" ? undefined : NOT_JSON;
  }

  #refusalOfPages(): Refusal | undefined {
    if (this.#service.isStopped) return STOPPING;
    return this.#feed.isFull ? ENOUGH_PAGES : undefined;
  }
}

function answer(response: ServerResponse, { status, sentence }: OrderAnswer): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
  response.end(sentence);
}
