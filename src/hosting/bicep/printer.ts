import { type BicepExpression, isBicepIdentifier } from "./values.js";

const STEP = "  ";

/** The expression as Bicep text, laid out as `bicep format` does: one item or member a line. */
export function printExpression(expression: BicepExpression, indent = ""): string {
  const { node } = expression;
  switch (node.kind) {
    case "literal":
      return typeof node.value === "string" ? quote(node.value) : String(node.value);
    case "text":
      return printText(node.parts, indent);
    case "name":
      return node.name;
    case "member": {
      const target = printExpression(node.of, indent);
      return isBicepIdentifier(node.name) ? `${target}.${node.name}` : `${target}[${quote(node.name)}]`;
    }
    case "call":
      return `${node.name}(${node.args.map((arg) => printExpression(arg, indent)).join(", ")})`;
    case "array":
      return block("[", "]", indent, node.items, (item, inner) => printExpression(item, inner));
    case "object":
      return block("{", "}", indent, node.members, ([name, value], inner) => {
        return `${isBicepIdentifier(name) ? name : quote(name)}: ${printExpression(value, inner)}`;
      });
  }
}

function block<Entry>(
  open: string,
  close: string,
  indent: string,
  entries: readonly Entry[],
  print: (entry: Entry, indent: string) => string,
): string {
  if (entries.length === 0) return `${open}${close}`;
  const inner = indent + STEP;
  return [open, ...entries.map((entry) => `${inner}${print(entry, inner)}`), `${indent}${close}`].join("\n");
}

function printText(parts: ReadonlyArray<string | BicepExpression>, indent: string): string {
  const texts = parts.map((part) => {
    return typeof part === "string" ? escapeText(part) : `\${${printExpression(part, indent)}}`;
  });
  return `'${texts.join("")}'`;
}

/** The text in quotes. */
export function quote(text: string): string {
  return `'${escapeText(text)}'`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeText(text: string): string {
  return (
    text
      // A lone half of a surrogate pair is no character, so there is no way to write it.
      .replace(/\p{Cs}/gu, "\ufffd")
      .replace(/[\\'\n\r\t]/g, (character) => ESCAPES[character] ?? character)
      .replaceAll("${", "\\${")
      .replace(/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
  );
}
