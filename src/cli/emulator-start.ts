import { readFileSync } from "node:fs";
import { systemClock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import { PACKAGE_VERSION } from "../base/package-version.js";
import type { LogLevel, LogRecord, Probe } from "../base/probe.js";
import { type Emulator, startEmulator } from "../emulator/emulator.js";
import type { EmulatorTls } from "../emulator/options.js";
import type { EmulatorMode } from "../emulator/serverless/hub-modes.js";
import { loadUpstreamSettings, type UpstreamSettings } from "../emulator/serverless/upstream-settings.js";
import type { CliIo } from "./io.js";
import { listTemplates } from "./template-list.js";

/** What the user may choose on the command line. */
export interface StartFlags {
  readonly port: number;
  readonly ip?: string;
  readonly host?: string;
  readonly key?: string;
  readonly mode: EmulatorMode;
  readonly instances: number;
  readonly config?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly entra?: boolean;
  /** Whether the live page is served. */
  readonly page: boolean;
  readonly logLevel: ShownLevel;
}

/** From which level on log lines are shown. */
export type ShownLevel = LogLevel | "silent";

/** From the most to the least talkative. */
export const SHOWN_LEVELS: readonly ShownLevel[] = Object.freeze(["trace", "debug", "info", "warn", "error", "silent"]);

// The small file is read anew now and then: the system's own news of changes differ from editor to editor.
const SETTINGS_LOOK_MS = 500;

/** Runs an emulator until the user ends it. Rejects when it cannot start. */
export async function runEmulator(flags: StartFlags, io: CliIo): Promise<void> {
  const settings = loadUpstreamSettings(flags.config, io.environment);
  const host = flags.ip ?? flags.host;
  const tls = readTls(flags);
  const emulator = await startEmulator({
    port: flags.port,
    mode: flags.mode,
    instances: flags.instances,
    upstream: settings.templates,
    entra: flags.entra ?? false,
    livePage: flags.page,
    ...(host === undefined ? {} : { host }),
    ...(flags.key === undefined ? {} : { accessKey: flags.key }),
    ...(tls === undefined ? {} : { tls }),
    probe: printingProbe(flags.logLevel, io),
  });
  io.out(banner(emulator, flags, settings));
  const watch = new SettingsWatch(emulator, settings, flags, io);
  const looking = systemClock.every(SETTINGS_LOOK_MS, () => watch.look());
  await new Promise<void>((resolve) => {
    if (io.interrupted.aborted) resolve();
    else io.interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
  looking.cancel();
  await emulator.stop();
  io.out("The emulator has stopped.\n");
}

/** Takes the settings over whenever they have become others. Those that make no sense change nothing. */
class SettingsWatch {
  readonly #emulator: Emulator;
  readonly #path: string | undefined;
  readonly #io: CliIo;
  #last: string;

  constructor(emulator: Emulator, settings: UpstreamSettings, { config }: StartFlags, io: CliIo) {
    this.#emulator = emulator;
    this.#path = config;
    this.#io = io;
    this.#last = JSON.stringify(settings.templates);
  }

  look(): void {
    try {
      const { templates } = loadUpstreamSettings(this.#path, this.#io.environment);
      if (!this.#isNew(JSON.stringify(templates))) return;
      this.#emulator.setUpstream(templates);
      this.#io.out(`The upstream settings have changed.\n${listTemplates(templates)}`);
    } catch (error) {
      const { message } = toError(error);
      if (this.#isNew(message)) this.#io.err(`error: ${message} The upstream settings stay as they were.\n`);
    }
  }

  #isNew(found: string): boolean {
    const isNew = found !== this.#last;
    this.#last = found;
    return isNew;
  }
}

function readTls({ cert, certKey }: StartFlags): EmulatorTls | undefined {
  if (cert === undefined && certKey === undefined) return undefined;
  if (cert === undefined || certKey === undefined) {
    throw new SignalRError("CONFIG_INVALID", "--cert and --cert-key belong together: give both files, in PEM form.");
  }
  return { cert: readPem(cert), key: readPem(certKey) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SignalRError("CONFIG_INVALID", `${file} cannot be read (${code ?? "unknown reason"}).`, { cause: error });
  }
}

function banner(emulator: Emulator, { mode, entra, page }: StartFlags, settings: UpstreamSettings): string {
  const identity = entra
    ? `\nFor an app with a Microsoft Entra ID identity (no token is checked):\n  Endpoint=${emulator.url};AuthType=azure\n`
    : "";
  return `Azure SignalR emulator ${PACKAGE_VERSION}, mode ${mode}, listening on ${emulator.url}
${page ? `\nLive page:\n  ${emulator.url}/\n` : ""}
Connection string:
  ${emulator.connectionString}

For an app that names its service "signalr":
  export ConnectionStrings__signalr="${emulator.connectionString}"
${identity}
${mode === "default" ? "" : `Upstream settings (${settings.file}${settings.isThere ? "" : ", not there"}):\n${listTemplates(settings.templates)}\n`}Press Ctrl-C to stop.
`;
}

function printingProbe(least: ShownLevel, io: CliIo): Probe {
  const rank = SHOWN_LEVELS.indexOf(least);
  return {
    isEnabled: (level) => SHOWN_LEVELS.indexOf(level) >= rank,
    log: (record: LogRecord) => {
      if (SHOWN_LEVELS.indexOf(record.level) < rank) return;
      // Names that clients made up must not steer the terminal.
      const text = `${record.level}: ${record.message.replace(/\p{Cc}/gu, "?")}\n`;
      if (record.level === "warn" || record.level === "error") io.err(text);
      else io.out(text);
    },
  };
}
