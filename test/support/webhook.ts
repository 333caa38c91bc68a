import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request that a webhook got, whole. */
export interface WebhookRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Answerer = (request: WebhookRequest, response: ServerResponse) => void;

/** A web server on a free port of this machine that takes the emulator's upstream requests, one after the other. */
export class Webhook implements AsyncDisposable {
  /** What to answer; 200 without a body unless the test says otherwise. */
  answer: Answerer = (_request, response) => {
    response.end();
  };
  readonly requests: WebhookRequest[] = [];
  readonly #server: Server;
  readonly #unread: WebhookRequest[] = [];
  #wakes: Array<() => void> = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const whole = { method, path: url, headers, body: Buffer.concat(chunks) };
        this.requests.push(whole);
        this.#unread.push(whole);
        this.answer(whole, response);
        for (const wake of this.#wakes.splice(0)) wake();
      });
    });
  }

  static async start(): Promise<Webhook> {
    const webhook = new Webhook();
    await new Promise<void>((resolve) => {
      webhook.#server.listen(0, "127.0.0.1", resolve);
    });
    return webhook;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next request that the test has not looked at; waits for it. */
  async next(): Promise<WebhookRequest> {
    for (;;) {
      const request = this.#unread.shift();
      if (request !== undefined) return request;
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
    }
  }

  /** Names of the events so far, with their category. */
  get events(): string[] {
    return this.requests.map(({ headers }) => `${headers["x-asrs-category"]}/${headers["x-asrs-event"]}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
