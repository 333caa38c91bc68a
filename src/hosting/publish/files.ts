import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SignalRError, toError } from "../../base/errors.js";
import type { App } from "../resources/app.js";
import { DOCKERIGNORE_TEXT, dockerfileName, dockerfileText, needsDockerfile } from "./dockerfile.js";
import { mainBicep, modulePath, usesPrincipalType } from "./main-bicep.js";
import { manifest, moduleFileName } from "./manifest.js";
import type { Publisher } from "./options.js";
import type { Plan } from "./plan.js";

/** One written file. */
export interface PublishedFile {
  /** Relative to the output folder, with slashes. */
  readonly path: string;
  readonly text: string;
  /** It may be yours already, and is left alone then. */
  readonly isKept?: boolean;
}

const MANIFEST_NAME = "aspire-manifest.json";

// All modules take a location, also those that make nothing that has one. And the formatter shall find the lines as .NET
// Aspire writes them, however long.
const BICEP_CONFIG: PublishedFile = Object.freeze({
  path: "bicepconfig.json",
  text: json({
    analyzers: { core: { rules: { "no-unused-params": { level: "off" } } } },
    formatting: { width: 1000 },
  }),
  isKept: true,
});

/**
 * The files of a publication.
 *
 * @param folder absolute path of the output folder
 */
export function publishedFiles(plan: Plan, publisher: Publisher, folder: string): readonly PublishedFile[] {
  return publisher === "manifest" ? manifestFiles(plan, folder) : bicepFiles(plan);
}

function bicepFiles(plan: Plan): readonly PublishedFile[] {
  return [
    { path: "main.bicep", text: mainBicep(plan).print() },
    { path: "main.parameters.json", text: json(azdParameters(plan)) },
    ...plan.modules.map((module) => ({ path: modulePath(module), text: module.file.print() })),
    BICEP_CONFIG,
  ];
}

function manifestFiles(plan: Plan, folder: string): readonly PublishedFile[] {
  return [
    { path: MANIFEST_NAME, text: json(manifest(plan, folder)) },
    ...plan.modules.map((module) => ({ path: moduleFileName(module), text: module.file.print() })),
    ...plan.apps.filter(needsDockerfile).flatMap(dockerFiles),
    BICEP_CONFIG,
  ];
}

function dockerFiles(app: App): readonly PublishedFile[] {
  const path = dockerfileName(app);
  return [
    { path, text: dockerfileText(app) },
    { path: `${path}.dockerignore`, text: DOCKERIGNORE_TEXT },
  ];
}

/** Where `azd provision` finds what the main file asks for; it asks for the rest. */
function azdParameters(plan: Plan): object {
  const values = {
    resourceGroupName: `rg-${azdVariable("AZURE_ENV_NAME")}`,
    location: azdVariable("AZURE_LOCATION"),
    principalId: azdVariable("AZURE_PRINCIPAL_ID"),
    ...(usesPrincipalType(plan) ? { principalType: azdVariable("AZURE_PRINCIPAL_TYPE=User") } : {}),
  };
  return {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    contentVersion: "1.0.0.0",
    parameters: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
  };
}

/** A variable of the azd environment; behind `=` stands what counts where it is not set. */
function azdVariable(name: string): string {
  return `\${${name}}`;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/**
 * Writes the files, and the folders that they need.
 *
 * @returns the absolute paths of what was written
 * @throws SignalRError HOSTING_FAILED naming the file that cannot be written
 */
export async function writeFiles(files: readonly PublishedFile[], folder: string): Promise<readonly string[]> {
  const written: string[] = [];
  for (const { path, text, isKept } of files) {
    const target = resolve(folder, path);
    try {
      if (isKept && (await exists(target))) continue;
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    } catch (error) {
      throw new SignalRError("HOSTING_FAILED", `${target} cannot be written: ${toError(error).message}.`, {
        cause: error,
      });
    }
    written.push(target);
  }
  return written;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
