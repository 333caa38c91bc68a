import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import type { Clock } from "../../base/clock.js";
import { toError } from "../../base/errors.js";
import { Lines } from "./lines.js";

/** What is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute path of the working folder. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** How a program ended; `failed`: it never began. */
export type ProcessEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "failed"; readonly reason: string };

const LOOK_MS = 20;
// The last lines of a program are in the pipe when it has ended; somebody outside its group may hold the pipe open.
const LAST_LINES_MS = 500;

/**
 * A program with all that it starts: they are a process group, so that nothing of it is left behind (npm starts a shell,
 * the shell starts the app).
 */
export class AppProcess {
  /** Resolves when the program itself has ended; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when also what it had started is gone; never rejects. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess | undefined;
  readonly #clock: Clock;
  readonly #stopTimeoutMs: number;

  constructor(launch: Launch, clock: Clock, stopTimeoutMs: number, onLine: (line: string) => void) {
    this.#clock = clock;
    this.#stopTimeoutMs = stopTimeoutMs;
    const started = startChild(launch);
    if ("failed" in started) {
      this.ended = Promise.resolve({ kind: "failed", reason: started.failed });
      this.gone = Promise.resolve();
      return;
    }
    this.#child = started;
    const closed = once(started, "close").catch(() => undefined);
    for (const stream of [started.stdout, started.stderr]) {
      const lines = new Lines(onLine);
      stream?.setEncoding("utf8").on("data", (text: string) => lines.push(text));
      stream?.on("error", () => undefined).once("close", () => lines.end());
    }
    this.ended = endOf(started, launch);
    this.gone = this.ended.then(async () => {
      await this.#sweep();
      await Promise.race([closed, this.#wait(LAST_LINES_MS)]);
      started.stdout?.destroy();
      started.stderr?.destroy();
    });
  }

  get processId(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the program to end, and ends it and all it started after the limit. Resolves when they are gone. */
  async stop(): Promise<void> {
    // Only the program itself is told at first: npm hands a signal on, and an app that hears it twice may end at once.
    this.#child?.kill("SIGTERM");
    const limit = this.#clock.after(this.#stopTimeoutMs, () => this.kill());
    await this.gone;
    limit.cancel();
  }

  /** Ends the program and all it started now. */
  kill(): void {
    this.#signalGroup("SIGKILL");
  }

  /** Ends what the program has left behind. */
  async #sweep(): Promise<void> {
    if (!this.#signalGroup("SIGTERM")) return;
    const limit = this.#clock.after(this.#stopTimeoutMs, () => this.kill());
    // A process that was killed may stay in the table of processes where nobody asks how it ended, so looking has an end.
    const longest = this.#clock.now() + this.#stopTimeoutMs + LAST_LINES_MS;
    while (this.#signalGroup(0) && this.#clock.now() < longest) await this.#wait(LOOK_MS);
    limit.cancel();
  }

  /** False: nothing of the group is there any more. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    const processId = this.#child?.pid;
    if (processId === undefined) return false;
    try {
      return process.kill(-processId, signal);
    } catch {
      return false;
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve);
    });
  }
}

function startChild({ command, args, folder, environment }: Launch): ChildProcess | { readonly failed: string } {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    return { failed: `${folder} is not a folder` };
  try {
    return spawn(command, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"], detached: true });
  } catch (error) {
    return { failed: toError(error).message };
  }
}

function endOf(child: ChildProcess, { command }: Launch): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      // Only a program that never began ends here: the promise is resolved once.
      if (child.pid !== undefined) return;
      const reason = error.code === "ENOENT" ? "there is no such program" : (error.code ?? "unknown reason");
      resolve({ kind: "failed", reason: `${command} cannot be started: ${reason}` });
    });
    child.on("error", () => undefined);
    child.once("exit", (exitCode, signal) => {
      if (exitCode === null) resolve({ kind: "signalled", signal: signal ?? "unknown" });
      else resolve({ kind: "exited", exitCode });
    });
  });
}
