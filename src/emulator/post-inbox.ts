import type { IncomingMessage, ServerResponse } from "node:http";
import { Fifo } from "../base/fifo.js";
import { refuse } from "./http.js";
import { readBody, TOO_LARGE } from "./request-body.js";

interface Post {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

// Official clients send one after the other; whoever sends this many at once is told to slow down.
const MOST_WAITING = 64;

/** No connection (any more) for an id, in the words of ASP.NET Core. */
export const NO_CONNECTION = Object.freeze({ status: 404, reason: "No Connection with that ID" });

/**
 * What a client without a websocket sends: the bodies of its POST requests, one at a time, in the order in which the
 * requests came. Bodies of requests that wait are left in their sockets.
 */
export class PostInbox {
  readonly #maxBytes: number;
  readonly #waiting = new Fifo<Post>();
  #onMessage: (bytes: Buffer) => void = () => {};
  #isBusy = false;
  #isClosed = false;
  #gate: Gate | undefined;

  /** `maxBytes`: of one body. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  listen(onMessage: (bytes: Buffer) => void): void {
    this.#onMessage = onMessage;
  }

  /** Answers 200 when the body was handed over, 413 when it is too large. */
  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isClosed) {
      refuse(response, NO_CONNECTION);
    } else if (this.#waiting.size >= MOST_WAITING) {
      refuse(response, { status: 429, reason: `More than ${MOST_WAITING} requests of this connection are waiting.` });
    } else {
      this.#waiting.push({ request, response });
      if (!this.#isBusy) void this.#work();
    }
  }

  /** Hands over nothing until {@link resume}; senders wait for their answer. */
  pause(): void {
    if (this.#gate !== undefined || this.#isClosed) return;
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  resume(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** Who waits, or comes later, is told that there is no such connection. */
  close(): void {
    this.#isClosed = true;
    this.resume();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      // A throwing receiver must not stop those that come later.
      await this.#handle(next.value).catch(() => next?.value.response.destroy());
    }
    this.#isBusy = false;
  }

  async #handle({ request, response }: Post): Promise<void> {
    const body = this.#isClosed ? Buffer.alloc(0) : await readBody(request, this.#maxBytes);
    if (body === undefined) {
      response.destroy();
      return;
    }
    if (body === TOO_LARGE) {
      refuse(response, {
        status: 413,
        reason: `The body is too large: at most ${this.#maxBytes} bytes may be sent at once. Use WebSockets for more.`,
      });
      return;
    }
    if (this.#gate !== undefined) await this.#gate.opened;
    if (this.#isClosed) {
      refuse(response, NO_CONNECTION);
      return;
    }
    if (body.length > 0) this.#onMessage(body);
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": "0" });
    response.end();
  }
}
