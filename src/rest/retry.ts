import type { RestAnswer } from "./rest-client.js";

/** When and how often a call is repeated. */
export interface RestRetry {
  /** Attempts after the first one. */
  readonly retries: number;
  /** Milliseconds before the first repetition. */
  readonly delay: number;
  /** Milliseconds that a pause is at most. */
  readonly maxDelay: number;
  /** Whether each pause is twice as long as the one before. */
  readonly mode: "fixed" | "exponential";
}

export const NO_RETRY: RestRetry = Object.freeze({ retries: 0, delay: 800, maxDelay: 60_000, mode: "fixed" });

/** Milliseconds before the next attempt, when so many have failed. */
export function pauseBefore(retry: RestRetry, failed: number): number {
  const factor = retry.mode === "exponential" ? 2 ** (failed - 1) : 1;
  return Math.min(retry.delay * factor, retry.maxDelay);
}

const INTERNAL_ERROR = 500;
const REQUEST_TIMEOUT = 408;

/** An answer that may be better next time. */
export class RetriedAnswer extends Error {
  readonly answer: RestAnswer;

  constructor(answer: RestAnswer) {
    super(`the service answered with ${answer.status}`);
    this.answer = answer;
  }

  /** A send is not repeated after 500: the service may have delivered it. */
  static isWorth(status: number, isSend: boolean): boolean {
    return isSend ? status > INTERNAL_ERROR : status >= INTERNAL_ERROR || status === REQUEST_TIMEOUT;
  }
}
