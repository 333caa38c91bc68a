import { SignalRError } from "../base/errors.js";
import type { Refusal } from "./http.js";

const LONGEST_LATENCY_MS = 60_000;

/** What the emulator was told to do wrong. */
export class Faults {
  #serverRefusal: Refusal | undefined;
  #clientRefusal: Refusal | undefined;
  #latencyMs = 0;
  #acksToLose = 0;

  /** The answer to new server connections, if they are refused. */
  get serverRefusal(): Refusal | undefined {
    return this.#serverRefusal;
  }

  /** The answer to negotiating and connecting clients, if they are refused. */
  get clientRefusal(): Refusal | undefined {
    return this.#clientRefusal;
  }

  /** Milliseconds for which all between the service and its servers is held back, each way. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** Acks that will be kept back. */
  get acksToLose(): number {
    return this.#acksToLose;
  }

  refuseServers(status: number | undefined): void {
    this.#serverRefusal = refusal(status, "server connections");
  }

  refuseClients(status: number | undefined): void {
    this.#clientRefusal = refusal(status, "clients");
  }

  setLatency(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= LONGEST_LATENCY_MS)) {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        `The latency must be from 0 to ${LONGEST_LATENCY_MS} milliseconds, got ${milliseconds}`,
      );
    }
    this.#latencyMs = milliseconds;
  }

  loseAcks(count: number): void {
    if (!(count >= 0)) {
      throw new SignalRError("ARGUMENT_INVALID", `The number of acks to lose must be 0 or more, got ${count}`);
    }
    this.#acksToLose = count;
  }

  /** Whether the ack that is about to be sent gets lost; counts it. */
  losesAck(): boolean {
    if (this.#acksToLose < 1) return false;
    this.#acksToLose -= 1;
    return true;
  }
}

function refusal(status: number | undefined, what: string): Refusal | undefined {
  if (status === undefined) return undefined;
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `Refuse ${what} with an HTTP status from 400 to 599, or undefined to let them in again; got ${status}`,
    );
  }
  return { status, reason: `The emulator was told to refuse ${what}.` };
}
