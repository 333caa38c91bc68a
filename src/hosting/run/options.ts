import { type Clock, systemClock } from "../../base/clock.js";
import { SignalRError } from "../../base/errors.js";
import type { RunningApplication } from "./running-application.js";

/** How an application is run. All members have defaults; durations are milliseconds. */
export interface RunOptions {
  /** Ends the run when it is aborted, in place of Ctrl-C and SIGTERM. @default Ctrl-C, SIGTERM, or the end of the process that started this one */
  readonly signal?: AbortSignal;
  /** Called once, when every app runs and is well, or has ended. @default none */
  readonly onReady?: (running: RunningApplication) => void;
  /** Receives everything that is shown: lines of the apps, news, the table. @default standard output */
  readonly write?: (text: string) => void;
  /** Whether names are coloured. @default on a terminal, unless NO_COLOR is set */
  readonly colors?: boolean;
  /** How long each app may take to end, from SIGTERM to SIGKILL. @default 10_000 */
  readonly stopTimeout?: number;
  /** Limit for one answer of a health check. @default 5_000 */
  readonly healthTimeout?: number;
  /** Milliseconds between two looks at an app that is well; one that is not is asked more often. @default 5_000 */
  readonly healthInterval?: number;
  /** Source of time, for tests. @default the real clock */
  readonly clock?: Clock;
}

/** What of {@link RunOptions} concerns the running itself, checked, with defaults. Frozen. */
export type ResolvedRunOptions = Readonly<
  Required<Pick<RunOptions, "stopTimeout" | "healthTimeout" | "healthInterval" | "clock">>
>;

const DEFAULTS: ResolvedRunOptions = Object.freeze({
  stopTimeout: 10_000,
  healthTimeout: 5_000,
  healthInterval: 5_000,
  clock: systemClock,
});
const LONGEST_TIMER = 2 ** 31 - 1;

/** @throws SignalRError ARGUMENT_INVALID naming the option, what was found and what is allowed */
export function resolveRunOptions(given: RunOptions): ResolvedRunOptions {
  const resolved = {
    stopTimeout: given.stopTimeout ?? DEFAULTS.stopTimeout,
    healthTimeout: given.healthTimeout ?? DEFAULTS.healthTimeout,
    healthInterval: given.healthInterval ?? DEFAULTS.healthInterval,
    clock: given.clock ?? DEFAULTS.clock,
  };
  for (const name of ["stopTimeout", "healthTimeout", "healthInterval"] as const) {
    const value = resolved[name];
    if (Number.isFinite(value) && value >= 1 && value <= LONGEST_TIMER) continue;
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `${name} is ${value}; allowed is a number of milliseconds from 1 to ${LONGEST_TIMER}.`,
    );
  }
  return Object.freeze(resolved);
}
