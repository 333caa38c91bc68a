const CEILING_SECONDS = 60;
const JITTER_MS = 1000;
const LAST_DOUBLING = 5;

/**
 * Least time from the start of the n-th consecutive failed attempt (counted from 0) to the start of the next one:
 * 1, 2, 4, 8, 16, 32 and then 60 seconds, each plus up to one second of chance so that many servers do not come back
 * in step. These are the delays of the official SDK.
 */
export function reconnectDelayMs(failedAttempts: number, random: () => number = Math.random): number {
  const seconds = failedAttempts <= LAST_DOUBLING ? 2 ** failedAttempts : CEILING_SECONDS;
  return seconds * 1000 + random() * JITTER_MS;
}
