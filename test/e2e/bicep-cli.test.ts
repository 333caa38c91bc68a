import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BicepCompiler, startBicep } from "../support/bicep-rpc.js";
import { MODELS } from "../support/hosting-models.js";

/** Where test/support/fetch-bicep.sh puts it. */
const cache = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "azure-signalr-server/bicep-0.49.2/bicep",
);
const executable = process.env["BICEP_PATH"] ?? cache;
const isThere = existsSync(executable);
const title = isThere
  ? "the Bicep compiler"
  : "the Bicep compiler: SKIPPED, there is none (run test/support/fetch-bicep.sh, or set BICEP_PATH)";

describe.runIf(isThere)(
  title,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "bicep-"));
    let compiler: BicepCompiler;

    beforeAll(async () => {
      compiler = startBicep(executable);
      for (const [name, model] of Object.entries(MODELS)) {
        await model().publish({ publisher: "bicep", folder: join(folder, name) });
      }
    });
    afterAll(() => {
      compiler.end();
      rmSync(folder, { recursive: true, force: true });
    });

    const text = (path: string): string => readFileSync(path, "utf8");
    const filesOf = (model: string): readonly string[] =>
      readdirSync(join(folder, model), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".bicep"));

    test("sees faults in the modules of a main file", async () => {
      const broken = join(folder, "broken");
      mkdirSync(broken);
      writeFileSync(join(broken, "main.bicep"), "module part 'part.bicep' = {\n  name: 'part'\n}\n");
      writeFileSync(join(broken, "part.bicep"), "param unused string = ''\n");
      expect(await compiler.call("bicep/compile", join(broken, "main.bicep"))).toMatchObject({
        diagnostics: [{ code: "no-unused-params" }],
      });
    });

    test.each(Object.keys(MODELS))("compiles every file of the model %s without a warning", async (model) => {
      const main = join(folder, model, "main.bicep");
      expect(await compiler.call("bicep/compile", main)).toMatchObject({ success: true, diagnostics: [] });
      const modules = [...text(main).matchAll(/^module \w+ '(.+)' = \{$/gm)].map(([, path]) => path);
      expect(["main.bicep", ...modules].sort()).toEqual([...filesOf(model)].sort());
    });

    test.each(Object.keys(MODELS))("has nothing to format in the model %s", async (model) => {
      for (const file of filesOf(model)) {
        const path = join(folder, model, file);
        const { contents } = await compiler.call("bicep/format", path);
        expect(`${String(contents).trimEnd()}\n`, file).toBe(text(path));
      }
    });
  },
  120_000,
);
