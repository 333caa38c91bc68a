import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { type Clock, systemClock } from "../../base/clock.js";
import { toError } from "../../base/errors.js";
import { Fifo } from "../../base/fifo.js";

/** What came back: an answer, one that is larger than allowed, one that broke off, or none at all. */
export type PostResult =
  | { readonly kind: "answer"; readonly status: number; readonly body: Buffer }
  | { readonly kind: "tooLarge" }
  | { readonly kind: "broken"; readonly error: Error }
  | { readonly kind: "failed"; readonly error: Error };

export interface PosterInput {
  /** Requests under way at once; others wait for their turn. */
  readonly maxRequests: number;
  /** Milliseconds for one request, with its answer; waiting for its turn does not count. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** @default the real clock */
  readonly clock?: Clock;
}

// Events of clients that are gone already wait too; beyond so many the receiver is hopelessly behind.
const MOST_WAITING = 10_000;
const STOPPED = new Error("The emulator stops.");

interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Posts to webhooks: connections are kept for the next request, answers are bounded, nothing is ever thrown. */
export class Poster {
  readonly #input: PosterInput;
  readonly #clock: Clock;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });
  readonly #waiting = new Fifo<() => void>();
  readonly #underWay = new Set<ClientRequest>();
  #slots: number;
  #isStopped = false;

  constructor(input: PosterInput) {
    this.#input = input;
    this.#clock = input.clock ?? systemClock;
    this.#slots = input.maxRequests;
  }

  async post(url: URL, headers: Readonly<Record<string, string>>, body: Buffer): Promise<PostResult> {
    if (this.#waiting.size >= MOST_WAITING) {
      return { kind: "failed", error: new Error(`More than ${MOST_WAITING} requests are waiting for their turn.`) };
    }
    await this.#turn();
    try {
      const post = { url, headers, body };
      const first = await this.#send(post);
      // The receiver may close a kept connection in the very moment of its use; then nobody has read the request.
      return first === "stale" ? ((await this.#send(post, true)) as PostResult) : first;
    } finally {
      this.#done();
    }
  }

  /** Cuts what is under way; later posts fail. */
  stop(): void {
    this.#isStopped = true;
    for (const request of this.#underWay) request.destroy();
    this.#http.destroy();
    this.#https.destroy();
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) next.value();
  }

  async #turn(): Promise<void> {
    if (this.#slots > 0 || this.#isStopped) {
      this.#slots -= 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  // The slot goes straight to whoever waits, so that nobody can slip in between.
  #done(): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#slots += 1;
    else next.value();
  }

  /** `stale`: a kept connection turned out to be dead. */
  #send({ url, headers, body }: Post, isFresh = false): Promise<PostResult | "stale"> {
    if (this.#isStopped) return Promise.resolve({ kind: "failed", error: STOPPED });
    return new Promise((resolve) => {
      const isSecure = url.protocol === "https:";
      const agent = isFresh ? false : isSecure ? this.#https : this.#http;
      const options = { method: "POST", headers, agent };
      let request: ClientRequest;
      try {
        request = isSecure ? requestHttps(url, options) : requestHttp(url, options);
      } catch (error) {
        resolve({ kind: "failed", error: toError(error) });
        return;
      }
      const { timeoutMs, maxResponseBytes } = this.#input;
      const timer = this.#clock.after(timeoutMs, () => {
        request.destroy(new Error(`No answer came within ${timeoutMs} ms.`));
      });
      const finish = (result: PostResult | "stale"): void => {
        timer.cancel();
        this.#underWay.delete(request);
        resolve(result);
      };
      this.#underWay.add(request);
      let hasAnswer = false;
      request.on("error", (error: NodeJS.ErrnoException) => {
        const isStale = !isFresh && !hasAnswer && request.reusedSocket && error.code === "ECONNRESET";
        finish(isStale ? "stale" : { kind: hasAnswer ? "broken" : "failed", error });
      });
      request.on("response", (response) => {
        hasAnswer = true;
        readAnswer(response, maxResponseBytes, (result) => {
          if (result.kind !== "answer") request.destroy();
          finish(result);
        });
      });
      request.end(body);
    });
  }
}

function readAnswer(response: IncomingMessage, maxBytes: number, done: (result: PostResult) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) done({ kind: "tooLarge" });
    else chunks.push(chunk);
  });
  response.on("error", (error) => done({ kind: "broken", error }));
  response.on("end", () => {
    done({ kind: "answer", status: response.statusCode ?? 0, body: Buffer.concat(chunks, length) });
  });
}
