import { type ErrorCode, SignalRError, ThrottledError } from "../base/errors.js";
import type { HttpAnswer } from "./request.js";

/** Seconds after which a refused client may ask again: a lost server connection is usually back within a few. */
const RETRY_AFTER_SECONDS = "2";

const MOST_CAUSES = 5;

/** Where the answer of a negotiate is not worth keeping, neither for the next client nor for the same one. */
const NO_STORE = "no-store";

/** A JSON body; never cached. */
export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  const body = JSON.stringify(value);
  return {
    status,
    headers: { ...lengthOf(body), "Content-Type": "application/json", "Cache-Control": NO_STORE },
    body,
  };
}

/** A refusal: the code in `x-signalr-error` for programs, a short text for people (or none). */
export function refusal(
  status: number,
  code: ErrorCode,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const type: Record<string, string> = text === "" ? {} : { "Content-Type": "text/plain; charset=utf-8" };
  return {
    status,
    headers: { ...lengthOf(text), ...type, "Cache-Control": NO_STORE, "x-signalr-error": code, ...headers },
    body: text,
  };
}

/** Not now, but soon. */
function unavailable(code: ErrorCode, text: string): HttpAnswer {
  return refusal(503, code, text, { "Retry-After": RETRY_AFTER_SECONDS });
}

export const METHOD_NOT_ALLOWED: HttpAnswer = refusal(405, "METHOD_NOT_ALLOWED", "Negotiate is asked for with POST.", {
  Allow: "POST",
});

/** A server that has begun to shut down sends nobody to the service. */
export const LEAVING: HttpAnswer = unavailable("STOPPED", "This server is shutting down, please try again later.");

/** For a plain HTTP server that has nothing else to serve. */
export const NOT_FOUND: HttpAnswer = {
  status: 404,
  headers: { "Content-Type": "text/plain; charset=utf-8", "Content-Length": "9" },
  body: "Not Found",
};

/**
 * What a client may know of a failed negotiate. Texts of errors stay on the server: they may name settings, or hold what
 * a callback of the application put into them.
 */
export function failureAnswer(error: unknown): HttpAnswer {
  const throttled = throttledIn(error);
  if (throttled !== undefined) {
    const headers = { "Retry-After": String(throttled.retryAfter) };
    return refusal(
      429,
      throttled.code,
      "Azure SignalR Service has too many requests, please try again later.",
      headers,
    );
  }
  const code = error instanceof SignalRError ? error.code : "NEGOTIATE_FAILED";
  switch (code) {
    case "NOT_CONNECTED":
      return unavailable(code, "Azure SignalR Service is not connected yet, please try again later.");
    case "STOPPED":
      return LEAVING;
    case "TOKEN_TOO_LONG":
      return refusal(
        413,
        code,
        "AccessToken must not be longer than 4K. Use claimsProvider to put fewer or shorter claims into it.",
      );
    case "NO_ENDPOINT_ROUTED":
      return refusal(500, code, "Unable to get the negotiate endpoint");
    case "CLAIMS_INVALID":
      return refusal(500, code, "The claims of this user cannot be put into a token; the server's log has the reason.");
    case "CONFIG_INVALID":
    case "CONNECTION_STRING_INVALID":
    case "CONNECTION_STRING_MISSING":
    case "HUB_INVALID":
      return refusal(500, code, "Azure SignalR is not set up correctly on this server; its log has the reason.");
    default:
      return refusal(500, code, "Negotiate failed; the server's log has the reason.");
  }
}

/** What the service said may be the cause of what failed here. */
function throttledIn(error: unknown): ThrottledError | undefined {
  let found = error;
  for (let depth = 0; depth < MOST_CAUSES && found instanceof Error; depth += 1) {
    if (found instanceof ThrottledError) return found;
    found = found.cause;
  }
  return undefined;
}

function lengthOf(body: string): { readonly "Content-Length": string } {
  return { "Content-Length": String(Buffer.byteLength(body)) };
}
