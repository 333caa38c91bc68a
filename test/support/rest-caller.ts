import type { Emulator } from "../../src/emulator/index.js";
import { tokensOf } from "./emulator-peers.js";

export interface RestAsk {
  /** Written as JSON unless it is bytes already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined: a good one for this address. */
  readonly token?: string;
}

/** What a REST request was answered with. */
export interface RestReply {
  readonly status: number;
  /** `x-ms-error-code`. */
  readonly code: string | null;
  readonly text: string;
  readonly headers: Headers;
}

/** Calls the emulator's REST API as a server of an app does, with a token for each address. */
export class RestCaller {
  readonly #emulator: Emulator;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
  }

  /** `path` begins below `/api`; the query gets an api-version unless it names one, or the path begins with `/v1`. */
  async ask(method: string, path: string, { body, headers = {}, token }: RestAsk = {}): Promise<RestReply> {
    const url = this.address(path);
    const bytes = body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await fetch(url, {
      method,
      headers: {
        Authorization: `Bearer ${token ?? (await tokensOf(this.#emulator).restToken(url))}`,
        ...(body === undefined || body instanceof Uint8Array
          ? {}
          : { "Content-Type": "application/json; charset=utf-8" }),
        ...headers,
      },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    const text = await response.text();
    return { status: response.status, code: response.headers.get("x-ms-error-code"), text, headers: response.headers };
  }

  address(path: string): string {
    const isVersioned = path.startsWith("/v1") || path.includes("api-version=");
    const version = isVersioned ? "" : `${path.includes("?") ? "&" : "?"}api-version=2022-06-01`;
    return `${this.#emulator.url}/api${path}${version}`;
  }

  /** The status alone. */
  async status(method: string, path: string, body?: unknown): Promise<number> {
    return (await this.ask(method, path, { body })).status;
  }
}
