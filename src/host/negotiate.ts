import { randomBytes } from "node:crypto";
import { buildTokenClaims } from "../auth/claims.js";
import { clientUrl } from "../auth/service-urls.js";
import type { TokenSource } from "../auth/token-source.js";
import type { ClaimsInput } from "../auth/user-claims.js";
import { SignalRError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { ServiceSettings } from "../config/options.js";
import { shortEndpoint } from "../connections/figures.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { failureAnswer, jsonAnswer, METHOD_NOT_ALLOWED, refusal } from "./answers.js";
import { type ClientTerms, type ClientTermsOptions, clientTermsOf } from "./client-terms.js";
import { claimsOf, expiryOf, type IdentityOptions, userIdOf } from "./identity.js";
import { originalHubPath } from "./paths.js";
import type { HttpAnswer, NegotiateRequest } from "./request.js";

/** What negotiate must know of a hub that runs. */
export interface NegotiableHub {
  /** Name at the service. */
  readonly name: string;
  readonly serverName: string;
  readonly settings: ServiceSettings;
  /** Seconds for the claim, undefined when the service's own 15 hold; see {@link handshakeTimeoutClaim}. */
  readonly handshakeTimeoutSeconds: number | undefined;
  readonly enableDetailedErrors: boolean;
  /** Where to send the client of this request; undefined: no server connection is open. */
  negotiateEndpoint(raw: unknown): ServiceEndpoint | undefined | Promise<ServiceEndpoint | undefined>;
  tokens(endpoint: ServiceEndpoint): TokenSource;
}

/** Rules of one mapped path. */
export interface PathRules<TRequest> {
  /**
   * False (or nothing) refuses the client: 401 when the request has no claims, 403 when it has.
   * @default everybody may connect
   */
  authorize?(req: TRequest): boolean | Promise<boolean>;
  /** The service ends connections when the `exp` of the request's claims is over. @default false */
  readonly closeOnAuthenticationExpiration?: boolean;
}

export interface NegotiateInput<TRequest> {
  readonly request: NegotiateRequest<TRequest>;
  readonly rules: PathRules<TRequest>;
  readonly identity: IdentityOptions<TRequest>;
  /** @default nothing is asked */
  readonly terms?: ClientTermsOptions<TRequest>;
  /** Claims of a request when there is no `claimsProvider`. */
  readonly defaultClaims: (raw: TRequest) => ClaimsInput | undefined;
  /** The hub behind the path; rejects when it could not be started. Asked for only after authorization. */
  readonly hub: () => Promise<NegotiableHub>;
  readonly probe: Probe;
  /** @default 8 random bytes, as text */
  readonly requestId?: () => string;
}

const NO_TERMS: ClientTermsOptions<unknown> = Object.freeze({});
const ROUTE_CATEGORY = "Microsoft.Azure.SignalR.ServiceRouteHelper";
const NEGOTIATE_CATEGORY = "Microsoft.Azure.SignalR.NegotiateHandler";
const SERVICE_HANDSHAKE_SECONDS = 15;
const LONGEST_HANDSHAKE_SECONDS = 30;

/**
 * Answers a request for a hub's negotiate endpoint: where the client shall go, and a token for that. Never rejects; what
 * fails is logged here and answered without its details.
 */
export async function negotiate<TRequest>(input: NegotiateInput<TRequest>): Promise<HttpAnswer> {
  if (input.request.method !== "POST") return METHOD_NOT_ALLOWED;
  try {
    return await answer(input);
  } catch (error) {
    return failed(input, error);
  }
}

async function answer<TRequest>(input: NegotiateInput<TRequest>): Promise<HttpAnswer> {
  const { request, rules, identity } = input;
  if (rules.authorize !== undefined && !(await rules.authorize(request.raw))) return refuse(input);
  const claims = await claimsOf(request.raw, identity, input.defaultClaims);
  const userId = await userIdOf(request.raw, claims, identity);
  const terms = await clientTermsOf(request.raw, input.terms ?? NO_TERMS);
  const hub = await input.hub();
  const endpoint = await hub.negotiateEndpoint(request.raw);
  if (endpoint === undefined) {
    throw new SignalRError("NOT_CONNECTED", `No server connection of hub ${hub.name} is open to send a client to.`);
  }
  const url = clientUrl(endpoint, hub.name, {
    originalPath: originalHubPath(request.originalPath),
    query: request.query,
    requestId: (input.requestId ?? randomRequestId)(),
  });
  const accessToken = await hub.tokens(endpoint).clientToken(hub.name, tokenClaims(hub, rules, claims, userId, terms));
  input.probe.instruments?.negotiated({ hub: hub.name, endpoint: shortEndpoint(endpoint), result: "ok" });
  // The order of members is that of the official SDK; the service tells the client's version from the query.
  return jsonAnswer(200, { negotiateVersion: 0, url, accessToken, availableTransports: [] });
}

function tokenClaims<TRequest>(
  hub: NegotiableHub,
  rules: PathRules<TRequest>,
  claims: readonly WireClaim[],
  userId: string | undefined,
  terms: ClientTerms,
): readonly WireClaim[] {
  const { settings } = hub;
  const expiry = rules.closeOnAuthenticationExpiration === true ? expiryOf(claims) : undefined;
  return buildTokenClaims({
    claims,
    userId,
    serverName: hub.serverName,
    stickyMode: settings.serverStickyMode,
    handshakeTimeoutSeconds: hub.handshakeTimeoutSeconds,
    endpointsCount: settings.endpoints.length,
    enableDetailedErrors: hub.enableDetailedErrors,
    maxPollIntervalInSeconds: settings.maxPollIntervalInSeconds,
    ...terms,
    closeOnAuthenticationExpiration: expiry !== undefined,
    authenticationExpiresOn: expiry,
  });
}

/** The client may not connect: whether logging in would help depends on who it is. */
async function refuse<TRequest>(input: NegotiateInput<TRequest>): Promise<HttpAnswer> {
  const isKnown = await hasClaims(input);
  const status = isKnown ? 403 : 401;
  const code = isKnown ? "FORBIDDEN" : "UNAUTHORIZED";
  log(input, "debug", "NegotiateRefused", `authorize refused a client with ${status}.`, { code });
  return refusal(status, code, "");
}

async function hasClaims<TRequest>(input: NegotiateInput<TRequest>): Promise<boolean> {
  try {
    return (await claimsOf(input.request.raw, input.identity, input.defaultClaims)).length > 0;
  } catch {
    // The client is refused anyway; a claimsProvider that fails for strangers makes it a stranger.
    return false;
  }
}

function failed<TRequest>(input: NegotiateInput<TRequest>, error: unknown): HttpAnswer {
  const refused = failureAnswer(error);
  const code = refused.headers["x-signalr-error"] ?? "";
  const level = refused.status === 503 || refused.status === 429 ? "warn" : "error";
  log(
    input,
    level,
    "NegotiateFailed",
    `Negotiate for ${input.request.path} was answered with ${refused.status}.`,
    { code },
    error,
  );
  return refused;
}

function log<TRequest>(
  input: NegotiateInput<TRequest>,
  level: LogLevel,
  event: LogEvent,
  message: string,
  attributes: Readonly<Record<string, string>>,
  error?: unknown,
): void {
  if (!input.probe.isEnabled(level)) return;
  const { path, remoteAddress } = input.request;
  input.probe.log({
    level,
    category: ROUTE_CATEGORY,
    event,
    message,
    attributes: { path, ...(remoteAddress === undefined ? {} : { remoteAddress }), ...attributes },
    ...(error === undefined ? {} : { error }),
  });
}

/**
 * What the token says of a hub's handshake timeout: whole seconds, or nothing for the service's own 15. The service
 * takes at most 30; more is reported and left out.
 */
export function handshakeTimeoutClaim(timeoutMs: number, hub: string, probe: Probe): number | undefined {
  const seconds = Math.trunc(timeoutMs / 1000);
  if (seconds === SERVICE_HANDSHAKE_SECONDS) return undefined;
  const isPossible = seconds >= 1 && seconds <= LONGEST_HANDSHAKE_SECONDS;
  const level = isPossible ? "info" : "warn";
  if (probe.isEnabled(level)) {
    probe.log({
      level,
      category: NEGOTIATE_CATEGORY,
      event: isPossible ? "SucceedToSetCustomHandshakeTimeout" : "FailToSetCustomHandshakeTimeout",
      message: isPossible
        ? `Clients of hub ${hub} have ${seconds} seconds for their handshake at the service.`
        : `handshakeTimeout of hub ${hub} is ${timeoutMs} ms; the service takes 1,000 to 30,000 and keeps its own 15,000.`,
      attributes: { hub, handshakeTimeout: timeoutMs },
    });
  }
  return isPossible ? seconds : undefined;
}

function randomRequestId(): string {
  return randomBytes(8).toString("base64");
}
