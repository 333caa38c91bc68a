import { SignalRError, toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { EndpointOptions } from "../config/load.js";
import { endpointLabel, samePlace } from "../config/service-endpoint.js";
import type { HostedHub } from "./mapped-hub.js";
import type { OpenService } from "./service.js";

export interface EndpointUpdatesParts {
  /** Of the service; for texts. */
  readonly name: string;
  readonly probe: Probe;
  readonly open: () => Promise<OpenService>;
  /** Those that run. */
  readonly hubs: () => Iterable<Pick<HostedHub, "container">>;
  readonly isStopped: () => boolean;
}

const CATEGORY = "Microsoft.Azure.SignalR.ServiceEndpointManager";

/** Changes of endpoints while hubs run, one after the other. */
export class EndpointUpdates {
  readonly #parts: EndpointUpdatesParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: EndpointUpdatesParts) {
    this.#parts = parts;
  }

  /** See `SignalRHost.updateEndpoints`. */
  run(given: EndpointOptions["endpoints"]): Promise<void> {
    const update = this.#last.then(() => this.#update(given));
    // Whoever awaits it gets the error, the log has it in any case.
    this.#last = update.catch((error: unknown) => this.#failed(toError(error)));
    return update;
  }

  async #update(given: EndpointOptions["endpoints"]): Promise<void> {
    this.#requireRunning();
    const service = await this.#parts.open();
    this.#requireRunning();
    const before = service.settings.endpoints;
    if (!(await service.reload(given))) {
      this.#log(
        "error",
        "ReloadEndpointsError",
        `${this.#parts.name} would have no endpoint left: all stays as it is.`,
      );
      return;
    }
    const { endpoints } = service.settings;
    this.#log(
      "debug",
      "DetectConfigurationChanges",
      `${this.#parts.name} has ${endpoints.length} endpoints from now on.`,
    );
    const added = missingIn(before, endpoints);
    const removed = missingIn(endpoints, before);
    this.#tell("debug", "StartAddingEndpoint", "is added", added);
    this.#tell("debug", "StartRemovingEndpoint", "is being left", removed);
    this.#tell("debug", "StartRenamingEndpoint", "has a new name", renamed(before, endpoints));
    // Hubs that start later find the new endpoints in the settings.
    await Promise.all(Array.from(this.#parts.hubs(), ({ container }) => container.update(endpoints)));
    service.release();
    this.#requireRunning();
    this.#tell("info", "SucceedAddingEndpoint", "is used", added);
    this.#tell("info", "SucceedRemovingEndpoint", "was left", removed);
  }

  #requireRunning(): void {
    if (this.#parts.isStopped()) {
      throw new SignalRError("STOPPED", "This service was shut down, its endpoints do not change any more.");
    }
  }

  #failed(error: Error): void {
    if (error instanceof SignalRError && error.code === "STOPPED") return;
    this.#log("error", "ReloadEndpointsError", `The endpoints of ${this.#parts.name} stay as they are.`, error);
  }

  #tell(level: LogLevel, event: LogEvent, what: string, endpoints: readonly ServiceEndpoint[]): void {
    for (const endpoint of endpoints) this.#log(level, event, `${endpointLabel(endpoint)} ${what}.`);
  }

  #log(level: LogLevel, event: LogEvent, message: string, error?: Error): void {
    const { probe } = this.#parts;
    if (!probe.isEnabled(level)) return;
    probe.log({ level, category: CATEGORY, event, message, ...(error === undefined ? {} : { error }) });
  }
}

/** Those of the second list whose place is not in the first. */
function missingIn(list: readonly ServiceEndpoint[], others: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  return others.filter((other) => !list.some((endpoint) => samePlace(endpoint, other)));
}

function renamed(before: readonly ServiceEndpoint[], now: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  return now.filter((endpoint) => before.some((old) => samePlace(old, endpoint) && old.name !== endpoint.name));
}
