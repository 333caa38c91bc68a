import type { Clock } from "../../base/clock.js";

/** Which clients the emulator serves: those of hub servers, those without, or both, hub by hub. */
export type EmulatorMode = "default" | "serverless" | "both";

/** Who serves the clients of a hub: a hub server, or the service itself with upstream webhooks behind it. */
export type HubMode = "default" | "serverless";

/** All modes that an emulator can be started in. */
export const EMULATOR_MODES: readonly EmulatorMode[] = Object.freeze(["default", "serverless", "both"]);

// A server that is restarted comes back sooner; until then its clients must not be taken for those of another mode.
const MEMORY_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** Decides the mode of each hub. In `both`, hubs that have servers, or had them a minute ago, are in Default mode. */
export class HubModes {
  readonly #mode: EmulatorMode;
  readonly #clock: Clock;
  /** Hub -> when its last server left. In the order of leaving, so the oldest come first. */
  readonly #leftAt = new Map<string, number>();

  constructor(mode: EmulatorMode, clock: Clock) {
    this.#mode = mode;
    this.#clock = clock;
  }

  of(hub: string, hasServers: boolean): HubMode {
    if (this.#mode !== "both") return this.#mode;
    if (hasServers) return "default";
    const leftAt = this.#leftAt.get(hub);
    if (leftAt === undefined) return "serverless";
    if (this.#clock.now() - leftAt < MEMORY_MS) return "default";
    this.#leftAt.delete(hub);
    return "serverless";
  }

  /** The hub has lost its last server. */
  serversLeft(hub: string): void {
    if (this.#mode !== "both") return;
    this.#leftAt.delete(hub);
    this.#leftAt.set(hub, this.#clock.now());
    if (this.#leftAt.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#leftAt.keys()) {
      this.#leftAt.delete(oldest);
      break;
    }
  }
}
