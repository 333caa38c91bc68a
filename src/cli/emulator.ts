import type { LogRecord, Probe } from "../base/probe.js";
import { type Emulator, startEmulator } from "../emulator/emulator.js";
import type { CliIo } from "./io.js";

/** What the user may choose on the command line. */
export interface EmulatorFlags {
  readonly port: number;
  readonly host?: string;
  readonly key?: string;
  /** Whether the live page is served. */
  readonly page: boolean;
}

/** Runs an emulator until the user ends it. Rejects when it cannot start. */
export async function runEmulator(flags: EmulatorFlags, io: CliIo): Promise<void> {
  const emulator = await startEmulator({
    port: flags.port,
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.key === undefined ? {} : { accessKey: flags.key }),
    livePage: flags.page,
    probe: printingProbe(io),
  });
  io.out(banner(emulator, flags));
  await new Promise<void>((resolve) => {
    if (io.interrupted.aborted) resolve();
    else io.interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
  await emulator.stop();
  io.out("The emulator has stopped.\n");
}

function banner(emulator: Emulator, { page }: EmulatorFlags): string {
  return `Azure SignalR emulator, Default mode, listening on ${emulator.url}
${page ? `\nLive page:\n  ${emulator.url}/\n` : ""}
Connection string:
  ${emulator.connectionString}

For an app that names its service "signalr":
  export ConnectionStrings__signalr="${emulator.connectionString}"

Press Ctrl-C to stop.
`;
}

function printingProbe(io: CliIo): Probe {
  return {
    isEnabled: (level) => level === "info" || level === "warn" || level === "error",
    log: (record: LogRecord) => {
      const text = `${record.level}: ${record.message}\n`;
      if (record.level === "info") io.out(text);
      else io.err(text);
    },
  };
}
