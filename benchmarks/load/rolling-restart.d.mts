import type { Hub, signalr } from "azure-signalr-server";
import type { startEmulator } from "azure-signalr-server/emulator";

export interface RollingRestartSetup {
  /** The package under test: its sources in tests, as built in the benchmark. */
  readonly Hub: typeof Hub;
  readonly signalr: typeof signalr;
  readonly startEmulator: typeof startEmulator;
  readonly clients: number;
  readonly restarts: number;
  /** Milliseconds that a client rests at most between two calls. @default 50 */
  readonly restMs?: number;
  /** Milliseconds between two restarts. @default 500 */
  readonly runMs?: number;
}

export interface RollingRestartResult {
  readonly clients: number;
  readonly restarts: number;
  /** Times that a client lost its connection. */
  readonly disconnected: number;
  readonly sent: number;
  readonly answered: number;
  /** Answered with an error. */
  readonly failed: number;
  readonly wrongAnswers: number;
  readonly unanswered: number;
  /** Acknowledged to the client, but never run. */
  readonly lost: number;
  readonly runTwice: number;
  readonly outOfOrder: number;
  /** Times that a client was handed to another server. */
  readonly migrated: number;
  /** Of one call. */
  readonly longestMs: number;
  readonly restartMs: readonly number[];
}

export function rollingRestart(setup: RollingRestartSetup): Promise<RollingRestartResult>;
