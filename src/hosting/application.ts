import { resolve } from "node:path";
import { SignalRError, toError } from "../base/errors.js";
import type { Configuration } from "./configuration.js";
import type { ExecutionMode } from "./model.js";
import { type PublishedFile, publishedFiles, writeFiles } from "./publish/files.js";
import type { Publisher, RolesPlacement } from "./publish/options.js";
import { type Plan, planPublication } from "./publish/plan.js";
import { reportPublication } from "./publish/report.js";
import type { Resource } from "./resources/resource.js";
import type { RunOptions } from "./run/options.js";
import { runUntilInterrupted } from "./run/run.js";
import { type RunningApplication, startApplication } from "./run/running-application.js";

/** What {@link Application} is made of. */
export interface ApplicationParts {
  readonly mode: ExecutionMode;
  readonly folder: string;
  readonly resources: readonly Resource[];
  readonly configuration: Configuration;
  /** Environment variables of the app host, which its apps inherit. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly roles: RolesPlacement;
  readonly publisher: Publisher;
  readonly outputPath: string | undefined;
  /** Whether the process that started this one wants to hear what was published, or what is wrong. */
  readonly reports: boolean;
}

/** Where files go when nobody says otherwise. */
const DEFAULT_FOLDERS: Readonly<Record<Publisher, string>> = Object.freeze({
  bicep: "infra",
  manifest: "aspire-output",
});

/** What of a publication can be chosen. */
export interface PublishOptions {
  /** @default as the command line says, else "bicep" */
  readonly publisher?: Publisher;
  /** Output folder, relative to the working folder. @default as the command line says, else `infra` for Bicep and `aspire-output` for the manifest */
  readonly folder?: string;
}

/** An application that is described to its end; made by `build()`. */
export class Application {
  readonly mode: ExecutionMode;
  /** Absolute path of the app host's folder. */
  readonly folder: string;
  /** All resources, in the order in which they were added. */
  readonly resources: readonly Resource[];
  readonly #parts: ApplicationParts;

  constructor(parts: ApplicationParts) {
    this.mode = parts.mode;
    this.folder = parts.folder;
    this.resources = Object.freeze([...parts.resources]);
    this.#parts = parts;
  }

  /**
   * The texts that `publish` writes, without writing them.
   *
   * @throws SignalRError ARGUMENT_INVALID when the model cannot be written down, or this is an application to run
   */
  files(options: PublishOptions = {}): readonly PublishedFile[] {
    const { publisher, folder } = this.#target(options);
    return publishedFiles(this.#plan(), publisher, folder);
  }

  /**
   * Writes the application down for its deployment.
   *
   * @returns absolute paths of the written files
   * @throws SignalRError ARGUMENT_INVALID when the model cannot be written down, HOSTING_FAILED when a file cannot
   */
  async publish(options: PublishOptions = {}): Promise<readonly string[]> {
    return await writeFiles(this.files(options), this.#target(options).folder);
  }

  /**
   * Does what the command line asks for: runs the application until it is interrupted (Ctrl-C, SIGTERM), or publishes it.
   * What the program of an app host ends with: `await builder.build().run()`.
   *
   * @throws SignalRError as `publish` or `start`
   */
  async run(options: RunOptions = {}): Promise<void> {
    try {
      if (this.mode === "run") {
        await runUntilInterrupted(this.#parts, options);
        return;
      }
      const files = await this.publish();
      if (this.#parts.reports) reportPublication({ files });
    } catch (error) {
      if (this.#parts.reports) reportPublication({ error: toError(error).message });
      throw error;
    }
  }

  /**
   * Starts the application, for who decides alone when it ends, such as a test. Resolves when its emulators run; its apps are
   * started as what they wait for becomes ready.
   *
   * @throws SignalRError CONNECTION_STRING_MISSING or CONFIG_INVALID for a value that is not configured, PORT_IN_USE,
   *   EMULATOR_FAILED, HOSTING_FAILED for what cannot be run; nothing is left running then
   * @example
   * await using running = await builder.build().start();
   * await running.ready();
   */
  async start(options: RunOptions = {}): Promise<RunningApplication> {
    if (this.mode !== "run") {
      throw new SignalRError("ARGUMENT_INVALID", "The application was described to be published; it cannot be run.");
    }
    return await startApplication(this.#parts, options);
  }

  #plan(): Plan {
    if (this.mode !== "publish") {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        "The application was described to be run. To publish it, start its program with `--publisher bicep`, or use `azure-signalr bicep`.",
      );
    }
    return planPublication(this.resources, this.#parts.roles);
  }

  #target({ publisher = this.#parts.publisher, folder }: PublishOptions) {
    return { publisher, folder: resolve(folder ?? this.#parts.outputPath ?? DEFAULT_FOLDERS[publisher]) };
  }
}
