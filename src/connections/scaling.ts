import type { Clock, Timer } from "../base/clock.js";
import { endpointLabel } from "../config/service-endpoint.js";
import { ShutdownMode, serversRequestPing, statusRequestPing } from "../protocol/service/pings.js";
import type { EndpointMember } from "./endpoint-member.js";
import type { EndpointMembers } from "./members.js";
import type { Report } from "./report.js";

export interface ScalingOptions {
  readonly members: EndpointMembers;
  readonly clock: Clock;
  /** How often endpoints are asked meanwhile. */
  readonly pollMs: number;
  /** Limit for an endpoint's coming, and for its going. */
  readonly limitMs: number;
  readonly report: Report;
}

type Outcome = "met" | "late" | "stopped";

interface Watch {
  /** Looks once more. */
  look(): void;
  end(outcome: Outcome): void;
}

/** The coming and going of endpoints while the hub runs: clients of the others never notice. */
export class EndpointScaling {
  readonly #options: ScalingOptions;
  readonly #watches = new Set<Watch>();
  #isStopped = false;

  constructor(options: ScalingOptions) {
    this.#options = options;
  }

  /**
   * Starts endpoints that are members already, and takes those that leave from the members when their clients are gone.
   * Resolves when all that is done or its time is over; never rejects.
   */
  async run(joining: readonly EndpointMember[], leaving: readonly EndpointMember[]): Promise<void> {
    const come = Promise.all(joining.map((member) => this.#bringIn(member)));
    const { members } = this.#options;
    const staying = members.serving.filter((member) => !leaving.includes(member));
    const isServed = staying.some(({ pool }) => pool.isOnline && !pool.isWeak);
    // Those that leave are the only ones that new clients can be sent to until the new ones are ready.
    if (!isServed) await come;
    await Promise.all([come, ...leaving.map((member) => this.#seeOut(member))]);
  }

  /** Something was opened, closed or told. */
  look(): void {
    for (const watch of this.#watches) watch.look();
  }

  /** Ends all waiting; endpoints stay as they are. */
  stop(): void {
    this.#isStopped = true;
    for (const watch of this.#watches) watch.end("stopped");
  }

  async #bringIn(member: EndpointMember): Promise<void> {
    const { members, limitMs, report } = this.#options;
    member.pool.start();
    const ask = () => {
      for (const pool of members.pools) pool.ask(serversRequestPing());
    };
    let wasOpen = false;
    const outcome = await this.#until(ask, () => {
      const { hasOpen, isOnline } = member.pool;
      // Asked at once when it is there, not at the next round.
      if (hasOpen && !wasOpen) ask();
      wasOpen = hasOpen;
      // An endpoint that is online without a connection needs none: it only negotiates.
      return hasOpen ? this.#hasAllServers(member) : isOnline;
    });
    if (outcome === "stopped") return;
    if (outcome === "late") {
      const label = endpointLabel(member.pool.endpoint);
      const found = member.pool.hasOpen ? "not all servers are connected to it" : "it cannot be reached";
      const text = `After ${limitMs} ms (serviceScaleTimeout) ${found}: ${label} is used from now on for as long as it is online.`;
      report("error", "TimeoutWaitingForAddingEndpoint", text);
    }
    // Between the two it may have begun to leave.
    if (member.phase === "joining") member.phase = "serving";
  }

  /** A client that is sent to a new endpoint must be reached by all servers, so all have to be connected to it. */
  #hasAllServers(member: EndpointMember): boolean {
    const own = member.pool.status.servers?.tag.toLowerCase();
    if (!own) return false;
    // Endpoints that are offline cannot tell, and nobody can be reached there.
    const others = this.#options.members.serving.filter(({ pool }) => pool.hasOpen);
    return others.every(({ pool }) => pool.status.servers?.tag.toLowerCase() === own);
  }

  async #seeOut(member: EndpointMember): Promise<void> {
    const { members, limitMs, report } = this.#options;
    const { pool } = member;
    const label = endpointLabel(pool.endpoint);
    member.phase = "leaving";
    const announced = pool.offline(ShutdownMode.Off).catch((error: unknown) => {
      report("error", "FailedRemovingConnectionForEndpoint", `${label} was not told that it is left.`, error);
    });
    // What the endpoint said before may be old.
    const { statusAnswers } = pool.status;
    const outcome = await this.#until(
      () => pool.ask(statusRequestPing()),
      () => {
        if (!pool.hasOpen) return true;
        return pool.status.statusAnswers > statusAnswers && !pool.status.hasClients && pool.clientCount === 0;
      },
    );
    if (outcome === "stopped") return;
    if (outcome === "late") {
      const text = `After ${limitMs} ms (serviceScaleTimeout) ${label} still has clients; ${pool.clientCount} of this server are cut off.`;
      report("error", "TimeoutWaitingClientsDisconnect", text);
    }
    members.set(members.all.filter((other) => other !== member));
    await Promise.all([announced, pool.stop()]);
  }

  /** Polls now and every few seconds, and looks whenever there is news. */
  #until(poll: () => void, isMet: () => boolean): Promise<Outcome> {
    const { clock, pollMs, limitMs } = this.#options;
    return new Promise((resolve) => {
      const timers: Timer[] = [];
      const watch: Watch = {
        look: () => {
          if (isMet()) watch.end("met");
        },
        end: (outcome) => {
          this.#watches.delete(watch);
          for (const timer of timers) timer.cancel();
          resolve(outcome);
        },
      };
      if (this.#isStopped) {
        resolve("stopped");
        return;
      }
      this.#watches.add(watch);
      timers.push(
        clock.every(pollMs, () => {
          poll();
          watch.look();
        }),
        clock.after(limitMs, () => watch.end("late")),
      );
      poll();
      watch.look();
    });
  }
}
