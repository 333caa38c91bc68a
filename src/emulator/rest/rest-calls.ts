import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.js";
import type { ClientInvocation, Payloads, ServiceMessage } from "../../protocol/service/messages.js";
import type { Caller } from "../client-calls.js";
import type { HubSpace } from "../hub-space.js";

/** How a client's method ended. */
export type CallResult =
  | { readonly kind: "completed"; readonly protocol: string; readonly payload: Buffer }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "late" };

/** Calls clients for requests of the REST API: to the hub it is one more caller beside its servers. */
export class RestCalls implements Caller {
  readonly serverId = `rest-${randomBytes(9).toString("base64url")}`;
  readonly isOpen = true;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #pending = new Map<string, (result: CallResult) => void>();
  #calls = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls the client; the payloads are made for the id that the call gets. Never rejects, unless `payloadsFor` throws. */
  async invoke(hub: HubSpace, connectionId: string, payloadsFor: (id: string) => Payloads): Promise<CallResult> {
    this.#calls += 1;
    const invocationId = `${this.serverId}-${this.#calls}`;
    const payloads = payloadsFor(invocationId);
    return await new Promise<CallResult>((resolve) => {
      const timer = this.#clock.after(this.#timeoutMs, () => {
        hub.calls.forget(invocationId);
        this.#settle(invocationId, { kind: "late" });
      });
      this.#pending.set(invocationId, (result) => {
        timer.cancel();
        resolve(result);
      });
      const callerServerId = this.serverId;
      const message: ClientInvocation = {
        kind: "clientInvocation",
        invocationId,
        connectionId,
        callerServerId,
        payloads,
      };
      hub.calls.invoke(this, message);
    });
  }

  send(message: ServiceMessage): void {
    if (message.kind === "errorCompletion") {
      this.#settle(message.invocationId, { kind: "failed", error: message.error ?? "" });
    } else if (message.kind === "clientCompletion") {
      // The payload may be a view that is used again.
      const payload = Buffer.from(message.payload);
      this.#settle(message.invocationId, {
        kind: "completed",
        protocol: (message.protocol ?? "json").toLowerCase(),
        payload,
      });
    }
  }

  #settle(invocationId: string, result: CallResult): void {
    const settle = this.#pending.get(invocationId);
    this.#pending.delete(invocationId);
    settle?.(result);
  }
}
