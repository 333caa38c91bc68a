// All of the micro benchmarks, each in a process of its own, so that none warms up or litters for another.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith(".bench.mjs"));
for (const file of files) {
  console.log(`\n# ${file}\n`);
  const { status } = spawnSync(process.execPath, [folder + file], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
