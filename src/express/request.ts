import type { IncomingMessage } from "node:http";
import { type NegotiateRequest, splitTarget } from "../host/request.js";

/**
 * A request as Express, Connect and Polka hand it on: Node's own, with what the framework and its middleware have put on
 * it. An `express.Request` is one, so callbacks may name that type.
 */
export interface ConnectRequest extends IncomingMessage {
  /** The whole target as the client sent it, where a mount path was taken off `url`. */
  readonly originalUrl?: string | undefined;
  /** Address of the client by Express's `trust proxy` setting. */
  readonly ip?: string | undefined;
  /** Set by JWT middleware. */
  readonly auth?: unknown;
  /** Set by passport and others: the application's own user, not claims. */
  readonly user?: unknown;
  readonly cookies?: unknown;
  readonly session?: unknown;
}

/** Path of the request below the mount path of the middleware. */
export function pathOf(req: IncomingMessage): string {
  return splitTarget(req.url ?? "/").path;
}

/** The request as the host sees it; `raw` is handed to the application's callbacks. */
export function negotiateRequest<TRequest extends IncomingMessage>(req: TRequest): NegotiateRequest<TRequest> {
  const { url = "/", originalUrl = url, ip }: ConnectRequest = req;
  const original = splitTarget(originalUrl);
  return {
    method: req.method ?? "GET",
    path: splitTarget(url).path,
    originalPath: original.path,
    query: original.query,
    headers: req.headers,
    remoteAddress: ip ?? req.socket.remoteAddress,
    raw: req,
  };
}
