import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { systemClock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import { Deadline } from "../host/deadline.js";
import { type HealthHandlerOptions, healthAnswerer } from "../host/health-answer.js";
import { type NamedService, namedServiceOf } from "../host/named-service.js";
import { SignalRHost, type SignalROptions } from "../host/signalr.js";
import type { HubClass } from "../hub/hub.js";
import type { Logger } from "../telemetry/logs.js";
import { Telemetry, type TelemetryOptions } from "../telemetry/telemetry.js";
import { jwtClaims, send } from "./request.js";
import { type FastifyMapHubOptions, mapHub } from "./routes.js";

/** Hubs by path, in place of calls of `mapHub`. */
export type FastifyHubsByPath = Readonly<Record<string, HubClass | readonly [HubClass, FastifyMapHubOptions]>>;

/** Options of a named service behind Fastify. */
export interface FastifySignalROptions extends Omit<SignalROptions<FastifyRequest>, "hubs"> {
  /** Name on the app, which a second service has to change. @default "signalr" */
  readonly decorator?: string;
  /** Where to write what happens, beside `@azure/logger`. @default the app's own logger, `app.log` */
  readonly logger?: Logger;
  /** What is told to OpenTelemetry beyond the ordinary, while the application runs its SDK. */
  readonly telemetry?: TelemetryOptions;
  /** Hubs by path, in place of calls of `mapHub`: `{ "/chat": ChatHub, "/room": [RoomHub, { ... }] }`. */
  readonly hubs?: FastifyHubsByPath;
}

/** Options of `app.register`. */
export interface FastifySignalRRegistration {
  /** Comes before the path of every hub. */
  readonly prefix?: string;
}

/** A named service of a Fastify app: `app.signalr`. */
export interface FastifySignalR extends NamedService {
  /**
   * Serves a hub on a path below the prefix of the context in which it is called, whose hooks hold for it too. Its server
   * connections start when the app is ready. One class on several paths is one hub.
   * @throws SignalRError ARGUMENT_INVALID for a bad or taken path and after the start of the app, HUB_INVALID for what is
   * no hub class, STOPPED
   */
  mapHub(path: string, hubClass: HubClass, options?: FastifyMapHubOptions): void;

  /**
   * Serves {@link health} as JSON: 200, or 503 when unhealthy.
   * @throws SignalRError ARGUMENT_INVALID for a kind that is none
   */
  healthHandler(options?: HealthHandlerOptions): (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

  /** Serves 200 as long as the process answers: `healthHandler({ kind: "liveness" })` in short. */
  livenessHandler(): (request: FastifyRequest, reply: FastifyReply) => FastifyReply;
}

const PLUGIN_NAME = "azure-signalr-server";
const DEFAULT_DECORATOR = "signalr";
const DEFAULT_PLUGIN_TIMEOUT_MS = 10_000;
const USABLE_SHARE = 0.8;

export function createPlugin(
  name: string,
  options: FastifySignalROptions,
): FastifyPluginAsync<FastifySignalRRegistration> {
  const plugin: FastifyPluginAsync<FastifySignalRRegistration> = async (app, registration) => {
    const { decorator = DEFAULT_DECORATOR, logger = app.log, hubs = {}, telemetry: asked, ...hostOptions } = options;
    requireFree(app, decorator);
    const telemetry = new Telemetry({ logger, options: asked });
    const host = new SignalRHost<FastifyRequest>(name, hostOptions, {
      probe: telemetry,
      defaultClaims: jwtClaims,
      startsByItself: false,
    });
    telemetry.watch(host);
    const faceIn = createFaces(host, registration.prefix ?? "");
    app.decorate(decorator, {
      // Read in a plugin that is registered further down, `this` is that plugin's context: prefix and hooks are its own.
      getter(this: FastifyInstance) {
        return faceIn(this);
      },
    });
    app.addHook("onReady", () => host.open());
    // Requests that are under way may still have something to send, so the connections stay until these have ended.
    app.addHook("preClose", () => beforeTimeout(app, host.drain()));
    app.addHook("onClose", () => host.shutdown());
    for (const [path, hub] of Object.entries(hubs)) faceIn(app).mapHub(path, ...hubAndOptions(hub));
  };
  return fastifyPlugin(plugin, { name: PLUGIN_NAME, fastify: ">=5" });
}

/** The service as it is seen from one context of the app; the same object each time. */
function createFaces(host: SignalRHost<FastifyRequest>, prefix: string): (app: FastifyInstance) => FastifySignalR {
  const service = namedServiceOf(host);
  const healthHandler: FastifySignalR["healthHandler"] = (options) => {
    const answer = healthAnswerer(() => host.health(), options);
    return (_request, reply) => send(reply, answer());
  };
  const faces = new WeakMap<FastifyInstance, FastifySignalR>();
  return (app) => {
    const known = faces.get(app);
    if (known !== undefined) return known;
    const face: FastifySignalR = {
      ...service,
      mapHub: (path, hubClass, options) => mapHub(host, { app, prefix }, path, hubClass, options),
      healthHandler,
      livenessHandler: () => healthHandler({ kind: "liveness" }),
    };
    faces.set(app, face);
    return face;
  };
}

/**
 * Fastify fails a close whose hooks take longer than `pluginTimeout` (10 seconds, if the app says nothing else). A drain
 * that may last longer goes on while the HTTP server closes, and `onClose`, which has no limit, waits for its end.
 */
async function beforeTimeout(app: FastifyInstance, drained: Promise<void>): Promise<void> {
  const { pluginTimeout = DEFAULT_PLUGIN_TIMEOUT_MS } = app.initialConfig;
  if (pluginTimeout === 0) return drained;
  const limit = new Deadline(systemClock, pluginTimeout * USABLE_SHARE);
  await limit.wait(drained);
  limit.cancel();
}

function hubAndOptions(hub: HubClass | readonly [HubClass, FastifyMapHubOptions]): [HubClass, FastifyMapHubOptions?] {
  return typeof hub === "function" ? [hub] : [...hub];
}

function requireFree(app: FastifyInstance, decorator: string): void {
  if (typeof decorator !== "string" || decorator === "") {
    throw new SignalRError("ARGUMENT_INVALID", `decorator must be a name such as "signalr", got ${String(decorator)}.`);
  }
  if (!Object.hasOwn(app, decorator)) return;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `The app has something called ${decorator} already; give this service another name with { decorator: "..." }.`,
  );
}
