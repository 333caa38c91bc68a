/**
 * Azure SignalR hubs behind Express 4 and 5, Connect, Polka, or a plain `node:http` server.
 *
 * @packageDocumentation
 */
import type { IncomingMessage } from "node:http";
import { createMiddleware, type ExpressSignalROptions, type SignalRMiddleware } from "./middleware.js";
import type { ConnectRequest } from "./request.js";

export type { ExpressSignalROptions, Next, SignalRMiddleware } from "./middleware.js";
export type { ConnectRequest } from "./request.js";

/**
 * Hubs of the service called `name`, as middleware. Settings come from `ConnectionStrings:<name>` and
 * `Azure:SignalR:<name>` of `appsettings.json` and the environment, and from the options, which win.
 *
 * @throws SignalRError ARGUMENT_INVALID for an empty name; wrong settings are told by `started()`, not here
 * @example
 * const hubs = addNamedAzureSignalR("signalr");
 * hubs.mapHub("/chat", ChatHub);
 * app.use(hubs);
 */
export function addNamedAzureSignalR<TRequest extends IncomingMessage = ConnectRequest>(
  name: string,
  options: ExpressSignalROptions<TRequest> = {},
): SignalRMiddleware<TRequest> {
  return createMiddleware(name, options);
}

/** `signalr.named("signalr")` is {@link addNamedAzureSignalR} in short. */
export const signalr: { readonly named: typeof addNamedAzureSignalR } = Object.freeze({ named: addNamedAzureSignalR });
