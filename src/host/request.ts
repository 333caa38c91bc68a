import type { IncomingHttpHeaders } from "node:http";

/** A negotiate request as the host sees it, whichever web framework it came through. */
export interface NegotiateRequest<TRequest> {
  readonly method: string;
  /** Path below the place where the hubs are mounted, as sent (percent-encoded), without query. */
  readonly path: string;
  /** Path that the client asked for, as sent, mount path included. */
  readonly originalPath: string;
  /** The query without its `?`, byte for byte as sent; empty when there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** The client's address as the framework sees it (its trust-proxy rules applied). */
  readonly remoteAddress: string | undefined;
  /** The framework's own request, for the callbacks of the application. */
  readonly raw: TRequest;
}

/** What a door writes back: status, headers in the order to set them, body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The path and query of a request target (`/a?b`, or the absolute form a proxy may send). */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.startsWith("/") ? target : withoutOrigin(target);
  const mark = local.indexOf("?");
  return mark < 0 ? { path: local, query: "" } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

function withoutOrigin(target: string): string {
  const scheme = target.indexOf("://");
  if (scheme < 0) return target;
  const rest = target.slice(scheme + 3);
  const end = rest.search(/[/?]/);
  if (end < 0) return "/";
  return rest[end] === "/" ? rest.slice(end) : `/${rest.slice(end)}`;
}
