import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RouteShorthandOptions } from "fastify";
import { SignalRError } from "../base/errors.js";
import type { MapHubOptions } from "../host/hub-map.js";
import { normalizeHubPath } from "../host/paths.js";
import type { SignalRHost } from "../host/signalr.js";
import type { HubClass } from "../hub/hub.js";
import { negotiateRequest, send } from "./request.js";

/** What a route of Fastify takes, and the one for negotiate takes too. */
type RouteExtras = Pick<
  RouteShorthandOptions,
  | "onRequest"
  | "preParsing"
  | "preValidation"
  | "preHandler"
  | "onSend"
  | "onResponse"
  | "onError"
  | "onTimeout"
  | "onRequestAbort"
  | "errorHandler"
  | "config"
  | "constraints"
  | "logLevel"
>;

/** Options of one `mapHub`: those of the hub and of its path, and hooks and settings of the route that negotiates. */
export interface FastifyMapHubOptions extends MapHubOptions<FastifyRequest>, RouteExtras {}

/** A plugin's context, and what it was registered with. */
interface Place {
  readonly app: FastifyInstance;
  /** Given to `register`, for a plugin that has no context of its own to carry it. */
  readonly prefix: string;
}

/**
 * Maps a hub and adds its routes where the caller stands, so that its prefix and its hooks hold for them.
 * @throws SignalRError what the host's `mapHub` throws; ARGUMENT_INVALID when the app has started
 */
export function mapHub(
  host: SignalRHost<FastifyRequest>,
  { app, prefix }: Place,
  path: string,
  hubClass: HubClass,
  options: FastifyMapHubOptions = {},
): void {
  const { hub, route } = split(options);
  normalizeHubPath(path);
  const whole = joined(app.prefix, prefix, path);
  let isMapped = false;
  registerIn(app, path, (scope) => {
    if (isMapped) addRoutes(host, scope, joined(prefix, path), `${normalizeHubPath(whole)}/negotiate`, route);
  });
  host.mapHub(whole, hubClass, hub);
  isMapped = true;
}

function addRoutes(
  host: SignalRHost<FastifyRequest>,
  scope: FastifyInstance,
  path: string,
  mappedPath: string,
  route: RouteExtras,
): void {
  const url = `${path === "/" ? "" : path}/negotiate`;
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    send(reply, await host.negotiate(negotiateRequest(request, mappedPath)));
  // Negotiate has no body. What a client sends all the same is neither parsed nor refused, whatever its type is.
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
  scope.route({ ...route, schema: hidden(), method: "POST", url, handler });
  // OPTIONS is left to the app: CORS is its affair.
  const others = scope.supportedMethods.filter((method) => method !== "POST" && method !== "OPTIONS");
  const { config, constraints, logLevel } = route;
  const settings = {
    ...(config && { config }),
    ...(constraints && { constraints }),
    ...(logLevel && { logLevel }),
  };
  scope.route({ ...settings, schema: hidden(), method: others, url, handler, exposeHeadRoute: false });
}

/** Out of API documents (`@fastify/swagger`). A new object each time: Fastify marks the schemas that it has seen. */
function hidden(): FastifySchema {
  return { hide: true } as FastifySchema;
}

/** Loaded by Fastify soon, as a context of its own. */
function registerIn(app: FastifyInstance, path: string, load: (scope: FastifyInstance) => void): void {
  try {
    app.register(async (scope) => load(scope));
  } catch (cause) {
    const message = `mapHub("${path}") comes too late: Fastify takes no routes once the app is ready; map hubs before listen() or ready().`;
    throw new SignalRError("ARGUMENT_INVALID", message, { cause });
  }
}

/** One leading slash, none at the end and none twice where two parts meet. */
function joined(...parts: readonly string[]): string {
  const path = parts.map((part) => part.replace(/^\/+|\/+$/g, "")).filter((part) => part !== "");
  return `/${path.join("/")}`;
}

function split(options: FastifyMapHubOptions): {
  readonly hub: MapHubOptions<FastifyRequest>;
  readonly route: RouteExtras;
} {
  const { onRequest, preParsing, preValidation, preHandler, onSend, onResponse, onError, onTimeout, ...rest } = options;
  const { onRequestAbort, errorHandler, config, constraints, logLevel, ...hub } = rest;
  const hooks = { onRequest, preParsing, preValidation, preHandler, onSend, onResponse, onError, onTimeout };
  const route = definedOnly({ ...hooks, onRequestAbort, errorHandler, config, constraints, logLevel });
  return { hub, route };
}

/** Fastify takes a hook that is undefined for a wrong one. */
function definedOnly(options: { readonly [K in keyof RouteExtras]: RouteExtras[K] | undefined }): RouteExtras {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RouteExtras;
}
