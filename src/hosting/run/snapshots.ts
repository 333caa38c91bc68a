/** `waiting` for what it waits for, `running`, `stopping` (asked to end), `ended`, or `failed`: it could not be started. */
export type ResourceState = "waiting" | "running" | "stopping" | "ended" | "failed";

/** A part of a running application as it is at one moment. */
export interface ResourceSnapshot {
  /** Name of the resource; with the number of the process behind it where there are several: `api#2`. */
  readonly name: string;
  readonly kind: "emulator" | "service" | "connectionString" | "app";
  readonly state: ResourceState;
  /** undefined: it has no health check, or it is not running. */
  readonly isHealthy: boolean | undefined;
  /** Addresses. */
  readonly endpoints: readonly string[];
  readonly processId: number | undefined;
  /** How it ended, or why it could not be started; undefined while it has not. */
  readonly reason: string | undefined;
  readonly exitCode: number | undefined;
}

/** The allowed moves of an app's process. */
export const APP_MOVES: { readonly [State in ResourceState]: readonly ResourceState[] } = {
  waiting: ["running", "failed", "ended"],
  running: ["stopping", "ended", "failed"],
  stopping: ["ended", "failed"],
  ended: [],
  failed: [],
};
