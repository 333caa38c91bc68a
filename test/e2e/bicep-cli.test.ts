import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MODELS } from "../support/hosting-models.js";

const run = promisify(execFile);

/** Where test/support/fetch-bicep.sh puts it. */
const cache = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "azure-signalr-server/bicep-0.49.2/bicep",
);
const compiler = process.env["BICEP_PATH"] ?? cache;
const isThere = existsSync(compiler);
const title = isThere
  ? "the Bicep compiler"
  : "the Bicep compiler: SKIPPED, there is none (run test/support/fetch-bicep.sh, or set BICEP_PATH)";

describe.runIf(isThere)(
  title,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "bicep-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const written = (): readonly string[] =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".bicep"));
    const text = (file: string): string => readFileSync(join(folder, file), "utf8");

    beforeAll(async () => {
      for (const [name, model] of Object.entries(MODELS)) {
        await model().publish({ publisher: "bicep", folder: join(folder, name) });
      }
      // Its modules are the same texts, under other names.
      await MODELS["default"]?.().publish({ publisher: "manifest", folder: join(folder, "manifest") });
    });

    // One process for all files: starting it takes longer than what it does.
    test("compiles every file of every model without a warning", async () => {
      const { stdout, stderr } = await run(compiler, ["build", "--pattern", `${folder}/**/*.bicep`]);
      expect(stderr + stdout).toBe("");
      const compiled = written().filter((file) => existsSync(join(folder, file.replace(/bicep$/, "json"))));
      expect(compiled).toEqual(written());
      expect(compiled.length).toBeGreaterThan(35);
    });

    test("has nothing to format", async () => {
      const before = new Map(written().map((file) => [file, text(file)]));
      await run(compiler, ["format", "--pattern", `${folder}/**/*.bicep`]);
      for (const [file, unformatted] of before) expect(`${text(file).trimEnd()}\n`, file).toBe(unformatted);
    });
  },
  120_000,
);
