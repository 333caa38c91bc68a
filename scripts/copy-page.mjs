// The emulator's page is served as it is written; the compiler copies only what it compiles.
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = (name) => fileURLToPath(new URL(`../${name}/emulator/page/public`, import.meta.url));

rmSync(folder("dist"), { recursive: true, force: true });
cpSync(folder("src"), folder("dist"), { recursive: true });
