import { SignalRError } from "../base/errors.js";
import type { Configuration } from "./configuration.js";

/** Whether the application is started on this machine, or written down for its deployment. */
export type ExecutionMode = "run" | "publish";

/** What all resources of one builder share. */
export interface Model {
  readonly mode: ExecutionMode;
  /** Absolute path of the app host's folder; relative paths start there. */
  readonly folder: string;
  readonly configuration: Configuration;
  /**
   * To be called before anything of a resource is changed.
   *
   * @throws SignalRError ARGUMENT_INVALID once the application is built
   */
  change(): void;
}

/** A model that can be closed. */
export class OpenModel implements Model {
  readonly mode: ExecutionMode;
  readonly folder: string;
  readonly configuration: Configuration;
  #isBuilt = false;

  constructor(mode: ExecutionMode, folder: string, configuration: Configuration) {
    this.mode = mode;
    this.folder = folder;
    this.configuration = configuration;
  }

  change(): void {
    if (this.#isBuilt) {
      throw new SignalRError("ARGUMENT_INVALID", "The application is built: its resources cannot be changed any more.");
    }
  }

  /** From now on nothing can be changed. */
  close(): void {
    this.#isBuilt = true;
  }
}
