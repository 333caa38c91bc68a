import { toError } from "../base/errors.js";
import { PACKAGE_VERSION } from "../base/package-version.js";
import { APP_HOSTS } from "./app-host.js";
import { Command, CommanderError } from "./commander.js";
import { addEmulatorCommands } from "./emulator-commands.js";
import type { CliIo } from "./io.js";
import { PUBLISH_COMMANDS, type PublishFlags, runPublish } from "./publish.js";
import { type RunFlags, runAppHost } from "./run.js";

const APP_HOST_TEXT = `program that describes the application (default: ${APP_HOSTS.join(", ")})`;

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
  addEmulatorCommands(program, io);
  program
    .command("run")
    .description("run the application of an app host on this machine until Ctrl-C")
    .option("--apphost <file>", APP_HOST_TEXT)
    .action((flags: RunFlags) => runAppHost(flags, io));
  for (const publisher of ["bicep", "manifest"] as const) {
    program
      .command(publisher)
      .description(PUBLISH_COMMANDS[publisher].description)
      .option("--apphost <file>", APP_HOST_TEXT)
      .option("-o, --output <folder>", "folder to write to", PUBLISH_COMMANDS[publisher].folder)
      .action((flags: PublishFlags) => runPublish(publisher, flags, io));
  }
  return program;
}
