import { SignalRError, toError } from "../../base/errors.js";
import { AppProcess, type Launch, type ProcessEnd } from "./app-process.js";
import { HealthWatch } from "./health-watch.js";
import type { ResolvedRunOptions } from "./options.js";
import { APP_MOVES, type ResourceSnapshot, type ResourceState } from "./snapshots.js";

/** What a process of an app is made of. */
export interface ReplicaParts {
  /** As it is shown. */
  readonly name: string;
  readonly launch: Launch;
  /** Addresses, as they are shown. */
  readonly endpoints: readonly string[];
  /** Addresses that are asked whether it is well. */
  readonly healthUrls: readonly string[];
  readonly options: ResolvedRunOptions;
  readonly onLine: (line: string) => void;
  /** Something about it has become another: one clause, its subject is the name. */
  readonly onNews: (clause: string) => void;
}

/** One process of an app: it waits, runs, and ends once; it is not started again. */
export class Replica {
  readonly name: string;
  /** Resolves when it runs and is well; rejects when it ended before. */
  readonly ready: Promise<void>;
  readonly #parts: ReplicaParts;
  #state: ResourceState = "waiting";
  #process: AppProcess | undefined;
  #watch: HealthWatch | undefined;
  #isHealthy: boolean | undefined;
  #end: { readonly reason: string; readonly exitCode: number | undefined } | undefined;
  #isReady: () => void = () => undefined;
  #isNotReady: (error: SignalRError) => void = () => undefined;

  constructor(parts: ReplicaParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isNotReady = reject;
    });
    // Whether anybody waits is not known here.
    this.ready.catch(() => undefined);
  }

  get snapshot(): ResourceSnapshot {
    const { endpoints, healthUrls } = this.#parts;
    const isUp = this.#state === "running";
    return {
      name: this.name,
      kind: "app",
      state: this.#state,
      isHealthy: isUp && healthUrls.length > 0 ? (this.#isHealthy ?? false) : undefined,
      endpoints,
      processId: isUp || this.#state === "stopping" ? this.#process?.processId : undefined,
      reason: this.#end?.reason,
      exitCode: this.#end?.exitCode,
    };
  }

  /** Starts it once everything that it waits for is ready. */
  async startAfter(waits: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(waits);
    } catch (error) {
      this.#finish("failed", `cannot start: ${toError(error).message}`, undefined);
      return;
    }
    if (this.#state === "waiting") this.#start();
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    if (this.#state === "waiting") this.#finish("ended", "was not started", undefined);
    if (this.#state === "running") this.#enter("stopping");
    if (this.#process === undefined) return;
    if (this.#state === "stopping") await this.#process.stop();
    else await this.#process.gone;
  }

  /** Ends it now. */
  kill(): void {
    this.#process?.kill();
  }

  #start(): void {
    const { launch, options, onLine, onNews, healthUrls } = this.#parts;
    this.#enter("running");
    const started = new AppProcess(launch, options.clock, options.stopTimeout, onLine);
    this.#process = started;
    void started.ended.then((end) => this.#ended(end));
    if (started.processId === undefined) return;
    onNews(`runs (process ${started.processId})`);
    if (healthUrls.length === 0) {
      this.#isReady();
      return;
    }
    this.#watch = new HealthWatch(healthUrls, options, (isHealthy) => {
      // An app that is only just starting is no news.
      if (isHealthy || this.#isHealthy) onNews(isHealthy ? "is healthy" : "is not healthy any more");
      this.#isHealthy = isHealthy;
      if (isHealthy) this.#isReady();
    });
  }

  #ended(end: ProcessEnd): void {
    const wasAsked = this.#state === "stopping";
    const exitCode = end.kind === "exited" ? end.exitCode : undefined;
    if (end.kind === "failed") this.#finish("failed", end.reason, undefined);
    else {
      const how = end.kind === "exited" ? `exit code ${end.exitCode}` : end.signal;
      this.#finish("ended", `has ended (${how})${wasAsked ? "" : "; it is not started again"}`, exitCode);
    }
  }

  #finish(state: "ended" | "failed", reason: string, exitCode: number | undefined): void {
    if (APP_MOVES[this.#state].length === 0) return;
    this.#enter(state);
    this.#end = { reason, exitCode };
    this.#isNotReady(new SignalRError("HOSTING_FAILED", `${this.name} ${reason}`));
    this.#parts.onNews(reason);
  }

  #enter(next: ResourceState): void {
    if (!APP_MOVES[this.#state].includes(next)) throw new Error(`bug: an app cannot go ${this.#state} -> ${next}`);
    if (this.#state === "running") this.#watch?.stop();
    this.#state = next;
  }
}
