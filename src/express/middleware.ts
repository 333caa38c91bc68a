import type { IncomingMessage, ServerResponse } from "node:http";
import { NOT_FOUND } from "../host/answers.js";
import { type HealthHandlerOptions, healthAnswerer } from "../host/health-answer.js";
import type { MapHubOptions } from "../host/hub-map.js";
import { verifiedTokenClaims } from "../host/identity.js";
import { type NamedService, namedServiceOf } from "../host/named-service.js";
import type { HttpAnswer } from "../host/request.js";
import { SignalRHost, type SignalROptions } from "../host/signalr.js";
import type { HubClass } from "../hub/hub.js";
import type { Logger } from "../telemetry/logs.js";
import { Telemetry, type TelemetryOptions } from "../telemetry/telemetry.js";
import { type ConnectRequest, negotiateRequest, pathOf } from "./request.js";

/** Hands the request on to what comes next in the application. */
export type Next = (error?: unknown) => void;

/** Options of a named service behind Express, Connect or a plain HTTP server. */
export interface ExpressSignalROptions<TRequest extends IncomingMessage = ConnectRequest>
  extends SignalROptions<TRequest> {
  /** Where to write what happens, beside `@azure/logger`: `console`, pino, or the like. */
  readonly logger?: Logger;
  /** What is told to OpenTelemetry beyond the ordinary, while the application runs its SDK. */
  readonly telemetry?: TelemetryOptions;
}

/**
 * A named service as middleware: `app.use(hubs)`, or `http.createServer(hubs)`. Answers `POST <path>/negotiate` of its
 * hubs and hands every other request on.
 */
export interface SignalRMiddleware<TRequest extends IncomingMessage = ConnectRequest>
  extends NamedService,
    AsyncDisposable {
  /** Without `next` (a plain HTTP server), other requests are answered with 404. */
  (req: IncomingMessage, res: ServerResponse, next?: Next): void;

  /**
   * Serves a hub on a path. Its server connections start on the next turn of the event loop. One class on several paths
   * is one hub.
   * @throws SignalRError ARGUMENT_INVALID for a bad or taken path, HUB_INVALID for what is no hub class, STOPPED
   */
  mapHub(path: string, hubClass: HubClass, options?: MapHubOptions<TRequest>): void;

  /**
   * Serves {@link health} as JSON: 200, or 503 when unhealthy.
   * @throws SignalRError ARGUMENT_INVALID for a kind that is none
   */
  healthHandler(options?: HealthHandlerOptions): (req: IncomingMessage, res: ServerResponse) => void;

  /** Serves 200 as long as the process answers: `healthHandler({ kind: "liveness" })` in short. */
  livenessHandler(): (req: IncomingMessage, res: ServerResponse) => void;
}

/** @throws SignalRError ARGUMENT_INVALID for an empty name, and what `mapHub` throws for the hubs of the options */
export function createMiddleware<TRequest extends IncomingMessage>(
  name: string,
  options: ExpressSignalROptions<TRequest>,
): SignalRMiddleware<TRequest> {
  const { logger, telemetry: telemetryOptions, ...hostOptions } = options;
  const telemetry = new Telemetry({ logger, options: telemetryOptions });
  const host = new SignalRHost<TRequest>(name, hostOptions, {
    probe: telemetry,
    defaultClaims: (req) => verifiedTokenClaims((req as ConnectRequest).auth),
  });
  telemetry.watch(host);

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

  const healthHandler = (healthOptions?: HealthHandlerOptions) => {
    const answer = healthAnswerer(() => host.health(), healthOptions);
    return (_req: IncomingMessage, res: ServerResponse): void => write(res, answer());
  };

  return Object.assign(middleware, namedServiceOf(host), {
    mapHub: (path: string, hubClass: HubClass, hubOptions?: MapHubOptions<TRequest>) =>
      host.mapHub(path, hubClass, hubOptions),
    healthHandler,
    livenessHandler: () => healthHandler({ kind: "liveness" }),
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
