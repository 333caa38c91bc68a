import type { ServiceEndpoint } from "../config/endpoint.js";

type Addresses = Pick<ServiceEndpoint, "serverEndpoint" | "clientEndpoint" | "audienceBaseUrl">;

const NEGOTIATE = "/negotiate";

/** A hub's name at the service: lower case, behind the application's name if there is one. */
export function serviceHubName(hub: string, applicationName?: string): string {
  const hubName = hub.toLowerCase();
  return applicationName ? `${applicationName.toLowerCase()}_${hubName}` : hubName;
}

/** Where one server connection goes (`ws:` or `wss:`); `target` names the instance that asked for this connection. */
export function serverUrl(
  endpoint: Addresses,
  hub: string,
  options: { readonly connectionId: string; readonly target?: string | undefined },
): string {
  const base = endpoint.serverEndpoint.replace(/^http/i, "ws");
  const target = options.target ? `&target=${formEncode(options.target)}` : "";
  return `${base}/server/?hub=${hub}&cid=${options.connectionId}${target}`;
}

/** What a client's negotiate request leaves in the address it is sent on to. */
export interface ClientUrlOptions {
  /** See {@link originalPathOf}; empty adds nothing. */
  readonly originalPath?: string | undefined;
  /** The request's own query, with or without `?`; copied as it is. */
  readonly query?: string | undefined;
  /** Added when given, even if empty. */
  readonly requestId?: string | undefined;
  readonly culture?: string | undefined;
  readonly uiCulture?: string | undefined;
}

/** Where a client is sent to by negotiate; `hub` is the name at the service. */
export function clientUrl(endpoint: Addresses, hub: string, options: ClientUrlOptions = {}): string {
  let url = `${endpoint.clientEndpoint}/client/?hub=${hub}`;
  if (options.originalPath) url += `&asrs.op=${formEncode(options.originalPath)}`;
  // A raw # (some clients do not encode it) would turn all that follows into a fragment.
  const query = options.query?.replace(/^\?/, "").replaceAll("#", "%23");
  if (query) url += `&${query}`;
  if (options.requestId !== undefined) url += `&asrs_request_id=${formEncode(options.requestId)}`;
  if (options.culture !== undefined) url += `&asrs_lang=${formEncode(options.culture)}`;
  if (options.uiCulture !== undefined) url += `&asrs_ui_lang=${formEncode(options.uiCulture)}`;
  return url;
}

/** The path a client asked to negotiate for, without `/negotiate`; empty when the request was for something else. */
export function originalPathOf(requestPath: string): string {
  let end = requestPath.length;
  while (end > 0 && requestPath[end - 1] === "/") end--;
  const path = requestPath.slice(0, end);
  return path.toLowerCase().endsWith(NEGOTIATE) ? path.slice(0, -NEGOTIATE.length) : "";
}

/** The `aud` of server tokens: without port, whatever the server endpoint is. */
export function serverAudience(endpoint: Addresses, hub: string): string {
  return `${endpoint.audienceBaseUrl}server/?hub=${hub}`;
}

/** The `aud` of client tokens: without port, whatever the client endpoint is. */
export function clientAudience(endpoint: Addresses, hub: string): string {
  return `${endpoint.audienceBaseUrl}client/?hub=${hub}`;
}

/** A REST address; `path` begins with a slash, its parts already percent-encoded. */
export function restUrl(endpoint: Addresses, path: string): string {
  return `${endpoint.serverEndpoint}${path}`;
}

/** Where an Entra identity leases the key that client tokens are signed with. */
export function accessKeyUrl(endpoint: Addresses): string {
  return restUrl(endpoint, "/api/v1/auth/accessKey");
}

/** Asked with HEAD and without a token to learn whether the service is well. */
export function healthUrl(endpoint: Addresses): string {
  return restUrl(endpoint, "/api/health");
}

/** Form encoding as .NET does it: a space becomes `+`, and `~` and `'` are encoded. */
function formEncode(text: string): string {
  // encodeURIComponent throws on half a surrogate pair; a Buffer replaces it, as the service would on reading.
  const wellFormed = /[\ud800-\udfff]/.test(text) ? Buffer.from(text, "utf8").toString("utf8") : text;
  return encodeURIComponent(wellFormed).replace(/%20|[~']/g, (found) => FORM_ENCODED[found] ?? found);
}

const FORM_ENCODED: Readonly<Record<string, string>> = { "%20": "+", "~": "%7E", "'": "%27" };
