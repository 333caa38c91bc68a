import type { Clock } from "./clock.js";
import { SignalRError } from "./errors.js";

/** How often, how long and in which rhythm something is tried. */
export interface AttemptPlan {
  readonly clock: Clock;
  /** At least 1. */
  readonly attempts: number;
  /** Milliseconds of one attempt. */
  readonly limitMs: number;
  /** Milliseconds between the end of an attempt and the next one; told how many have failed. */
  readonly pauseMs: (failed: number) => number;
  /** Whether another attempt makes sense after this failure. @default always */
  readonly mayRepeat?: (error: unknown) => boolean;
  /** Ends everything at once, whether the attempt listens to its own signal or not. */
  readonly signal: AbortSignal;
}

/** An attempt took longer than its limit. */
export class AttemptTimeout extends Error {
  override readonly name: string = "AttemptTimeout";

  constructor(limitMs: number) {
    super(`there was no answer within ${limitMs / 1000} s`);
  }
}

/**
 * Tries something until it succeeds or the plan is used up; the last failure is thrown. Each attempt has a signal of its
 * own, aborted when its time is over.
 * @throws SignalRError (as rejection) STOPPED when the plan's signal is aborted
 */
export async function attempt<T>(plan: AttemptPlan, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, limitMs, signal } = plan;
  for (let failed = 1; ; failed += 1) {
    try {
      return await cancellable(signal, async (own, cut) => {
        const timer = clock.after(limitMs, () => cut(new AttemptTimeout(limitMs)));
        own.addEventListener("abort", () => timer.cancel(), { once: true });
        try {
          return await run(own);
        } finally {
          timer.cancel();
        }
      });
    } catch (error) {
      if (signal.aborted || failed >= plan.attempts || plan.mayRepeat?.(error) === false) throw error;
    }
    await pause(clock, plan.pauseMs(failed), signal);
  }
}

/** Resolves after the given time. @throws SignalRError (as rejection) STOPPED when the signal is aborted before */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return cancellable(signal, (own) => {
    return new Promise((resolve) => {
      const timer = clock.after(delayMs, resolve);
      own.addEventListener("abort", () => timer.cancel(), { once: true });
    });
  });
}

/** Gives up waiting when the signal is aborted, or when `cut` is called; what is under way is told by its own signal. */
function cancellable<T>(
  signal: AbortSignal,
  run: (own: AbortSignal, cut: (reason: Error) => void) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(stopped());
      return;
    }
    const own = new AbortController();
    const onStop = (): void => cut(stopped());
    const cut = (reason: Error): void => {
      signal.removeEventListener("abort", onStop);
      reject(reason);
      own.abort(reason);
    };
    signal.addEventListener("abort", onStop, { once: true });
    run(own.signal, cut)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onStop));
  });
}

function stopped(): SignalRError {
  return new SignalRError("STOPPED", "It was stopped before there was an answer.");
}
