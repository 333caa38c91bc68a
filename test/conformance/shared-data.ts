import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const projectRoot = fileURLToPath(new URL("../../", import.meta.url));
const folder = process.env["SHARED_DIR"] ?? resolve(projectRoot, "../shared");

/** A file of the shared test data, parsed; undefined where that data is not at hand (a fresh clone has none). */
export function readSharedData<T>(path: string): T | undefined {
  const file = resolve(folder, path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}
