import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { SignalRError } from "../base/errors.js";
import { type PublishReport, readReport } from "../hosting/publish/report.js";
import { findAppHost } from "./app-host.js";
import type { CliIo } from "./io.js";

/** What the user may choose on the command line. */
export interface RunFlags {
  readonly apphost?: string;
}

/** Runs the app host until it ends or is interrupted. Rejects when it fails. */
export async function runAppHost(flags: RunFlags, io: CliIo): Promise<void> {
  const appHost = findAppHost(flags.apphost);
  // Not in the terminal's group: Ctrl-C is told to this process, and to the app host by it, once. If this process is gone, the
  // channel between them closes, and the app host ends too.
  const child = spawn(process.execPath, [appHost, "--operation", "run", "--report"], {
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    detached: true,
    ...(io.environment === undefined ? {} : { env: io.environment }),
  });
  let report: PublishReport | undefined;
  child.on("message", (message) => {
    report = readReport(message) ?? report;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    // A report is sent before Node prints the same error with its stack; it has been heard when this turn is over.
    setImmediate(() => {
      if (report === undefined) io.err(text);
    });
  });
  const interrupt = (): void => {
    child.kill("SIGTERM");
  };
  io.interrupted.addEventListener("abort", interrupt, { once: true });
  if (io.interrupted.aborted) interrupt();
  try {
    await endOf(child, relative(process.cwd(), appHost), () => report);
  } finally {
    io.interrupted.removeEventListener("abort", interrupt);
  }
}

async function endOf(child: ChildProcess, name: string, reportOf: () => PublishReport | undefined): Promise<void> {
  const [exitCode, signal] = await once(child, "close");
  const report = reportOf();
  if (report !== undefined && "error" in report) throw new SignalRError("HOSTING_FAILED", report.error);
  if (exitCode === 0) return;
  const how = exitCode === null ? signal : `exit code ${exitCode}`;
  throw new SignalRError("HOSTING_FAILED", `${name} failed (${how}).`);
}
