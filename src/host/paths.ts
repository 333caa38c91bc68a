import { originalPathOf } from "../auth/service-urls.js";
import { SignalRError } from "../base/errors.js";

const NEGOTIATE = "/negotiate";

/**
 * The form in which hub paths are compared: percent-encoded as browsers send it, lower case, one leading slash, no
 * trailing ones; the root is the empty string.
 * @throws SignalRError ARGUMENT_INVALID when it is no path
 */
export function normalizeHubPath(path: string): string {
  if (typeof path !== "string" || path === "" || /[?#\s\p{Surrogate}]/u.test(path)) {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `A hub is mapped to a path such as "/chat", without query, spaces or half characters; got ${JSON.stringify(path) ?? typeof path}.`,
    );
  }
  const rooted = path.startsWith("/") ? path : `/${path}`;
  return encoded(withoutTrailingSlashes(rooted)).toLowerCase();
}

/**
 * The hub path, in the form of {@link normalizeHubPath}, whose negotiate endpoint the request path is; undefined: it is
 * another path.
 *
 * The path is compared as it was sent, apart from case and one slash at the end. To decode it or to fold slashes would
 * let a request pass by a guard that the application has put on the plain path (`app.use("/chat", guard)`).
 */
export function negotiatedHubPath(path: string): string | undefined {
  const candidate = withoutTrailingSlash(path).toLowerCase();
  return candidate.endsWith(NEGOTIATE) ? candidate.slice(0, -NEGOTIATE.length) : undefined;
}

/** The path that the client asked for without its final `/negotiate`, decoded, for the hub's context to show. */
export function originalHubPath(path: string): string {
  return decoded(originalPathOf(path));
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** Leaves escapes that are there already as they are. */
function encoded(path: string): string {
  return encodeURI(path).replaceAll(/%25([0-9a-f]{2})/gi, "%$1");
}

/** Leaves escaped reserved characters (such as `%2F`) as they are: they are part of a segment. */
function decoded(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
