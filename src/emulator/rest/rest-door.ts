import type { IncomingMessage, ServerResponse } from "node:http";
import { applyCors } from "../cors.js";
import { challenge, type HttpDoor, type Refusal } from "../http.js";
import { readBody, TOO_LARGE } from "../request-body.js";
import { bearerToken, isRefusal, type TokenCheck } from "../tokens.js";
import { badRequest, errorAnswer, type RestAnswer, RestRefusal } from "./rest-answer.js";
import type { RestCall, RestOperation, RestScope } from "./rest-call.js";
import { checkName } from "./rest-names.js";
import { type RestAddress, readAddress } from "./rest-request.js";
import { findRoute } from "./rest-routes.js";

export interface RestDoorInput {
  readonly scope: RestScope;
  readonly tokens: TokenCheck;
  /** Tokens that the check refuses are those of identities, which nobody here can judge. */
  readonly acceptsIdentities: boolean;
  readonly maxBodyBytes: number;
  /** Of the addresses in answers. */
  readonly scheme: "http" | "https";
}

const V1 = "1.0";
const EARLIEST_VERSION = "2021-10-01";
// Later dates are taken too: a newer SDK asks for its own, and what it asks for is mostly the same.
const VERSION = /^\d{4}-\d{2}-\d{2}(?:-preview)?$/;

/** The data plane of the service: `/api/hubs/...`, and its first version `/api/v1/hubs/...`. */
export class RestDoor implements HttpDoor {
  readonly #input: RestDoorInput;

  constructor(input: RestDoorInput) {
    this.#input = input;
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (!/^\/api(?:\/|$)/i.test(url.pathname)) return false;
    if (applyCors(request, response)) return true;
    this.#serve(request, response, url).catch(() => response.destroy());
    return true;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const refusal = await this.#identify(request, url);
    if (refusal !== undefined) {
      request.resume();
      unauthorized(response, refusal);
      return;
    }
    const answer = await this.#answer(request).catch((error: unknown) => {
      if (error instanceof RestRefusal) return error.answer;
      throw error;
    });
    // Undefined: the peer has gone away in the middle of its request.
    if (answer === undefined) response.destroy();
    else write(response, answer);
  }

  async #identify(request: IncomingMessage, url: URL): Promise<Refusal | undefined> {
    const { tokens, acceptsIdentities } = this.#input;
    const token = bearerToken(request);
    const checked = await tokens.checkAddress(token, url.pathname);
    if (!isRefusal(checked) || (acceptsIdentities && token !== undefined)) return undefined;
    return checked;
  }

  async #answer(request: IncomingMessage): Promise<RestAnswer | undefined> {
    const body = await readBody(request, this.#input.maxBodyBytes);
    if (body === undefined) return undefined;
    const address = readAddress(request.url ?? "");
    const [hubs, name, ...rest] = address?.segments ?? [];
    const route = hubs?.toLowerCase() === "hubs" && name !== undefined ? findRoute(rest) : undefined;
    if (address === undefined || name === undefined || route === undefined) {
      return errorAnswer(404, "NotFound", "The REST API has nothing at this path.");
    }
    const version = readVersion(address);
    const operation = route.operations.get(methodOf(request));
    if (operation === undefined) return wrongMethod([...route.operations.keys()]);
    if (!address.isV1 && operation.since !== undefined && version < operation.since) {
      const message = `It is there from api-version ${operation.since} on, ${version} was asked for.`;
      return errorAnswer(404, "NotFound", message);
    }
    if (body === TOO_LARGE) {
      const message = `The body is larger than ${this.#input.maxBodyBytes} bytes.`;
      return errorAnswer(413, "PayloadTooLarge", message);
    }
    for (const [part, value] of route.parts) checkName(part, value);
    return await operation.run({
      ...this.#input.scope,
      hub: hubName(name, address),
      isV1: address.isV1,
      version,
      query: address.query,
      contentType: (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
      body,
      address: this.#addressOf(request),
      part: (part) => route.parts.get(part) ?? "",
    } satisfies RestCall);
  }

  #addressOf(request: IncomingMessage): string {
    const path = (request.url ?? "").replace(/\?.*$/s, "");
    return `${this.#input.scheme}://${request.headers.host ?? "localhost"}${path}`;
  }
}

/** HEAD is GET without the body, which Node leaves out by itself. */
function methodOf({ method }: IncomingMessage): RestOperation["method"] {
  return (method === "HEAD" ? "GET" : method) as RestOperation["method"];
}

function readVersion({ isV1, query }: RestAddress): string {
  if (isV1) return V1;
  const version = query.get("api-version");
  if (version === undefined)
    throw badRequest("The query has no api-version, e.g. api-version=2022-06-01.", "api-version");
  if (version === V1) return version;
  if (!VERSION.test(version) || version < EARLIEST_VERSION) {
    throw badRequest(`The api-version is not known; use a date from ${EARLIEST_VERSION} on.`, "api-version");
  }
  return version;
}

function hubName(name: string, { query }: RestAddress): string {
  checkName("hub", name);
  const application = query.get("application");
  if (application === undefined) return name.toLowerCase();
  checkName("application", application);
  return `${application}_${name}`.toLowerCase();
}

function wrongMethod(methods: readonly RestOperation["method"][]): RestAnswer {
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const message = `Only ${allow.join(", ")} can be used here.`;
  return { ...errorAnswer(405, "MethodNotAllowed", message), allow };
}

function unauthorized(response: ServerResponse, refusal: Refusal): void {
  const headers = refusal.status === 401 ? { "WWW-Authenticate": challenge(refusal.reason) } : {};
  response.writeHead(refusal.status, { ...headers, "Content-Length": "0" });
  response.end();
}

function write(response: ServerResponse, { status, body, errorCode, allow }: RestAnswer): void {
  if (errorCode !== undefined) response.setHeader("x-ms-error-code", errorCode);
  if (allow !== undefined) response.setHeader("Allow", allow.join(", "));
  if (body === undefined) {
    // An answer without content has no length either.
    response.writeHead(status, status === 204 ? {} : { "Content-Length": "0" });
    response.end();
    return;
  }
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" });
  response.end(body);
}
