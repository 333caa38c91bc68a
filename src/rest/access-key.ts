import { type KeyLease, readLease } from "../auth/key-lease.js";
import { accessKeyUrl } from "../auth/service-urls.js";
import type { Clock } from "../base/clock.js";
import { SignalRError, ThrottledError } from "../base/errors.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { RestAnswer, RestClient } from "./rest-client.js";
import { retryAfterOf } from "./retry.js";

export interface LeaseRequest {
  readonly endpoint: Pick<ServiceEndpoint, "endpoint" | "serverEndpoint" | "clientEndpoint" | "audienceBaseUrl">;
  /** Of an Entra identity; a secret. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** To compare with the service's time. */
  readonly clock: Clock;
}

const LONGEST_REASON = 300;
const MOST_SKEW_MS = 5 * 60_000;
const MINUTE_MS = 60_000;
const TOO_MANY_REQUESTS = 429;

/** What usually is behind a refusal, and what to do. */
const CAUSES: Readonly<Record<number, string>> = Object.freeze({
  400: "The service does not understand the request: check that the endpoint is that of an Azure SignalR Service.",
  401: "The token was not accepted: check that the identity belongs to the tenant of the service, that AZURE_AUTHORITY_HOST is that of its cloud, and that the clock of this machine is right.",
  403: "The identity may not do this: give it the role SignalR App Server on the service (a new role takes some minutes to work), and check the service's network access control.",
  429: "The service has too many requests at the moment: it is asked again later.",
  404: "There is no such service at this address: check Endpoint and ServerEndpoint, DNS, and whether a proxy stands between.",
});

/**
 * Asks the service for a key that client tokens can be signed with.
 * @throws SignalRError (as rejection) REST_FAILED that says what the status means, THROTTLED, STOPPED
 */
export async function leaseAccessKey(client: RestClient, request: LeaseRequest): Promise<KeyLease> {
  const { endpoint, token, signal } = request;
  const url = accessKeyUrl(endpoint);
  const answer = await client.send({ method: "GET", url, token, signal });
  const lease = answer.status === 200 ? parseLease(answer.text) : undefined;
  if (lease !== undefined) return lease;
  const text = `GET ${url} ${explain(answer, request)}`;
  if (answer.status === TOO_MANY_REQUESTS) throw new ThrottledError(text, retryAfterOf(answer, request.clock));
  throw new SignalRError("REST_FAILED", text);
}

function explain(answer: RestAnswer, { token, clock }: LeaseRequest): string {
  if (answer.status === 200) return "was answered without a key; is it an Azure SignalR Service?";
  const cause = CAUSES[answer.status] ?? "";
  return [`was answered with ${answer.status}.`, cause, skew(answer, clock), detail(answer, token)]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

/** The service's own words, if there are any. Never what we sent: whoever answers might send it back. */
function detail(answer: RestAnswer, token: string): string {
  const code = answer.header("x-ms-error-code") ?? "";
  const text = `${code} ${answer.text}`.replace(/[^\x21-\x7e]+/g, " ").trim();
  if (text === "" || text.includes("<") || text.includes(token)) return "";
  return `The service says: ${text.slice(0, LONGEST_REASON)}`;
}

function skew(answer: RestAnswer, clock: Clock): string {
  const theirs = Date.parse(answer.header("date") ?? "");
  const apartMs = Math.abs(clock.unixTime() - theirs);
  // NaN when the answer names no time.
  if (!(apartMs > MOST_SKEW_MS)) return "";
  return `The clocks of this machine and of the service are ${Math.round(apartMs / MINUTE_MS)} minutes apart.`;
}

function parseLease(text: string): KeyLease | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const members = new Map(Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), value as unknown]));
  return readLease(members.get("keyid"), members.get("accesskey"));
}
