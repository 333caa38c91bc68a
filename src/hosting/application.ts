import { resolve } from "node:path";
import { SignalRError, toError } from "../base/errors.js";
import type { ExecutionMode } from "./model.js";
import { type PublishedFile, publishedFiles, writeFiles } from "./publish/files.js";
import type { Publisher, RolesPlacement } from "./publish/options.js";
import { type Plan, planPublication } from "./publish/plan.js";
import { reportPublication } from "./publish/report.js";
import type { Resource } from "./resources/resource.js";

/** What {@link Application} is made of. */
export interface ApplicationParts {
  readonly mode: ExecutionMode;
  readonly folder: string;
  readonly resources: readonly Resource[];
  readonly roles: RolesPlacement;
  readonly publisher: Publisher;
  readonly outputPath: string | undefined;
  /** Whether the process that started this one wants to hear what was published. */
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
   * Does what the command line asks for. What the program of an app host ends with: `await builder.build().run()`.
   *
   * @throws SignalRError as `publish`; HOSTING_FAILED when the application is to be run, which this version cannot do
   */
  async run(): Promise<void> {
    if (this.mode === "run") {
      throw new SignalRError("HOSTING_FAILED", "This version publishes applications; it cannot run them.");
    }
    try {
      const files = await this.publish();
      if (this.#parts.reports) reportPublication({ files });
    } catch (error) {
      if (this.#parts.reports) reportPublication({ error: toError(error).message });
      throw error;
    }
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
