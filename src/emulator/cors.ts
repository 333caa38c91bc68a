import type { IncomingMessage, ServerResponse } from "node:http";

const PREFLIGHT_MAX_AGE_SECONDS = 86_400;

/**
 * Lets pages of every origin in, with credentials: a page that was served by the app talks to the service on another
 * origin. What protects the service is the token, not the origin.
 *
 * @returns true when the request was a preflight and is answered
 */
export function applyCors(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  // Credentials forbid the wildcard, so the origin is echoed and caches are told so.
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Allow-Credentials", "true");
  response.setHeader("Vary", "Origin");
  const method = request.headers["access-control-request-method"];
  if (request.method !== "OPTIONS" || method === undefined) return false;
  response.setHeader("Access-Control-Allow-Methods", method);
  const headers = request.headers["access-control-request-headers"];
  if (headers !== undefined) response.setHeader("Access-Control-Allow-Headers", headers);
  response.setHeader("Access-Control-Max-Age", String(PREFLIGHT_MAX_AGE_SECONDS));
  response.writeHead(204);
  response.end();
  return true;
}
