// Two versions of this package in one run: that of this tree and that of another commit, which is built in a temporary folder.
//
//   npm run bench:compare BASE -- [--rounds 5] [--only "part of a name"]
//
// Their hub servers alternate round by round, so that a busy machine is busy for both; a ratio below 1 is a gain.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { idleTable, scenarioTable } from "./lib/results.mjs";
import { hostSuite, packageHost } from "./suites/host.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, only: { type: "string" } },
});
const [base] = positionals;
if (base === undefined) throw new Error("name the commit to compare with: npm run bench:compare BASE");

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bench-base-"));
const tree = join(folder, "tree");
const inTree = (program, ...args) => execFileSync(program, args, { cwd: tree, stdio: ["ignore", "ignore", "inherit"] });

/** The packages of this tree serve, unless the other commit has others. */
function installPackages() {
  const lockOf = (where) => readFileSync(join(where, "package-lock.json"), "utf8");
  if (lockOf(root) === lockOf(tree)) symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  else inTree("npm", "ci", "--no-audit", "--no-fund");
}

execFileSync("git", ["worktree", "add", "--quiet", "--detach", tree, base], { cwd: root, stdio: "inherit" });
try {
  installPackages();
  inTree("npm", "run", "--silent", "build");
  // Copied, so that building this tree during a long run changes nothing that is under test.
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  const entryOf = (where) => pathToFileURL(join(where, "dist", "index.js")).href;
  const servers = [packageHost("this tree", entryOf(folder)), packageHost(base, entryOf(tree))];
  const result = await hostSuite({ rounds: Number(values.rounds), servers, reference: base, only: values.only });
  console.log(`Node ${process.version}. ${result.title}\n\n${scenarioTable(result, `to ${base}`)}`);
  console.log(`\n${result.idleClients} idle clients\n\n${idleTable(result)}`);
} finally {
  execFileSync("git", ["worktree", "remove", "--force", tree], { cwd: root });
  rmSync(folder, { recursive: true });
}
