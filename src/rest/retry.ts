import type { Clock } from "../base/clock.js";
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

const SOON_SECONDS = 2;
const LONGEST_WAIT_SECONDS = 3600;

/** Seconds until the service wants to be asked again: its `Retry-After` (a number, or a time) within reason, else soon. */
export function retryAfterOf(answer: RestAnswer, clock: Clock): number {
  const text = answer.header("retry-after")?.trim() ?? "";
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - clock.unixTime()) / 1000);
  // NaN when it is neither.
  return seconds >= 0 ? Math.min(Math.max(seconds, 1), LONGEST_WAIT_SECONDS) : SOON_SECONDS;
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
