import { clientUrl } from "../../src/auth/service-urls.js";
import type { Emulator } from "../../src/emulator/index.js";
import type { WireClaim } from "../../src/protocol/service/messages.js";
import { type ClientScript, endpointOf, JSON_HANDSHAKE, RECORD_END, tokensOf } from "./emulator-peers.js";

/** What an HTTP request was answered with. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

export interface Ask {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A client that has negotiated and asks in plain HTTP. */
export class HttpClient {
  readonly url: string;
  readonly connectionId: string;
  readonly id: string;
  readonly token: string;

  constructor(url: string, connectionId: string, id: string, token: string) {
    this.url = url;
    this.connectionId = connectionId;
    this.id = id;
    this.token = token;
  }

  static async negotiate(emulator: Emulator, script: ClientScript = {}): Promise<HttpClient> {
    const hub = script.hub ?? "chat";
    const token = await clientToken(emulator, script);
    const url = clientUrl(endpointOf(emulator), hub, script.query === undefined ? {} : { query: script.query });
    const response = await fetch(`${url.replace("/client/?", "/client/negotiate?")}&negotiateVersion=1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    if (response.status !== 200) throw new Error(`negotiate was answered with ${response.status}`);
    const answer = (await response.json()) as { connectionId: string; connectionToken: string; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return new HttpClient(url, answer.connectionId, answer.connectionToken, token);
  }

  fetch({ method = "GET", body, headers, signal }: Ask = {}, id: string | undefined = this.id): Promise<Response> {
    return fetch(id === "" ? this.url : `${this.url}&id=${id}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, ...headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async ask(ask: Ask = {}, id?: string): Promise<Answer> {
    const response = await this.fetch(ask, id);
    return { status: response.status, body: await response.text(), headers: response.headers };
  }

  /** A poll that the emulator holds: of two, the one that did not give way to the other. Wrapped, to be awaited later. */
  async holdPoll(): Promise<{ readonly answer: Promise<Answer> }> {
    const [one, other] = [this.ask(), this.ask()];
    return await Promise.race([one.then(() => ({ answer: other })), other.then(() => ({ answer: one }))]);
  }

  send(body: string | Uint8Array): Promise<Answer> {
    return this.ask({ method: "POST", body });
  }
}

export function clientToken(emulator: Emulator, { hub = "chat", claims = [], clock }: ClientScript): Promise<string> {
  return tokensOf(emulator, "server-a", clock).clientToken(hub, claims as WireClaim[]);
}

/** Opens long polling and shakes hands in JSON. */
export async function openPolling(emulator: Emulator, script: ClientScript = {}): Promise<HttpClient> {
  const client = await HttpClient.negotiate(emulator, script);
  const first = await client.ask();
  if (first.status !== 200 || first.body !== "") throw new Error(`the first poll was answered with ${first.status}`);
  if (script.shakesHands === false) return client;
  await client.send(JSON_HANDSHAKE);
  const answer = await client.ask();
  if (answer.body !== `{}${RECORD_END}`) throw new Error(`the handshake was answered with ${answer.body}`);
  return client;
}

/** A client with an open event stream. */
export class EventClient {
  readonly http: HttpClient;
  readonly headers: Headers;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(http: HttpClient, response: Response) {
    if (response.body === null) throw new Error("the event stream has no body");
    this.http = http;
    this.headers = response.headers;
    this.#reader = response.body.getReader();
  }

  /** Opens the stream and, unless told otherwise, shakes hands in JSON. */
  static async open(emulator: Emulator, script: ClientScript = {}): Promise<EventClient> {
    const http = await HttpClient.negotiate(emulator, script);
    const response = await http.fetch({ headers: { Accept: "text/event-stream" } });
    if (response.status !== 200) throw new Error(`the event stream was answered with ${response.status}`);
    const client = new EventClient(http, response);
    if ((await client.nextBlock()) !== ":") throw new Error("the event stream does not begin with a comment");
    if (script.shakesHands === false) return client;
    await http.send(JSON_HANDSHAKE);
    const answer = await client.next();
    if (answer !== `{}${RECORD_END}`) throw new Error(`the handshake was answered with ${answer}`);
    return client;
  }

  /** The data of the next event; undefined when the stream has ended, rejects when it is cut. */
  async next(): Promise<string | undefined> {
    const block = await this.nextBlock();
    return block
      ?.split("\r\n")
      .map((line) => line.replace(/^data: /, ""))
      .join("\n");
  }

  async nextBlock(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\r\n\r\n");
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 4);
        return block;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += Buffer.from(value).toString();
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}
