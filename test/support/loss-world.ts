import type { HubCallerContext } from "../../src/hub/context.js";
import { Hub, type HubClass } from "../../src/hub/hub.js";

/** One thing that happened to a client at its hub server. */
export interface LossEvent {
  readonly at: "connecting" | "connected" | "start" | "end" | "leaving" | "left";
  /** Number of the invocation. */
  readonly call?: number;
  /** The call waits for its own client, and gives its turn away for that. */
  readonly yields?: boolean;
}

/** A group message that a member must get if it stays, once its sender has the answer of the call. */
export interface Promised {
  readonly to: string;
  readonly from: string;
  readonly call: number;
  readonly index: number;
}

export type WorkKind = "none" | "caller" | "join" | "slow" | "ask";

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** What happens in a hub whose connections are lost, kept by the user ids of its clients. */
export class LossWorld {
  readonly events = new Map<string, LossEvent[]>();
  readonly promised: Promised[] = [];
  readonly contexts: WeakRef<HubCallerContext>[] = [];
  /** What must never happen, in words. */
  readonly faults: string[] = [];
  readonly #members = new Set<string>();
  readonly #running = new Map<string, { readonly user: string; readonly signal: AbortSignal }>();

  tell(user: string, event: LossEvent): void {
    const events = this.events.get(user) ?? [];
    events.push(event);
    this.events.set(user, events);
    if (event.at !== "leaving") return;
    for (const running of this.#running.values()) {
      if (running.user !== user || running.signal.aborted) continue;
      this.faults.push(`onDisconnected of ${user} began while a call went on that nobody had told`);
    }
  }

  begin(user: string, call: number, yields: boolean, signal: AbortSignal): void {
    this.#running.set(`${user} ${call}`, { user, signal });
    this.tell(user, { at: "start", call, yields });
  }

  end(user: string, call: number, yields: boolean): void {
    this.#running.delete(`${user} ${call}`);
    this.tell(user, { at: "end", call, yields });
  }

  joined(user: string): void {
    this.#members.add(user);
  }

  left(user: string): void {
    this.#members.delete(user);
  }

  /** Everybody who has joined by now is promised the message. */
  promise(from: string, call: number, index: number): void {
    for (const to of this.#members) this.promised.push({ to, from, call, index });
  }

  /** Nothing is forgotten: each call that began has ended. */
  get running(): number {
    return this.#running.size;
  }
}

/** A hub that tells the world all that it does. */
export function lossHubOf(world: LossWorld): HubClass {
  return class LossHub extends Hub {
    override async onConnected() {
      world.contexts.push(new WeakRef(this.context));
      world.tell(this.#user, { at: "connecting" });
      await turn();
      world.tell(this.#user, { at: "connected" });
    }

    override async onDisconnected() {
      world.tell(this.#user, { at: "leaving" });
      world.left(this.#user);
      await turn();
      world.tell(this.#user, { at: "left" });
    }

    async work(kind: WorkKind, call: number, count: number) {
      const user = this.#user;
      const yields = kind === "ask";
      world.begin(user, call, yields, this.signal);
      try {
        if (kind === "join") {
          await this.groups.add(this.context.connectionId, "room");
          world.joined(user);
        }
        if (yields) {
          await this.clients.caller.invoke("confirm", call);
          return call;
        }
        for (let index = 0; index < count; index += 1) {
          if (kind === "slow") await turn();
          if (kind === "join") {
            world.promise(user, call, index);
            await this.clients.group("room").send("room", user, call, index);
          } else {
            await this.clients.caller.send("own", user, call, index);
          }
        }
        return call;
      } finally {
        world.end(user, call, yields);
      }
    }

    get #user(): string {
      return this.context.userIdentifier ?? "";
    }
  };
}
