import { Command, CommanderError, InvalidArgumentError } from "commander";
import { toError } from "../base/errors.js";
import { PACKAGE_VERSION } from "../base/package-version.js";
import { EMULATOR_DEFAULTS } from "../emulator/options.js";
import { APP_HOSTS } from "./app-host.js";
import { type EmulatorFlags, runEmulator } from "./emulator.js";
import type { CliIo } from "./io.js";
import { PUBLISH_COMMANDS, type PublishFlags, runPublish } from "./publish.js";

const LARGEST_PORT = 65_535;

/**
 * Runs one command line (without node and script) to its end. What goes wrong is told in one sentence on the error
 * stream.
 *
 * @returns the exit code: 0, or 1 when it failed; never rejects
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await buildProgram(io).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has written its own message, or the help text that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    io.err(`error: ${toError(error).message}\n`);
    return 1;
  }
}

function buildProgram(io: CliIo): Command {
  const program = new Command("azure-signalr")
    .description("Tools for Azure SignalR Service")
    .version(PACKAGE_VERSION, "-v, --version", "print the version")
    // Settings are inherited by the commands added afterwards.
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });
  program
    .command("emulator")
    .description("Azure SignalR Service on this machine")
    .command("start")
    .description("start the emulator and keep it running until Ctrl-C")
    .option("-p, --port <number>", "TCP port; 0 takes a free one", parsePort, EMULATOR_DEFAULTS.port)
    .option("--host <address>", "address to listen on (default: 127.0.0.1 and ::1)")
    .option("--key <key>", "access key (default: the well-known emulator key)")
    .option("--no-page", "do not serve the live page")
    .action((flags: EmulatorFlags) => runEmulator(flags, io));
  for (const publisher of ["bicep", "manifest"] as const) {
    program
      .command(publisher)
      .description(PUBLISH_COMMANDS[publisher].description)
      .option("--apphost <file>", `program that describes the application (default: ${APP_HOSTS.join(", ")})`)
      .option("-o, --output <folder>", "folder to write to", PUBLISH_COMMANDS[publisher].folder)
      .action((flags: PublishFlags) => runPublish(publisher, flags, io));
  }
  return program;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= LARGEST_PORT) return port;
  throw new InvalidArgumentError(`Give a whole number from 0 to ${LARGEST_PORT}.`);
}
