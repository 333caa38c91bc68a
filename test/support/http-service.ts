import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

/** A plain HTTP server on a free port of this machine, which answers as the test says and remembers what it was asked. */
export class HttpService implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  answer: Answerer;
  readonly #http: Server;

  private constructor(answer: Answerer) {
    this.answer = answer;
    this.#http = createServer((request, response) => {
      this.requests.push(request);
      this.answer(request, response);
    });
  }

  static async start(answer: Answerer): Promise<HttpService> {
    const service = new HttpService(answer);
    await new Promise<void>((resolve) => {
      service.#http.listen(0, "127.0.0.1", resolve);
    });
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
  }
}

/** One answer with a body, always the same. */
export function always(status: number, body = "", headers: Record<string, string> = {}): Answerer {
  return (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}
