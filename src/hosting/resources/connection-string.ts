import { SignalRError } from "../../base/errors.js";
import type { Model } from "../model.js";
import type { ConnectionStringReference, Value } from "../values.js";

/** A connection string that exists already: from the app host's configuration, or put together from other values. */
export class ConnectionString {
  readonly kind = "connection";
  readonly name: string;
  /** What it is put together from; undefined: it is configured. */
  readonly expression: Value | undefined;
  readonly #model: Model;

  constructor(model: Model, name: string, expression: Value | undefined) {
    this.#model = model;
    this.name = name;
    this.expression = expression;
  }

  /** For other resources' environment. */
  get connectionString(): ConnectionStringReference {
    return { kind: "connectionString", source: this };
  }

  /**
   * The value in the app host's configuration, key `ConnectionStrings:<name>`.
   *
   * @throws SignalRError CONNECTION_STRING_MISSING naming the key
   */
  get value(): string {
    const key = `ConnectionStrings:${this.name}`;
    const value = this.#model.configuration.get(key);
    if (!value) throw new SignalRError("CONNECTION_STRING_MISSING", this.#model.configuration.missing(key));
    return value;
  }
}
