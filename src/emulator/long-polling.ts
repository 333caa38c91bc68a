import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Timer } from "../base/clock.js";
import type { ClientTransport, TransportHandlers } from "./client-transport.js";
import { refuse } from "./http.js";
import { NO_CONNECTION, PostInbox } from "./post-inbox.js";
import type { Flushable, TurnEnd } from "./turn-end.js";

const POLL_TIMEOUT_MS = 90_000;
const OCTETS = "application/octet-stream";

/** A poll carries hub payloads as they are, one behind the other. */
function copyPayload(payload: Uint8Array): Buffer {
  return Buffer.from(payload);
}

export interface LongPollingInput {
  readonly turnEnd: TurnEnd;
  readonly clock: Clock;
  /** Milliseconds between two polls after which the client counts as gone. */
  readonly idleLimitMs: number;
  /** Of one POST. */
  readonly maxPostBytes: number;
  /** Called once, when no request of this connection is answered any more. */
  readonly onEnded: () => void;
}

interface Poll {
  readonly response: ServerResponse;
  readonly timer: Timer;
}

/** A client that asks again and again whether there is something for it, and POSTs what it says. */
export class LongPolling implements ClientTransport, Flushable {
  readonly name = "LongPolling";
  readonly isTextOnly = false;
  readonly framing = copyPayload;
  readonly #input: LongPollingInput;
  readonly #inbox: PostInbox;
  #onClose: () => void = () => {};
  /** After `closing`, what is queued can still be fetched, and the next poll is told of the end. */
  #state: "open" | "closing" | "ended" = "open";
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #poll: Poll | undefined;
  #idle: Timer | undefined;
  #hasPolled = false;
  #isScheduled = false;

  constructor(input: LongPollingInput) {
    this.#input = input;
    this.#inbox = new PostInbox(input.maxPostBytes);
  }

  get bufferedBytes(): number {
    return this.#pendingBytes;
  }

  listen(handlers: TransportHandlers): void {
    this.#inbox.listen(handlers.onMessage);
    this.#onClose = handlers.onClose;
  }

  post(request: IncomingMessage, response: ServerResponse): void {
    this.#inbox.take(request, response);
  }

  /** Answers when there is something to say; the first one at once. An older poll that still waits ends with 204. */
  poll(response: ServerResponse): void {
    if (this.#state === "ended") {
      refuse(response, NO_CONNECTION);
      return;
    }
    this.#answer(endOfPolls);
    this.#idle?.cancel();
    const timer = this.#input.clock.after(POLL_TIMEOUT_MS, () => this.#answer(nothingNew));
    this.#poll = { response, timer };
    response.on("error", () => {});
    response.once("close", () => this.#pollClosed(response));
    if (!this.#hasPolled) {
      // So that the client learns that the connection is there, and can send its handshake.
      this.#hasPolled = true;
      this.#answer(nothingNew);
    } else if (this.#pending.length > 0) {
      this.flush();
    } else if (this.#state === "closing") {
      this.#end();
    }
  }

  /** The client leaves. */
  delete(response: ServerResponse): void {
    response.writeHead(202, { "Content-Type": "text/plain", "Content-Length": "0" });
    response.end();
    this.#leave();
  }

  write(framed: Buffer): void {
    if (this.#state !== "open") return;
    this.#pending.push(framed);
    this.#pendingBytes += framed.length;
    if (this.#isScheduled || this.#poll === undefined) return;
    this.#isScheduled = true;
    this.#input.turnEnd.add(this);
  }

  flush(): void {
    this.#isScheduled = false;
    // Without a poll it waits for the next one.
    if (this.#poll === undefined || this.#pending.length === 0) return;
    const body = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#answer((response) => {
      response.writeHead(200, { "Content-Type": OCTETS, "Content-Length": String(body.length) });
      response.end(body);
    });
  }

  /** Clients that come no more are found by their silence between two polls. */
  heartbeat(): boolean {
    return true;
  }

  interrupt(): boolean {
    return false;
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#inbox.close();
    if (this.#pending.length > 0) this.flush();
    else if (this.#poll !== undefined) this.#end();
  }

  terminate(): void {
    this.#poll?.response.destroy();
    this.#end();
  }

  #answer(how: (response: ServerResponse) => void): void {
    const poll = this.#poll;
    if (poll === undefined) return;
    this.#poll = undefined;
    poll.timer.cancel();
    if (!poll.response.destroyed) how(poll.response);
  }

  #pollClosed(response: ServerResponse): void {
    if (this.#poll?.response === response) {
      this.#poll.timer.cancel();
      this.#poll = undefined;
    }
    if (this.#poll !== undefined || this.#state === "ended") return;
    this.#idle?.cancel();
    this.#idle = this.#input.clock.after(this.#input.idleLimitMs, () => this.#leave());
  }

  #leave(): void {
    const wasOpen = this.#state === "open";
    this.#end();
    if (wasOpen) this.#onClose();
  }

  #end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#answer(endOfPolls);
    this.#idle?.cancel();
    this.#inbox.close();
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#input.onEnded();
  }
}

function nothingNew(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": OCTETS, "Content-Length": "0" });
  response.end();
}

function endOfPolls(response: ServerResponse): void {
  response.writeHead(204);
  response.end();
}
