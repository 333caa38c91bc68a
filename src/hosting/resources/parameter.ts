import { SignalRError } from "../../base/errors.js";
import type { Model } from "../model.js";

/** How {@link Parameter} is declared. */
export interface ParameterOptions {
  /** Its value must not be shown or stored in the open. @default false */
  readonly secret?: boolean;
  /** The value where nobody gives another one. @default none: a value must be given */
  readonly default?: string;
  /** What it is for, for whoever is asked for a value. @default none */
  readonly description?: string;
}

/** A value that is given from outside: by the app host's configuration when running, by whoever deploys when published. */
export class Parameter {
  readonly kind = "parameter";
  readonly name: string;
  readonly isSecret: boolean;
  readonly default: string | undefined;
  readonly description: string | undefined;
  readonly #model: Model;

  constructor(model: Model, name: string, options: ParameterOptions) {
    if (options.secret === true && options.default !== undefined) {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        `Parameter ${name} is secret, so its default cannot stand in code; put the value into the user secrets, as Parameters:${name}.`,
      );
    }
    this.#model = model;
    this.name = name;
    this.isSecret = options.secret ?? false;
    this.default = options.default;
    this.description = options.description;
  }

  /**
   * The value in the app host's configuration, key `Parameters:<name>`, else the default.
   *
   * @throws SignalRError CONFIG_INVALID where there is neither
   */
  get value(): string {
    const key = `Parameters:${this.name}`;
    const value = this.#model.configuration.get(key) ?? this.default;
    if (value === undefined) throw new SignalRError("CONFIG_INVALID", this.#model.configuration.missing(key));
    return value;
  }
}
