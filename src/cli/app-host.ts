import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { SignalRError } from "../base/errors.js";

/** Where an app host is looked for when nobody names one. */
export const APP_HOSTS: readonly string[] = Object.freeze([
  "apphost.js",
  "apphost.mjs",
  "dist/apphost.js",
  "apphost.ts",
  "apphost.mts",
]);

/**
 * The program that describes the application.
 *
 * @param named as on the command line; undefined: the first of {@link APP_HOSTS} that is there
 * @returns its absolute path
 * @throws SignalRError HOSTING_FAILED when there is none, or Node cannot start it
 */
export function findAppHost(named: string | undefined, folder = process.cwd()): string {
  const found = (named === undefined ? APP_HOSTS : [named]).map((name) => resolve(folder, name)).find(isFile);
  if (found === undefined) {
    const text =
      named === undefined
        ? `There is no app host in ${folder}: looked for ${APP_HOSTS.join(", ")}. Name it with --apphost.`
        : `There is no file ${resolve(folder, named)}.`;
    throw new SignalRError("HOSTING_FAILED", text);
  }
  if (/\.[cm]?ts$/.test(found) && !canRunTypeScript()) {
    throw new SignalRError(
      "HOSTING_FAILED",
      `Node ${process.versions.node} cannot start ${relative(folder, found)}: compile it, and name the JavaScript file with --apphost; or use Node 22.18 or newer.`,
    );
  }
  return found;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether Node takes types away itself, or was told who does. */
function canRunTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return Boolean(typescript) || /--import|--loader|--require|-r /.test(process.env["NODE_OPTIONS"] ?? "");
}
