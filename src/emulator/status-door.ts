import type { IncomingMessage, ServerResponse } from "node:http";
import { PACKAGE_VERSION } from "../base/package-version.js";
import { type HttpDoor, refuse } from "./http.js";
import type { EmulatorMode } from "./serverless/hub-modes.js";
import type { Upstream } from "./serverless/upstream.js";
import type { Service } from "./service.js";
import type { HubSnapshot, InstanceSnapshot } from "./snapshots.js";
import { bearerToken, isRefusal, type TokenCheck } from "./tokens.js";

/** What a running emulator tells of itself, to who has its key. */
export interface EmulatorStatus {
  /** Of the package. */
  readonly version: string;
  readonly mode: EmulatorMode;
  readonly hubs: readonly HubSnapshot[];
  readonly instances: readonly InstanceSnapshot[];
  /** Upstream templates. */
  readonly upstreamTemplates: number;
}

export interface StatusDoorInput {
  readonly service: Service;
  readonly upstream: Upstream;
  readonly mode: EmulatorMode;
  readonly tokens: TokenCheck;
}

/** Where the status of an emulator is asked for; nothing of the service's own. */
export const STATUS_PATH = "/emulator/status";

/** Answers the command line's question how an emulator is doing. */
export class StatusDoor implements HttpDoor {
  readonly #input: StatusDoorInput;

  constructor(input: StatusDoorInput) {
    this.#input = input;
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (url.pathname !== STATUS_PATH || request.method !== "GET") return false;
    this.#answer(request, response).catch(() => response.destroy());
    return true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { service, upstream, mode, tokens } = this.#input;
    const checked = await tokens.checkAddress(bearerToken(request), STATUS_PATH);
    if (isRefusal(checked)) {
      refuse(response, checked);
      return;
    }
    const status: EmulatorStatus = {
      version: PACKAGE_VERSION,
      mode,
      hubs: service.hubs(),
      instances: service.instanceSnapshots(),
      upstreamTemplates: upstream.templates.length,
    };
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(status));
  }
}
