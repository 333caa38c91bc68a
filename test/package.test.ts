import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, ensureBuilt, root } from "./support/built.js";

const { exports, dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly types?: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
const doors = Object.keys(exports)
  .filter((door) => exports[door]?.types !== undefined)
  .map((door) => door.replace(".", "azure-signalr-server"));

let folder: string;

/** A folder where the packed package is installed, beside what this project has installed for it. */
beforeAll(() => {
  ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "packed-"));
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const installed = join(folder, "node_modules/azure-signalr-server");
  mkdirSync(installed, { recursive: true });
  const archive = execFileSync("ls", [folder], { encoding: "utf8" })
    .split("\n")
    .find((file) => file.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", join(folder, archive ?? ""), "-C", installed, "--strip-components=1"]);
  const others = ["@types/node", "@types/express", "@types/ws", "fastify", "express", "@microsoft/signalr"];
  for (const name of [...Object.keys(dependencies), ...others]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(`${root}node_modules/${name}`, link);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (code: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: folder, encoding: "utf8" });

describe("the package, packed and installed elsewhere", () => {
  test("opens every door, and a program that only imports them ends by itself, at once and silently", () => {
    const imports = doors.map((door) => `await import("${door}")`).join(";");
    const printed = run(
      `const before = Object.keys(globalThis).length; ${imports};
       console.log(Object.keys(globalThis).length - before, process.getActiveResourcesInfo().filter((name) => /timer|tcp|server/i.test(name)).length)`,
    );
    expect(doors.length).toBeGreaterThan(4);
    expect(printed).toBe("0 0\n");
  });

  test("serves a hub from plain JavaScript", () => {
    const printed = run(`
      import { createServer } from "node:http";
      import { Hub, signalr } from "azure-signalr-server";
      class PlainHub extends Hub { hello() { return "hi"; } }
      const hubs = signalr.named("signalr", { emulator: true, configuration: { values: {} } });
      hubs.mapHub("/plain", PlainHub);
      const server = createServer(hubs).listen(0, "127.0.0.1");
      await hubs.started();
      const url = "http://127.0.0.1:" + server.address().port + "/plain/negotiate";
      const answer = await (await fetch(url, { method: "POST" })).json();
      console.log(Object.keys(answer).join());
      server.close();
      server.closeAllConnections();
      await hubs.shutdown();`);
    expect(printed).toBe("negotiateVersion,url,accessToken,availableTransports\n");
  });

  test.each([
    ["NodeNext", "NodeNext"],
    ["bundler", "Preserve"],
  ])(
    "has types for TypeScript with moduleResolution %s, checked to the last declaration",
    (moduleResolution, module) => {
      const imports = doors.map((door, index) => `import type * as door${index} from "${door}";`).join("\n");
      const uses = doors.map((_, index) => `keyof typeof door${index}`).join(" | ");
      writeFileSync(
        join(folder, "use.ts"),
        `${imports}
       import { Hub } from "azure-signalr-server";
       export type Names = ${uses};
       export class TypedHub extends Hub<{ said(text: string): void }> {
         async say(text: string) { await this.clients.all.send("said", text); }
       }`,
      );
      const project = join(folder, "tsconfig.json");
      const compilerOptions = {
        target: "ES2023",
        lib: ["ES2023", "ESNext.Disposable", "DOM"],
        module,
        moduleResolution,
        strict: true,
        noEmit: true,
        types: ["node"],
      };
      writeFileSync(project, JSON.stringify({ compilerOptions, files: ["use.ts"] }));
      expect(compile(project)).toBe("");
    },
  );

  test("holds no test and no source", () => {
    const files = execFileSync("find", [".", "-type", "f"], {
      cwd: join(folder, "node_modules/azure-signalr-server"),
      encoding: "utf8",
    });
    expect(files.split("\n").filter((file) => /\.test\.|\/src\/|\/test\//.test(file))).toEqual([]);
  });
});
