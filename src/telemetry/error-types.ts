import { SignalRError, toError } from "../base/errors.js";
import { OTHER } from "./names.js";

const MOST_TYPES = 100;
const LONGEST_NAME = 100;

/** Names of errors, as values of `error.type`: few, whatever applications put into the names of their errors. */
export class ErrorTypes {
  readonly #seen = new Set<string>();

  of(thrown: unknown): string {
    const name = nameOf(toError(thrown));
    if (this.#seen.has(name)) return name;
    if (this.#seen.size >= MOST_TYPES || name.length > LONGEST_NAME) return OTHER;
    this.#seen.add(name);
    return name;
  }
}

/** The code of our own errors; else the error's name, or its class where it has none of its own. */
function nameOf(error: Error): string {
  if (error instanceof SignalRError) return error.code;
  const { name } = error;
  return typeof name === "string" && name !== "" && name !== "Error" ? name : error.constructor.name;
}
