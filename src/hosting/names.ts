import { SignalRError } from "../base/errors.js";

const LONGEST_NAME = 64;

/**
 * Checks a resource's name by the rules of .NET Aspire: 1 to 64 ASCII letters, digits and hyphens; a letter first; no
 * hyphen last, and no two in a row.
 *
 * @throws SignalRError ARGUMENT_INVALID naming the rule that is broken
 */
export function checkResourceName(name: string): void {
  const problem = problemOf(name);
  if (problem === undefined) return;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, LONGEST_NAME + 1)) : typeof name;
  throw new SignalRError("ARGUMENT_INVALID", `A resource cannot be named ${shown}: ${problem}.`);
}

function problemOf(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "") return "a name is a text of 1 to 64 characters";
  if (name.length > LONGEST_NAME) return `it has ${name.length} characters, allowed are 1 to ${LONGEST_NAME}`;
  if (!/^[A-Za-z0-9-]+$/.test(name)) return "allowed are ASCII letters, digits and hyphens";
  if (!/^[A-Za-z]/.test(name)) return "it must start with a letter";
  if (name.endsWith("-")) return "it must not end with a hyphen";
  if (name.includes("--")) return "it must not have two hyphens in a row";
  return undefined;
}

/** The name that a resource has inside Bicep files. */
export function bicepIdentifier(name: string): string {
  const identifier = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return /^\d/.test(identifier) ? `_${identifier}` : identifier;
}

/** The name as the beginning of an environment variable: `my-signalr` becomes `MY_SIGNALR`. */
export function variablePrefix(name: string): string {
  return bicepIdentifier(name).toUpperCase();
}
