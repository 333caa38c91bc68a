// Writes the API reference of each door from the doc comments, as Markdown, into docs/api.
//
//   npm run docs:api
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("..", import.meta.url));
const output = join(root, "docs/api");
const documenter = join(root, "node_modules/.bin/api-documenter");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The generator knows no `@default` and would drop it: it becomes a paragraph. */
function keepDefaults(file) {
  const model = JSON.parse(readFileSync(file, "utf8"), (key, value) =>
    key === "docComment" ? value.replaceAll(/\s*@default /g, "\n *\n * Default: ") : value,
  );
  writeFileSync(file, JSON.stringify(model));
}

/** Reads what a door exports into a model of its API. */
function extract(types, folder) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, types),
      compiler: { tsconfigFilePath: join(root, "tsconfig.build.json") },
      apiReport: { enabled: false },
      docModel: { enabled: true, apiJsonFilePath: join(folder, "door.api.json") },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // Release tags are not used here: all that a door exports is public.
        extractorMessageReporting: { "ae-missing-release-tag": { logLevel: "none" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "package.json"),
  });
  return Extractor.invoke(config, { localBuild: true, showVerboseMessages: false });
}

rmSync(output, { recursive: true, force: true });
for (const [door, { types }] of Object.entries(exports)) {
  if (types === undefined) continue;
  const name = door === "." ? "azure-signalr-server" : door.slice(2);
  const folder = mkdtempSync(join(tmpdir(), "api-"));
  const { errorCount } = extract(types, folder);
  keepDefaults(join(folder, "door.api.json"));
  mkdirSync(join(output, name), { recursive: true });
  const args = ["markdown", "--input-folder", folder, "--output-folder", join(output, name)];
  const { status } = spawnSync(documenter, args, { stdio: ["ignore", "ignore", "pipe"] });
  rmSync(folder, { recursive: true });
  if (errorCount > 0 || status !== 0) process.exitCode = 1;
  else console.log(`docs/api/${name}/index.md`);
}
