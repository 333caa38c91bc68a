import { type ErrorCode, SignalRError } from "../base/errors.js";

/** Something wrong with the settings, as one line that names key and source. Never holds a secret. */
export interface Problem {
  readonly code: ErrorCode;
  readonly line: string;
}

// Longer texts are no wrong option any more, but something that was pasted in the wrong place: maybe a key.
const LONGEST_SHOWN = 24;
const PLAIN_TEXT = /^[\w .,:+-]*$/;

/** One error for all problems; its code is CONFIG_INVALID unless all problems share another one. */
export function settingsError(name: string, problems: readonly Problem[], cause?: unknown): SignalRError {
  const codes = new Set(problems.map((problem) => problem.code));
  const [only] = codes;
  const code = codes.size === 1 && only !== undefined ? only : "CONFIG_INVALID";
  const lines = problems.map((problem) => problem.line);
  const message =
    lines.length === 1
      ? `${lines[0]}`
      : `The settings of "${name}" have ${lines.length} mistakes:\n- ${lines.join("\n- ")}`;
  return new SignalRError(code, message, cause === undefined ? undefined : { cause });
}

/** A value as an error may show it: short plain texts and numbers as they are, of all else only the kind. */
export function shownValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return shownText(value);
    case "number":
    case "boolean":
      return String(value);
    case "undefined":
      return "nothing";
    case "object":
      return "an object";
    default:
      return `a ${typeof value}`;
  }
}

function shownText(value: string): string {
  if (value === "") return "an empty text";
  const isShown = value.length <= LONGEST_SHOWN && PLAIN_TEXT.test(value);
  return isShown ? `"${value}"` : `a text of ${value.length} characters (not shown, it might be secret)`;
}
