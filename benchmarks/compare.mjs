// What a change costs or saves: the hub server of another commit beside that of this tree, in one run.
//
//   npm run bench:compare BASE -- [--rounds 5] [--only "part of a name"]
//
// BASE is anything that git takes for a commit. It is built in a temporary folder with the packages of this tree; then
// benchmarks/host.mjs lets both hub servers and the floor take turns, each with a synthetic service of its own.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [base, ...rest] = process.argv.slice(2);
if (base === undefined || base.startsWith("-")) {
  console.error("Name the commit to compare with: npm run bench:compare main");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "bench-compare-"));
const tree = join(folder, "base");
const run = (program, args, cwd) => execFileSync(program, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
let status = 1;
try {
  run("git", ["worktree", "add", "--detach", tree, base], root);
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  run("npm", ["run", "--silent", "build"], tree);
  const args = ["benchmarks/host.mjs", "--base", join(tree, "dist/index.js"), ...rest];
  status = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  run("git", ["worktree", "prune"], root);
}
process.exit(status);
