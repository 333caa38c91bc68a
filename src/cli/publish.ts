import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { relative, resolve } from "node:path";
import { SignalRError } from "../base/errors.js";
import type { Publisher } from "../hosting/publish/options.js";
import { type PublishReport, readReport } from "../hosting/publish/report.js";
import { findAppHost } from "./app-host.js";
import type { CliIo } from "./io.js";

/** What the user may choose on the command line. */
export interface PublishFlags {
  readonly apphost?: string;
  readonly output: string;
}

/** What is kept of an app host's error output. */
const MAX_ERROR_TEXT = 64 * 1024;

/** What each command says of itself, and where it writes by default. */
export const PUBLISH_COMMANDS = Object.freeze({
  bicep: { folder: "infra", description: "write the application of an app host as Bicep, for az deployment and azd" },
  manifest: { folder: "aspire-output", description: "write the application of an app host as manifest, for azd" },
});

/** Runs the app host so that it publishes. Rejects when it does not. */
export async function runPublish(publisher: Publisher, flags: PublishFlags, io: CliIo): Promise<void> {
  const appHost = findAppHost(flags.apphost);
  const folder = resolve(flags.output);
  // In a process of its own: the program decides for itself what to do by its command line, as one of .NET Aspire does.
  const child = spawn(process.execPath, [appHost, "--publisher", publisher, "--output-path", folder, "--report"], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    signal: io.interrupted,
  });
  let report: PublishReport | undefined;
  let errorText = "";
  child.on("message", (message) => {
    report = readReport(message) ?? report;
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => io.out(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errorText = (errorText + text).slice(-MAX_ERROR_TEXT);
  });
  const exitCode = await exitCodeOf(child, io);
  if (report !== undefined && "error" in report) throw new SignalRError("HOSTING_FAILED", report.error);
  if (errorText !== "") io.err(errorText);
  const name = relative(process.cwd(), appHost);
  if (report === undefined) {
    const reason =
      exitCode === 0
        ? "ended without publishing anything; its last line must be `await builder.build().run()`"
        : `failed (exit code ${exitCode})`;
    throw new SignalRError("HOSTING_FAILED", `${name} ${reason}.`);
  }
  if (exitCode !== 0)
    throw new SignalRError("HOSTING_FAILED", `${name} failed after publishing (exit code ${exitCode}).`);
  io.out(report.files.map((file) => `${relative(process.cwd(), file)}\n`).join(""));
}

async function exitCodeOf(child: ChildProcess, io: CliIo): Promise<unknown> {
  try {
    const [exitCode] = await once(child, "close");
    return exitCode;
  } catch (error) {
    if (io.interrupted.aborted) throw new SignalRError("HOSTING_FAILED", "Interrupted.", { cause: error });
    throw error;
  }
}
