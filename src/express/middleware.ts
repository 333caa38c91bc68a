import type { IncomingMessage, ServerResponse } from "node:http";
import { NOT_FOUND } from "../host/answers.js";
import type { HealthReport } from "../host/health.js";
import type { HubContext } from "../host/hub-context.js";
import type { MapHubOptions } from "../host/hub-map.js";
import { verifiedTokenClaims } from "../host/identity.js";
import type { HttpAnswer } from "../host/request.js";
import type { ShutdownHook } from "../host/shutdown.js";
import { SignalRHost, type SignalROptions } from "../host/signalr.js";
import type { UntypedClient } from "../hub/client-types.js";
import type { Hub, HubClass } from "../hub/hub.js";
import { createLogProbe, type Logger } from "../telemetry/logs.js";
import { type ConnectRequest, negotiateRequest, pathOf } from "./request.js";

/** Hands the request on to what comes next in the application. */
export type Next = (error?: unknown) => void;

/** Options of a named service behind Express, Connect or a plain HTTP server. */
export interface ExpressSignalROptions<TRequest extends IncomingMessage = ConnectRequest>
  extends SignalROptions<TRequest> {
  /** Where to write what happens, beside `@azure/logger`: `console`, pino, or the like. */
  readonly logger?: Logger;
}

/**
 * A named service as middleware: `app.use(hubs)`, or `http.createServer(hubs)`. Answers `POST <path>/negotiate` of its
 * hubs and hands every other request on.
 */
export interface SignalRMiddleware<TRequest extends IncomingMessage = ConnectRequest> extends AsyncDisposable {
  /** Without `next` (a plain HTTP server), other requests are answered with 404. */
  (req: IncomingMessage, res: ServerResponse, next?: Next): void;

  /**
   * Serves a hub on a path. Its server connections start on the next turn of the event loop. One class on several paths
   * is one hub.
   * @throws SignalRError ARGUMENT_INVALID for a bad or taken path, HUB_INVALID for what is no hub class, STOPPED
   */
  mapHub(path: string, hubClass: HubClass, options?: MapHubOptions<TRequest>): void;

  /**
   * Resolves when each mapped hub has a live server connection; keeps waiting while the service cannot be reached.
   * @throws SignalRError (as rejection) for settings and hubs that are wrong, and STOPPED after a shutdown
   */
  started(): Promise<void>;

  /**
   * Sends to the clients of a hub from outside of it, at any time.
   * @throws SignalRError HUB_INVALID when the class is not mapped
   */
  context<TClient extends object = UntypedClient>(hubClass: HubClass<Hub<TClient>>): HubContext<TClient>;

  /**
   * Adds code that runs when the hub is shut down: after the service was told, before clients have to leave, and in the
   * order of adding. Not in mode `Off`.
   * @throws SignalRError HUB_INVALID when the class is not mapped, ARGUMENT_INVALID for what is no function, STOPPED
   */
  onShutdown<TClient extends object = UntypedClient>(
    hubClass: HubClass<Hub<TClient>>,
    hook: ShutdownHook<TClient>,
  ): void;

  /** How the service is, from what is known at this moment. */
  health(): HealthReport;

  /** {@link health} after each endpoint was asked, for at most 2 seconds. Never rejects. */
  probe(): Promise<HealthReport>;

  /** Serves {@link health} as JSON: 200, or 503 when unhealthy. */
  healthHandler(): (req: IncomingMessage, res: ServerResponse) => void;

  /**
   * Refuses new clients, then ends all hubs and their connections in the way of `gracefulShutdown`. Resolves when each
   * client's `onDisconnected` has run, at the latest a moment after the shutdown's timeout; never rejects. May be called
   * at any time, and twice. The HTTP server is left alone.
   */
  shutdown(): Promise<void>;
}

/** @throws SignalRError ARGUMENT_INVALID for an empty name, and what `mapHub` throws for the hubs of the options */
export function createMiddleware<TRequest extends IncomingMessage>(
  name: string,
  options: ExpressSignalROptions<TRequest>,
): SignalRMiddleware<TRequest> {
  const { logger, ...hostOptions } = options;
  const host = new SignalRHost<TRequest>(name, hostOptions, {
    probe: createLogProbe(logger),
    defaultClaims: (req) => verifiedTokenClaims((req as ConnectRequest).auth),
  });

  const middleware = (req: IncomingMessage, res: ServerResponse, next?: Next): void => {
    if (!host.serves(req.method ?? "GET", pathOf(req))) {
      if (next === undefined) write(res, NOT_FOUND);
      else next();
      return;
    }
    // What the framework hands over is what the application's callbacks expect; it was typed by who mounted us.
    const request = negotiateRequest(req as TRequest);
    host
      .negotiate(request)
      .then((answer) => write(res, answer))
      // Only a response that cannot be written to gets here.
      .catch((error) => (next === undefined ? res.destroy() : next(error)));
  };

  return Object.assign(middleware, {
    mapHub: (path: string, hubClass: HubClass, hubOptions?: MapHubOptions<TRequest>) =>
      host.mapHub(path, hubClass, hubOptions),
    started: () => host.started(),
    context: <TClient extends object = UntypedClient>(hubClass: HubClass<Hub<TClient>>) => host.context(hubClass),
    onShutdown: <TClient extends object = UntypedClient>(
      hubClass: HubClass<Hub<TClient>>,
      hook: ShutdownHook<TClient>,
    ) => host.onShutdown(hubClass, hook),
    health: () => host.health(),
    probe: () => host.probe(),
    healthHandler: () => (_req: IncomingMessage, res: ServerResponse) => write(res, host.healthAnswer()),
    shutdown: () => host.shutdown(),
    [Symbol.asyncDispose]: () => host.shutdown(),
  });
}

/** Writes an answer, beside the headers that the application has set already (CORS, for example). */
function write(res: ServerResponse, answer: HttpAnswer): void {
  // A timeout middleware, say, may have answered while a callback of the application was waiting.
  if (res.headersSent || res.writableEnded) return;
  res.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  res.end(answer.body);
}
