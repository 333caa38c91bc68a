import { badRequest } from "./rest-answer.js";

/** One word of a filter. */
export interface FilterToken {
  readonly kind: "text" | "number" | "name" | "mark" | "end";
  readonly text: string;
}

// No two alternatives can begin alike, so a long filter is read in one pass.
const TOKEN = /\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([(),]))/y;
const REST = /\s*$/y;

/** @throws RestRefusal for a character that belongs to nothing */
export function readTokens(filter: string): readonly FilterToken[] {
  const tokens: FilterToken[] = [];
  let at = 0;
  for (;;) {
    REST.lastIndex = at;
    if (REST.test(filter)) return [...tokens, { kind: "end", text: "the end" }];
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(filter);
    if (match === null) throw badRequest(`The filter cannot be read from character ${at + 1} on.`, "filter");
    at = TOKEN.lastIndex;
    tokens.push(tokenOf(match));
  }
}

function tokenOf([, text, number, name, mark]: RegExpExecArray): FilterToken {
  if (text !== undefined) return { kind: "text", text: text.replaceAll("''", "'") };
  if (number !== undefined) return { kind: "number", text: number };
  if (name !== undefined) return { kind: "name", text: name };
  return { kind: "mark", text: mark ?? "" };
}
