import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SignalRError } from "../base/errors.js";
import { loadUpstreamSettings, NEW_SETTINGS, SETTINGS_FILE } from "../emulator/serverless/upstream-settings.js";
import type { CliIo } from "./io.js";
import { listTemplates } from "./template-list.js";

export interface InitFlags {
  readonly output: string;
  readonly force?: boolean;
}

export interface ListFlags {
  readonly config?: string;
}

/** Writes a settings file to begin with. */
export function writeSettings({ output, force }: InitFlags, io: CliIo): void {
  const folder = resolve(output);
  const file = join(folder, SETTINGS_FILE);
  try {
    mkdirSync(folder, { recursive: true });
    // Fails for a file that is there, also for one that comes between a look and the writing.
    writeFileSync(file, NEW_SETTINGS, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      throw new SignalRError("CONFIG_INVALID", `${file} is there already; --force overwrites it.`, { cause: error });
    }
    const reason = code ?? "unknown reason";
    throw new SignalRError("CONFIG_INVALID", `${file} cannot be written (${reason}).`, { cause: error });
  }
  io.out(`${file} was written. A running emulator that was started in this folder takes it at once.\n`);
}

/** Prints the templates that an emulator would use. */
export function printTemplates({ config }: ListFlags, io: CliIo): void {
  const { file, isThere, templates } = loadUpstreamSettings(config, io.environment);
  io.out(`Upstream templates, first that fits (${file}${isThere ? "" : ", not there"}):\n${listTemplates(templates)}`);
}
