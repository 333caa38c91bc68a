import { EMULATOR_DEFAULTS } from "../emulator/options.js";
import { EMULATOR_MODES } from "../emulator/serverless/hub-modes.js";
import { SETTINGS_FILE } from "../emulator/serverless/upstream-settings.js";
import { type Command, InvalidArgumentError, Option } from "./commander.js";
import { type InitFlags, type ListFlags, printTemplates, writeSettings } from "./emulator-settings.js";
import { runEmulator, SHOWN_LEVELS, type StartFlags } from "./emulator-start.js";
import { printStatus, type StatusFlags } from "./emulator-status.js";
import type { CliIo } from "./io.js";

const LARGEST_PORT = 65_535;
const MOST_INSTANCES = 100;
const CONFIG = "-c, --config <path>";
const CONFIG_TEXT = `settings file with upstream templates, or its folder (default: ${SETTINGS_FILE}, if it is there)`;

/** Adds `emulator` and what is below it. Names and options are those of the official emulator where it has them. */
export function addEmulatorCommands(program: Command, io: CliIo): void {
  const emulator = program.command("emulator").description("Azure SignalR Service on this machine");
  addStart(emulator, io);
  addInit(emulator, io);
  addStatus(emulator, io);
  const upstream = emulator.command("upstream").description("where events of Serverless clients go");
  addInit(upstream, io);
  upstream
    .command("list")
    .description("print the upstream templates of the settings file and the environment")
    .option(CONFIG, CONFIG_TEXT)
    .action((flags: ListFlags) => printTemplates(flags, io));
}

function addStart(emulator: Command, io: CliIo): void {
  addAddress(
    emulator.command("start"),
    "TCP port; 0 takes a free one",
    "address to listen on (default: 127.0.0.1 and ::1)",
  )
    .description("start the emulator and keep it running until Ctrl-C")
    .option(CONFIG, CONFIG_TEXT)
    .addOption(
      new Option("--mode <mode>", "whom it serves: clients of hub servers, clients without, or each hub as it comes")
        .choices([...EMULATOR_MODES])
        .default(EMULATOR_DEFAULTS.mode),
    )
    .option(
      "--instances <number>",
      "instances that the service consists of",
      wholeNumber(1, MOST_INSTANCES),
      EMULATOR_DEFAULTS.instances,
    )
    .option("--cert <file>", "certificate in PEM form: serves https and wss")
    .option("--cert-key <file>", "key of the certificate in PEM form")
    .option("--entra", "take any token of a server for one of a Microsoft Entra ID identity")
    .option("--no-page", "do not serve the live page")
    .addOption(
      new Option("--log-level <level>", "least important lines to print").choices([...SHOWN_LEVELS]).default("info"),
    )
    .action((flags: StartFlags) => runEmulator(flags, io));
}

function addInit(parent: Command, io: CliIo): void {
  parent
    .command("init")
    .description(`write a ${SETTINGS_FILE} with an upstream template to begin with`)
    .option("-o, --output <folder>", "folder to write to", ".")
    .option("--force", "overwrite the file that is there")
    .action((flags: InitFlags) => writeSettings(flags, io));
}

function addStatus(emulator: Command, io: CliIo): void {
  addAddress(emulator.command("status"), "its TCP port", "its address (default: localhost)")
    .description("ask a running emulator how it is doing")
    .option("--https", "it was started with a certificate")
    .option("--json", "print all that it says as JSON")
    .action((flags: StatusFlags) => printStatus(flags, io));
}

function addAddress(command: Command, portText: string, addressText: string): Command {
  return command
    .option("-p, --port <number>", portText, wholeNumber(0, LARGEST_PORT), EMULATOR_DEFAULTS.port)
    .option("-i, --ip <address>", addressText)
    .option("--host <address>", "the same as --ip")
    .option("--key <key>", "access key (default: the well-known emulator key)");
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}
