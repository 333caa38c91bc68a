import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  type HttpClient,
  type HttpMethods,
  logPolicy,
  type Pipeline,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { AttemptTimeout, attempt } from "../base/attempts.js";
import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import { createNetwork, type Network } from "../network/network.js";
import { NO_RETRY, pauseBefore, type RestRetry, RetriedAnswer } from "./retry.js";

export interface RestClientOptions {
  /** How this process presents itself. */
  readonly userAgent: string;
  /** Milliseconds for one attempt, its answer included. @default 100_000 */
  readonly timeout?: number;
  /** @default one attempt only */
  readonly retry?: RestRetry;
  readonly clock?: Clock;
  /** @default by the environment's variables for proxies */
  readonly network?: Network;
}

/** One call of the service's data plane. */
export interface RestRequest {
  readonly method: HttpMethods;
  readonly url: string;
  /** Goes out as bearer token; a secret. */
  readonly token?: string;
  readonly body?: { readonly type: string; readonly content: string | Uint8Array };
  /** It delivers a message, so it is repeated only when the service surely did not take it. @default false */
  readonly isSend?: boolean;
  readonly signal?: AbortSignal;
}

export interface RestAnswer {
  readonly status: number;
  /** Names in any case. */
  header(name: string): string | undefined;
  readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 100_000;
/** Far above every answer of the service; lists come in pages. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const ANY_STATUS: ReadonlySet<number> = new Set([Number.POSITIVE_INFINITY]);

/** Talks to the REST interface of the service. Every status is an answer; what it means is the caller's to say. */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #pipeline: Pipeline;
  readonly #network: Network;
  readonly #http: HttpClient;

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.#network = options.network ?? createNetwork();
    this.#http = createDefaultHttpClient();
    // No policy follows redirects: a token must not go where its service did not mean it to.
    this.#pipeline = createEmptyPipeline();
    this.#pipeline.addPolicy(decompressResponsePolicy());
    this.#pipeline.addPolicy(logPolicy());
  }

  /** @throws SignalRError (as rejection) REST_FAILED when there is no answer, STOPPED when the signal was aborted */
  async send(request: RestRequest): Promise<RestAnswer> {
    const { retry = NO_RETRY, timeout = DEFAULT_TIMEOUT_MS, clock = systemClock } = this.#options;
    const isSend = request.isSend === true;
    const plan = {
      clock,
      attempts: retry.retries + 1,
      limitMs: timeout,
      pauseMs: (failed: number) => pauseBefore(retry, failed),
      mayRepeat: (error: unknown) => error instanceof RetriedAnswer || (error instanceof AttemptTimeout && !isSend),
      signal: request.signal ?? new AbortController().signal,
    };
    try {
      return await attempt(plan, async (signal) => {
        const answer = await this.#once(request, signal);
        if (RetriedAnswer.isWorth(answer.status, isSend)) throw new RetriedAnswer(answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof RetriedAnswer) return error.answer;
      throw error instanceof SignalRError ? error : failure(request, error);
    }
  }

  async #once(request: RestRequest, abortSignal: AbortSignal): Promise<RestAnswer> {
    const { userAgent } = this.#options;
    const headers = createHttpHeaders({ "User-Agent": userAgent, "Asrs-User-Agent": userAgent });
    if (request.token !== undefined) headers.set("Authorization", `Bearer ${request.token}`);
    if (request.body !== undefined) headers.set("Content-Type", request.body.type);
    const { agent, tls } = this.#network.to(request.url);
    const response = await this.#pipeline.sendRequest(
      this.#http,
      createPipelineRequest({
        url: request.url,
        method: request.method,
        headers,
        abortSignal,
        // For emulators; whether an address may be plain http is decided where settings are read.
        allowInsecureConnection: true,
        streamResponseStatusCodes: new Set(ANY_STATUS),
        requestOverrides: {
          ...tls,
          ...(agent === undefined ? {} : { agent }),
          // The library hands the brackets of an IPv6 address on to the resolver, which knows no such name.
          hostname: new URL(request.url).hostname.replace(/^\[|\]$/g, ""),
        },
        ...(request.body === undefined ? {} : { body: request.body.content }),
      }),
    );
    const text = await readText(response);
    return { status: response.status, header: (name) => response.headers.get(name), text };
  }
}

/** Bounded, because whoever answers at this address decides how long the answer is. */
async function readText(response: PipelineResponse): Promise<string> {
  const body = response.readableStreamBody;
  if (body === undefined) return response.bodyAsText ?? "";
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function failure(request: RestRequest, error: unknown): SignalRError {
  const { message } = toError(error);
  // Not the error itself: it holds the request, and the request holds the token.
  const cause = new Error(message);
  return new SignalRError("REST_FAILED", `${request.method} ${withoutQuery(request.url)} failed: ${message}`, {
    cause,
  });
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}
