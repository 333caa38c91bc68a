import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { compile, ensureBuilt, root } from "./support/built.js";
import { startNode } from "./support/child.js";
import { freePort } from "./support/free-port.js";

interface Snippet {
  /** From the comment in its first line, `// server.ts`, or its position in the document. */
  readonly name: string;
  readonly code: string;
}

const documents = ["README.md", ...readdirSync(`${root}docs/guides`).map((file) => `docs/guides/${file}`)];

function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(root + document, "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, position) => {
    const code = match[1] ?? "";
    return { name: /^\/\/ ([\w.-]+)\.ts\n/.exec(code)?.[1] ?? `snippet-${position + 1}`, code };
  });
}

const folderOf = (document: string): string => basename(document, ".md");

// Inside the project, so that snippets find its packages; beside no source, so that no tool mistakes them for some.
let workshop = "";

/** A folder that looks like a user's project, with this package (as built) installed. */
function makeProject(files: Readonly<Record<string, string>>): string {
  const project = mkdtempSync(`${workshop}/project-`);
  mkdirSync(`${project}/node_modules`);
  symlinkSync(root, `${project}/node_modules/azure-signalr-server`, "dir");
  writeFileSync(`${project}/package.json`, '{ "type": "module" }');
  const compilerOptions = {
    noEmit: false,
    outDir: "out",
    rootDir: ".",
    declaration: false,
    // The package as it is published, not its source.
    paths: {},
    // A snippet shows one thing; what it does not go on to use is left to the reader.
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  writeFileSync(
    `${project}/tsconfig.json`,
    JSON.stringify({
      extends: `${root}tsconfig.json`,
      compilerOptions,
      include: ["**/*.ts"],
      exclude: ["out", "node_modules"],
    }),
  );
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(`${project}/${file}`), { recursive: true });
    writeFileSync(`${project}/${file}`, code);
  }
  return project;
}

let project = "";
let complaints = "not compiled";

beforeAll(() => {
  ensureBuilt();
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  workshop = mkdtempSync(`${root}node_modules/.cache/snippets-`);
  const files = documents.flatMap((document) =>
    snippetsOf(document).map(({ name, code }) => [`${folderOf(document)}/${name}.ts`, code] as const),
  );
  project = makeProject(Object.fromEntries(files));
  complaints = compile(project);
}, 60_000);

afterAll(() => rmSync(workshop, { recursive: true, force: true }));

describe("the snippets of the README and the guides", () => {
  test("are found, each under a name of its own", () => {
    const names = documents.flatMap((document) =>
      snippetsOf(document).map(({ name }) => `${folderOf(document)}/${name}`),
    );
    expect(names).toContain("README/server");
    expect(names).toContain("README/client");
    expect(names.length).toBeGreaterThan(8);
    expect(new Set(names).size).toBe(names.length);
  });

  test("compile against the package as it is published", () => {
    expect(complaints).toBe("");
  });

  test("would not compile if they were wrong", () => {
    const wrong = makeProject({
      "wrong.ts": 'import { signalr } from "azure-signalr-server/express";\nsignalr.nonsense();\n',
    });
    expect(compile(wrong)).toContain("nonsense");
  }, 30_000);
});

describe("the README's chat", () => {
  test("carries messages between official clients, on the emulator", async () => {
    const port = await freePort();
    const server = startNode(`${project}/out/README/server.js`, { PORT: String(port) }, project);
    onTestFinished(async () => {
      await server.end("SIGKILL");
    });
    const url = `http://127.0.0.1:${port}/chat`;
    await vi.waitFor(
      async () => expect((await fetch(`${url}/negotiate`, { method: "POST" })).status).toBe(200),
      15_000,
    );

    const listener = new HubConnectionBuilder().withUrl(url).configureLogging(LogLevel.None).build();
    onTestFinished(() => listener.stop());
    const heard = new Promise((resolve) => {
      listener.on("messageReceived", (user: string, text: string) => resolve([user, text]));
    });
    await listener.start();

    // The client of the README as it stands there, but for the port.
    const code = readFileSync(`${project}/out/README/client.js`, "utf8").replace("localhost:3000", `127.0.0.1:${port}`);
    writeFileSync(`${project}/out/README/client-here.js`, code);
    const client = startNode(`${project}/out/README/client-here.js`, {}, project);
    onTestFinished(async () => {
      await client.end("SIGKILL");
    });

    expect(await heard).toEqual(["ann", "hi"]);
    expect((await client.printed(/ann: hi/))[0]).toBe("ann: hi");
    expect(server.output()).toBe("");
  }, 60_000);
});

test.each([
  ["the README's Fastify app", "README/fastify"],
  ["the NestJS app of its guide", "nestjs/main"],
])(
  "%s serves its hub",
  async (_app, file) => {
    const port = await freePort();
    const server = startNode(`${project}/out/${file}.js`, { PORT: String(port) }, project);
    onTestFinished(async () => {
      await server.end("SIGKILL");
    });
    await vi.waitFor(async () => {
      const reply = await fetch(`http://127.0.0.1:${port}/chat/negotiate`, { method: "POST" });
      expect(reply.status).toBe(200);
    }, 15_000);
    expect(server.output()).toBe("");
  },
  30_000,
);
