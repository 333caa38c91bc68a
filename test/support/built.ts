import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of the project, with a slash at its end. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the compiler on a project; what it has to say, empty when all is well. */
export function compile(project: string): string {
  try {
    execFileSync(`${root}node_modules/.bin/tsc`, ["-p", project, "--pretty", "false"], { cwd: root, encoding: "utf8" });
    return "";
  } catch (error) {
    const { stdout } = error as { readonly stdout?: unknown };
    if (typeof stdout !== "string" || stdout === "") throw error;
    return stdout;
  }
}

/** Builds the package into dist/, unless what is there is newer than every source: `npm test` has built it already. */
export function ensureBuilt(): void {
  const changed = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:ts|js|css|html|svg)$/.test(file) && !file.endsWith(".test.ts"))
    .map((file) => statSync(`${root}src/${file}`).mtimeMs);
  const built = statSync(`${root}dist/index.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > Math.max(...changed)) return;
  const complaints = compile("tsconfig.build.json");
  if (complaints !== "") throw new Error(`the package does not build:\n${complaints}`);
  execFileSync(process.execPath, [`${root}scripts/copy-page.mjs`]);
}
