import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SERVICE_DEFAULTS } from "../src/config/options.js";
import { EMULATOR_DEFAULTS } from "../src/emulator/options.js";
import { HUB_DEFAULTS } from "../src/hub/options.js";
import { root } from "./support/built.js";

const read = (file: string): string => readFileSync(root + file, "utf8");
const ofFolder = (folder: string): string[] =>
  readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    // The generated reference is no document of ours.
    .filter((file) => file.endsWith(".md") && !file.startsWith("api/"))
    .map((file) => `${folder}/${file}`);

const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...ofFolder("docs"),
];

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The codes and names in the first column of a document's tables. */
function firstColumn(file: string): string[] {
  return [...read(file).matchAll(/^\| ([^|]+) \|/gm)].flatMap((row) =>
    [...(row[1] ?? "").matchAll(/`([^`]+)`/g)].map((name) => name[1] ?? ""),
  );
}

describe("the documents", () => {
  test("link to files and headings that exist", () => {
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)].flatMap(([, path = "", anchor]) => {
        const target = path === "" ? document : join(dirname(document), path);
        const isThere = existsSync(root + target) && (anchor === undefined || anchorsOf(target).includes(anchor));
        return isThere ? [] : [`${document}: ${path}${anchor === undefined ? "" : `#${anchor}`}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test("name tests that exist", () => {
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)].flatMap(([, file = "", words = ""]) =>
        existsSync(root + file) && read(file).includes(words) ? [] : [`${document}: ${file}: ${words}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test("are all reachable from the index", () => {
    const index = read("docs/README.md");
    const forgotten = ofFolder("docs").filter(
      (file) => file !== "docs/README.md" && !index.includes(`(${file.slice("docs/".length)})`),
    );
    expect(forgotten).toEqual([]);
  });
});

describe("the reference", () => {
  test("explains every error code, and none that does not exist", () => {
    const codes = [...read("src/base/errors.ts").matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map((match) => match[1] ?? "");
    expect(codes.length).toBeGreaterThan(20);
    expect([...new Set(firstColumn("docs/reference/errors.md"))].sort()).toEqual(codes.sort());
  });

  test("lists every option", () => {
    const listed = firstColumn("docs/reference/options.md").map((name) => name.replace(/\..*/, ""));
    const options = [SERVICE_DEFAULTS, HUB_DEFAULTS, EMULATOR_DEFAULTS].flatMap((defaults) => Object.keys(defaults));
    expect(options.filter((option) => !listed.includes(option))).toEqual([]);
  });

  test("names the defaults that the code has", () => {
    const reference = read("docs/reference/options.md");
    const row = (name: string): string => new RegExp(`^\\| \`${name}\`.*$`, "m").exec(reference)?.[0] ?? "";
    for (const defaults of [SERVICE_DEFAULTS, HUB_DEFAULTS]) {
      for (const [name, value] of Object.entries(defaults)) {
        if (typeof value !== "number" || value % (1024 * 1024) === 0) continue;
        expect(row(name)).toMatch(new RegExp(`\\| ${value.toLocaleString("en-US")} +\\|`));
      }
    }
  });
});
