/**
 * Azure SignalR hubs as a plugin for Fastify 5.
 *
 * @packageDocumentation
 */
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { SignalRError } from "../base/errors.js";
import {
  createPlugin,
  type FastifySignalR,
  type FastifySignalROptions,
  type FastifySignalRRegistration,
} from "./plugin.js";

export type {
  FastifyHubsByPath,
  FastifySignalR,
  FastifySignalROptions,
  FastifySignalRRegistration,
} from "./plugin.js";
export type { FastifyMapHubOptions } from "./routes.js";

declare module "fastify" {
  interface FastifyInstance {
    /** The service of `addNamedAzureSignalR`, once its plugin is loaded. */
    readonly signalr: FastifySignalR;
  }
}

/**
 * A plugin that serves hubs of the service called `name` and puts it on the app as `app.signalr`. Settings come from
 * `ConnectionStrings:<name>` and `Azure:SignalR:<name>` of `appsettings.json` and the environment, and from the options,
 * which win. Wrong settings fail `app.ready()` and `app.listen()`.
 *
 * @example
 * await app.register(addNamedAzureSignalR("signalr"));
 * app.signalr.mapHub("/chat", ChatHub);
 */
export function addNamedAzureSignalR(
  name: string,
  options: FastifySignalROptions = {},
): FastifyPluginAsync<FastifySignalRRegistration> {
  return createPlugin(name, options);
}

/**
 * The service that was registered with `{ decorator }`, as it is seen from this context of the app.
 *
 * @throws SignalRError ARGUMENT_INVALID when none is there (yet)
 * @example
 * await app.register(addNamedAzureSignalR("other", { decorator: "other" }));
 * signalrOf(app, "other").mapHub("/news", NewsHub);
 */
export function signalrOf(app: Pick<FastifyInstance, "hasDecorator">, decorator = "signalr"): FastifySignalR {
  const found: unknown = app.hasDecorator(decorator) ? Reflect.get(app, decorator) : undefined;
  if (isService(found)) return found;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `There is no service called ${decorator} on this app; await app.register(addNamedAzureSignalR(name, { decorator: "${decorator}" })) first.`,
  );
}

function isService(found: unknown): found is FastifySignalR {
  return typeof found === "object" && found !== null && "mapHub" in found && "started" in found;
}
