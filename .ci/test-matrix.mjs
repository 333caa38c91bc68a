/*
 * Runs the tests on several versions of Node, one after the other: `npm run test:matrix`, or `npm run test:matrix -- 22`
 * for some of them, and `npm run test:matrix -- 22 -- src/hub` for a part of the tests. Each version is taken from the
 * npm registry (the packages that `node@22` itself stands on) into a folder of the user's cache, outside the project.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const EVERY_VERSION = ["20", "22", "24", "26"];
const root = fileURLToPath(new URL("..", import.meta.url));
const given = process.argv.slice(2);
const mark = given.indexOf("--");
const asked = mark < 0 ? given : given.slice(0, mark);
const versions = asked.length > 0 ? asked : EVERY_VERSION;
const vitestArguments = mark < 0 ? [] : given.slice(mark + 1);

const wrong = versions.filter((version) => !/^\d+$/.test(version));
if (wrong.length > 0) fail(`A version of Node is named by its major number, such as 22; got ${wrong.join(", ")}.`);

/** The file of this version, fetched if it is not there yet. */
function nodeOf(version) {
  const folder = join(
    process.env.XDG_CACHE_HOME || join(homedir() || tmpdir(), ".cache"),
    "azure-signalr-server",
    `node-${version}`,
  );
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const file = join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    const npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`];
    const { status } = spawnSync("npm", npm, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
    if (status !== 0 || !existsSync(file)) fail(`Node ${version} could not be fetched as ${name}@${version}.`);
  }
  return file;
}

function run(node, ...args) {
  // Programs that the tests start are found by name, too.
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`;
  return spawnSync(node, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } }).status === 0;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const nodes = versions.map((version) => [version, nodeOf(version)]);
if (!run(process.execPath, "node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"))
  fail("The package does not build.");

const results = nodes.map(([version, node]) => {
  console.log(`\n== Node ${version}`);
  run(node, "--version");
  return [version, run(node, "node_modules/vitest/vitest.mjs", "run", ...vitestArguments)];
});

console.log("\n== result");
for (const [version, isGood] of results) console.log(`Node ${version}: ${isGood ? "passed" : "FAILED"}`);
process.exitCode = results.every(([, isGood]) => isGood) ? 0 : 1;
