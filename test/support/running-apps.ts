import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Builder,
  type BuilderOptions,
  createBuilder,
  type RunningApplication,
} from "azure-signalr-server/hosting";
import { onTestFinished } from "vitest";

/** Small programs, to be the apps of a test. Each prints its name when it is asked to end. */
const PROGRAMS = {
  /** Serves its environment, and whether it is well: `/well/yes` and `/well/no` change that. */
  "server.mjs": `import { createServer } from "node:http";
    let isWell = process.argv[2] !== "unwell";
    createServer((request, response) => {
      if (request.url.startsWith("/well/")) isWell = request.url === "/well/yes";
      response.statusCode = request.url === "/health" && !isWell ? 503 : 200;
      response.end(JSON.stringify({ ...process.env, pid: process.pid }));
    }).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
    process.once("SIGTERM", () => { console.log("bye"); process.exit(0); });`,
  /** Prints its arguments, and ends with the exit code that it is given. */
  "brief.mjs": `console.log("args " + process.argv.slice(3)); process.exitCode = Number(process.argv[2]);`,
  /** Neither it nor the program that it starts ends when asked to. */
  "stubborn.mjs": `import { spawn } from "node:child_process";
    process.on("SIGTERM", () => console.log("no"));
    if (process.argv[2] !== "child") {
      const child = spawn(process.execPath, [process.argv[1], "child"], { stdio: "inherit" });
      setTimeout(() => console.log("pids " + process.pid + " " + child.pid), 0);
    }
    setInterval(() => {}, 1000);`,
  /** Ends when asked to, and leaves a program behind. */
  "careless.mjs": `import { spawn } from "node:child_process";
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    console.log("pids " + child.pid);
    setInterval(() => {}, 1000);`,
} as const;

/** A folder with programs, which is gone at the end of the test. */
function programsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "running-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A model that is run in a folder with programs, knows of no settings, and hands down only what programs need to start. */
export function toRun(options: BuilderOptions = {}): Builder {
  return createBuilder({
    args: [],
    mode: "run",
    folder: programsFolder(),
    configuration: {},
    environment: { PATH: process.env["PATH"] },
    ...options,
  });
}

/** What is shown of a run, as it comes. */
export class Shown {
  text = "";
  #looks: Array<() => void> = [];

  readonly write = (text: string): void => {
    this.text += text;
    for (const look of this.#looks) look();
  };

  /** Resolves with the match when it is there. */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve) => {
      const look = (): void => {
        const match = pattern.exec(this.text);
        if (match === null) return;
        this.#looks = this.#looks.filter((each) => each !== look);
        resolve(match);
      };
      this.#looks.push(look);
      look();
    });
  }
}

/** Starts the application; it is stopped at the end of the test at the latest. */
export async function started(builder: Builder, shown = new Shown()): Promise<RunningApplication> {
  const running = await builder.build().start({ write: shown.write, stopTimeout: 1_000, healthInterval: 50 });
  onTestFinished(() => running.stop());
  return running;
}

/** Whether a process is there; one that has ended and that nobody has asked about counts as gone. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch {
    return false;
  }
  return true;
}
