import { once } from "node:events";
import { request } from "node:http";
import { WebSocket } from "ws";
import type { HttpReply } from "./http-client.js";

/** One update as the page gets it: parts by name. */
export type PageUpdate = Readonly<Record<string, unknown>>;

/** The emulator's page without a browser: a websocket that keeps what it is told. */
export class PageClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  /** Parts as they were told last. */
  readonly known: Record<string, unknown> = {};
  readonly updates: PageUpdate[] = [];
  readonly #unread: PageUpdate[] = [];
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      const update = JSON.parse(data.toString("utf8")) as PageUpdate;
      Object.assign(this.known, update);
      this.updates.push(update);
      this.#unread.push(update);
      this.#wake?.();
    });
  }

  /** Resolves when the page has been told how things stand. */
  static async open(url: string): Promise<PageClient> {
    const client = new PageClient(new WebSocket(`${url.replace(/^http/, "ws")}/page/live`, { origin: url }));
    await once(client.socket, "open");
    await client.next();
    return client;
  }

  filter(filter: object | string): void {
    this.socket.send(typeof filter === "string" ? filter : JSON.stringify(filter));
  }

  /** What has come so far is not looked at. */
  skip(): void {
    this.#unread.length = 0;
  }

  /** The next update that was not looked at yet. */
  async next(): Promise<PageUpdate> {
    for (;;) {
      const update = this.#unread.shift();
      if (update !== undefined) return update;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next update with this part. */
  async part<T>(name: string): Promise<T> {
    for (;;) {
      const update = await this.next();
      if (name in update) return update[name] as T;
    }
  }

  close(): Promise<number> {
    this.socket.close();
    return this.closed;
  }
}

/** Asks the emulator for something with headers that a browser would not let a page set. */
export function askPage(
  url: string,
  path: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
