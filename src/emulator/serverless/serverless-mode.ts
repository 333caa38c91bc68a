import type { Secret } from "../../base/secret.js";
import type { ResolvedEmulatorOptions } from "../options.js";
import { Poster } from "./http-post.js";
import { HubModes } from "./hub-modes.js";
import { ServerlessClients } from "./serverless-clients.js";
import { Upstream } from "./upstream.js";

/** What an emulator needs to serve clients without hub servers. */
export interface ServerlessMode {
  readonly modes: HubModes;
  readonly serverless: ServerlessClients;
  readonly upstream: Upstream;
}

/** @throws SignalRError CONFIG_INVALID for an upstream template that makes no sense */
export function createServerlessMode(options: ResolvedEmulatorOptions, key: Secret): ServerlessMode {
  const { clock, probe } = options;
  const poster = new Poster({
    maxRequests: options.maxUpstreamRequests,
    timeoutMs: options.upstreamTimeout,
    maxResponseBytes: options.maxUpstreamResponseBytes,
    clock,
  });
  const upstream = new Upstream({ templates: options.upstream, key, probe, poster });
  const serverless = new ServerlessClients({ upstream, maxMessageBytes: options.maxClientMessageBytes, probe });
  return { modes: new HubModes(options.mode, clock), serverless, upstream };
}
