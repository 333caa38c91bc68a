const LONGEST = 500;

/** Line breaks and other control characters, and marks that turn the direction of writing. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

/**
 * A text that someone else wrote, fit for a sentence of ours: one line, without control characters, at most 500
 * characters. What the service or a client sends must not be able to fill a log, or to forge a line of it.
 */
export function foreignText(text: string): string {
  // Cut first, so that the work does not grow with what was sent.
  const head = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return head.replace(UNFIT, " ").trim();
}

/** {@link foreignText} that another sentence may follow. */
export function foreignSentence(text: string): string {
  const line = foreignText(text);
  return /[.!?…]$/.test(line) ? line : `${line}.`;
}
