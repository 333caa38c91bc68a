import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findAppHost } from "../../src/cli/app-host.js";
import { runCli } from "../../src/cli/program.js";
import { ensureBuilt, root } from "../support/built.js";

const APP_HOST = `import { createBuilder } from "azure-signalr-server/hosting";
const builder = createBuilder();
const signalR = builder.addAzureSignalR("signalr");
signalR.runAsEmulator();
builder.addNodeApp("api", "dist/api.js").withReference(signalR).waitFor(signalR);
`;

// Of what is said here, only the package's name leads out of the folder.
const project = realpathSync(mkdtempSync(join(tmpdir(), "apphost-")));

beforeAll(() => {
  ensureBuilt();
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules/azure-signalr-server"), "dir");
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "apphost.js"), `${APP_HOST}await builder.build().run();\n`);
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** An app host in the project's folder. */
function appHost(name: string, text: string): string {
  const file = join(project, name);
  writeFileSync(file, text);
  onTestFinished(() => rmSync(file));
  return file;
}

async function run(...args: string[]) {
  const written = { out: "", err: "" };
  const code = await runCli(args, {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    interrupted: new AbortController().signal,
  });
  return { code, ...written };
}

describe("azure-signalr bicep and manifest", () => {
  test("write what the app host describes, and say what they wrote", async () => {
    const output = join(project, "out");
    const flags = ["--apphost", join(project, "apphost.js"), "--output", output];
    const published = await run("bicep", ...flags);
    expect(published).toMatchObject({ code: 0, err: "" });
    expect(published.out.trimEnd().split("\n")).toHaveLength(5);
    expect(published.out).toMatch(/out\/signalr-roles\/signalr-roles\.bicep\n/);
    expect(readFileSync(join(output, "signalr/signalr.bicep"), "utf8")).toContain("'Microsoft.SignalRService/signalR@");

    expect(await run("manifest", ...flags)).toMatchObject({ code: 0, err: "" });
    const { resources } = JSON.parse(readFileSync(join(output, "aspire-manifest.json"), "utf8")) as {
      resources: Record<string, unknown>;
    };
    expect(Object.keys(resources)).toEqual(["signalr", "api", "signalr-roles"]);
    expect(resources["api"]).toMatchObject({ build: { context: ".." } });
  });

  test("tell in one sentence what is wrong with a model", async () => {
    const file = appHost("wrong.js", `${APP_HOST}builder.addAzureSignalR("rg");\nawait builder.build().run();\n`);
    expect(await run("bicep", "--apphost", file, "-o", join(project, "out"))).toEqual({
      code: 1,
      out: "",
      err: "error: Two parts of a Bicep file are named rg. Give the resource (or parameter, or output) another name.\n",
    });
  });

  test("show what an app host said that ended before it published", async () => {
    const file = appHost("broken.js", `${APP_HOST}console.log("hello");\nbuilder.addParameter("api");\n`);
    const result = await run("bicep", "--apphost", file, "-o", join(project, "out"));
    expect(result).toMatchObject({ code: 1, out: "hello\n" });
    expect(result.err).toContain("There is a resource named api already; case does not matter.");
    expect(result.err).toMatch(/\nerror: .*broken\.js failed \(exit code 1\)\.\n$/);
  });

  test("know an app host that forgets its last line", async () => {
    const file = appHost("forgetful.js", APP_HOST);
    const result = await run("manifest", "--apphost", file, "-o", join(project, "out"));
    expect(result).toMatchObject({ code: 1, out: "" });
    expect(result.err).toMatch(/its last line must be `await builder\.build\(\)\.run\(\)`\.\n$/);
  });

  test("end when the user does not want to wait any longer", async () => {
    const file = appHost("slow.js", `console.log("here");\nawait new Promise((done) => setTimeout(done, 60_000));\n`);
    const interruption = new AbortController();
    let error = "";
    const code = await runCli(["bicep", "--apphost", file], {
      out: () => interruption.abort(),
      err: (text) => {
        error += text;
      },
      interrupted: interruption.signal,
    });
    expect({ code, error }).toEqual({ code: 1, error: "error: Interrupted.\n" });
  });

  test.each([
    [["bicep", "--apphost", "/nowhere/apphost.js"], "error: There is no file /nowhere/apphost.js.\n"],
    [["manifest", "--speed", "9"], "error: unknown option '--speed'\n"],
  ])("refuse %j", async (args, err) => {
    expect(await run(...args)).toEqual({ code: 1, out: "", err });
  });

  test("explain themselves", async () => {
    const { code, out } = await run("manifest", "--help");
    expect(code).toBe(0);
    expect(out).toContain("--apphost <file>");
    expect(out).toContain('(default: "aspire-output")');
  });
});

test("the app hosts of the guide publish as they stand there", async () => {
  const guide = readFileSync(`${root}docs/guides/hosting.md`, "utf8");
  const programs = [...guide.matchAll(/^```ts\n(\/\/ apphost\.js\n[\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  expect(programs).toHaveLength(3);
  const results = await Promise.all(
    programs.map(async (code, index) => {
      const output = join(project, `guide-${index}`);
      const result = await run("bicep", "--apphost", appHost(`guide-${index}.js`, code), "-o", output);
      return { ...result, out: readFileSync(join(output, "signalr/signalr.bicep"), "utf8") };
    }),
  );
  expect(results.map(({ code, err }) => ({ code, err }))).toEqual(results.map(() => ({ code: 0, err: "" })));
  expect(results[0]?.out).toContain("Environment: 'Production'");
  expect(results[2]?.out).toContain(`urlTemplate: 'https://chat.example/upstream?code=\${upstream_key}'`);
});

describe("an app host", () => {
  test("is found by its usual names", () => {
    expect(findAppHost(undefined, project)).toBe(join(project, "apphost.js"));
    expect(() => findAppHost(undefined, join(project, "node_modules"))).toThrow(
      /^There is no app host in .*: looked for apphost\.js, .*\. Name it with --apphost\.$/,
    );
  });

  test.skipIf("typescript" in process.features)("in TypeScript needs a Node that can read it", () => {
    const file = appHost("apphost.ts", APP_HOST);
    expect(() => findAppHost(file, project)).toThrow(/cannot start apphost\.ts: compile it/);
  });
});
