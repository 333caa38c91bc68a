import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MODELS, publishing } from "../../../test/support/hosting-models.js";
import type { Application } from "../application.js";
import { bicep } from "../bicep/values.js";
import type { Builder } from "../builder.js";
import { expression } from "../values.js";
import type { Publisher } from "./options.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "publish-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function texts(application: Application, publisher: Publisher, folder = "/apphost/out"): ReadonlyMap<string, string> {
  return new Map(application.files({ publisher, folder }).map(({ path, text }) => [path, text]));
}

interface ManifestEntry {
  readonly [name: string]: unknown;
}

function manifestOf(builder: Builder, folder?: string): Readonly<Record<string, ManifestEntry>> {
  const text = texts(builder.build(), "manifest", folder).get("aspire-manifest.json") ?? "";
  return (JSON.parse(text) as { resources: Record<string, ManifestEntry> }).resources;
}

const invalid = (text: string) =>
  expect.objectContaining({ code: "ARGUMENT_INVALID", message: expect.stringContaining(text) });

describe.each(Object.entries(MODELS))("the model %s", (_name, model) => {
  test.each(["bicep", "manifest"] as const)("is written as it always was: %s", (publisher) => {
    const files = [...texts(model(), publisher)].map(([path, text]) => `=== ${path}\n${text}`);
    expect(files.join("\n")).toMatchSnapshot();
  });
});

describe("Bicep", () => {
  test("is the same each time it is written; callbacks run in order, on a fresh resource", () => {
    const builder = publishing();
    const order: string[] = [];
    builder
      .addAzureSignalR("signalr")
      .configureInfrastructure(({ signalR }) => {
        order.push("first");
        signalR.sku.capacity = 2;
      })
      .configureInfrastructure(({ signalR }) => {
        order.push("second");
        expect(signalR.sku).toEqual({ name: "Free_F1", capacity: 2 });
        signalR.corsAllowedOrigins?.push("https://a.example");
      });
    const application = builder.build();
    expect(texts(application, "bicep")).toEqual(texts(application, "bicep"));
    expect(order).toEqual(["first", "second", "first", "second"]);
  });

  test("of a resource without roles has no module for them", () => {
    const builder = publishing();
    builder.addAzureSignalR("signalr").clearDefaultRoleAssignments();
    const files = texts(builder.build(), "bicep");
    expect([...files.keys()]).toEqual([
      "main.bicep",
      "main.parameters.json",
      "signalr/signalr.bicep",
      "bicepconfig.json",
    ]);
    expect(files.get("main.bicep")).not.toContain("principalType");
    expect(files.get("main.parameters.json")).not.toContain("principalType");
  });

  test("asks for roles of the shared identity only where an app has none of its own", () => {
    const builder = publishing();
    const signalR = builder.addAzureSignalR("signalr");
    builder.addNodeApp("api", "api.js").withReference(signalR).withRoleAssignments(signalR, "SignalRAppServer");
    expect([...texts(builder.build(), "bicep").keys()]).not.toContain("signalr-roles/signalr-roles.bicep");
  });

  test.each(["location", "take", "rg"])("has no place for a resource named %s", (name) => {
    const builder = publishing();
    builder.addAzureSignalR(name);
    expect(() => builder.build().files({ publisher: "bicep" })).toThrow(invalid("another name"));
  });

  test("has no place for a resource that is named like a module of another one", () => {
    const builder = publishing();
    builder.addAzureSignalR("signalr");
    builder.addParameter("SignalR-Roles");
    expect(() => builder.build().files()).toThrow(invalid("signalr-roles is the name of a resource and of a module"));
  });

  test("refuses values that it cannot express, and names that mean something else", () => {
    const wrong = [(): unknown => bicep.call("f", 1.5), (): unknown => bicep.text`${bicep.name("a b")}`];
    for (const make of wrong) {
      const builder = publishing();
      builder.addAzureSignalR("signalr").configureInfrastructure((infra) => {
        infra.addOutput("wrong", { type: "string", value: make() });
      });
      expect(() => builder.build().files()).toThrow(invalid("Bicep"));
    }
  });

  test("has roles inside only where nothing needs them apart", () => {
    const withRoles = publishing({ roles: "inside" });
    const signalR = withRoles.addAzureSignalR("signalr");
    withRoles.addNodeApp("api", "api.js").withRoleAssignments(signalR, "SignalRAppServer");
    expect(() => withRoles.build().files()).toThrow(invalid("api: withRoleAssignments needs the roles in modules"));
    const withNetwork = publishing({ roles: "inside" });
    const other = withNetwork.addAzureSignalR("signalr");
    withNetwork.addAzureVirtualNetwork("net").addSubnet("sub", "10.0.0.0/24").addPrivateEndpoint(other);
    expect(() => withNetwork.build().files()).toThrow(invalid("sub-signalr-pe: a private endpoint needs the roles"));
  });
});

describe("the manifest", () => {
  test("gives endpoints ports that nobody asks for", () => {
    const builder = publishing();
    builder.addNodeApp("a", "a.js").withHttpEndpoint({ env: "PORT" }).withHttpEndpoint({ name: "second" });
    builder.addNodeApp("b", "b.js").withHttpEndpoint({ port: 8000 }).withExternalHttpEndpoints();
    builder.addNodeApp("c", "c.js").withHttpEndpoint({ port: 80, targetPort: 3000 });
    const { a, b, c } = manifestOf(builder);
    const http = { scheme: "http", protocol: "tcp", transport: "http" };
    expect(a?.["bindings"]).toEqual({ http: { ...http, targetPort: 8001 }, second: { ...http, targetPort: 8002 } });
    expect(a?.["env"]).toEqual({ NODE_ENV: "production", PORT: "{a.bindings.http.targetPort}" });
    expect(b?.["bindings"]).toEqual({ http: { ...http, targetPort: 8000, external: true } });
    expect(c?.["bindings"]).toEqual({ http: { ...http, port: 80, targetPort: 3000 } });
  });

  test("tells braces from references", () => {
    const builder = publishing();
    const key = builder.addParameter("key");
    const app = builder.addExecutable("app", "app", "..", ["{plain}", expression`{${key}}`]);
    app.withEnvironment("JSON", '{"a":1}').withEnvironment("KEY", key);
    expect(manifestOf(builder)["app"]).toEqual({
      type: "executable.v0",
      workingDirectory: "../..",
      command: "app",
      args: ["{{plain}}", "{{{key.value}}}"],
      env: { JSON: '{{"a":1}}', KEY: "{key.value}" },
    });
  });

  test("builds Node apps with a Dockerfile: theirs, or one that is written", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "own"));
    writeFileSync(join(folder, "own/Dockerfile"), "FROM scratch\n");
    const builder = publishing({ folder });
    builder.addNodeApp("api", 'dist/it\'s "api".js', "api").withArgs("--fast");
    builder.addNpmApp("worker", "worker").withArgs("x");
    builder.addViteApp("web", "own");
    builder.addExecutable("tool", "tool", "tool").publishAsDockerFile({ dockerfile: "docker/tool.Dockerfile" });
    const application = builder.build();
    const files = texts(application, "manifest", join(folder, "out"));
    const { resources } = JSON.parse(files.get("aspire-manifest.json") ?? "") as {
      resources: Record<string, ManifestEntry>;
    };
    expect(Object.values(resources).map(({ type, build, args }) => ({ type, build, args }))).toEqual([
      { type: "container.v1", build: { context: "../api", dockerfile: "api.Dockerfile" }, args: ["--fast"] },
      { type: "container.v1", build: { context: "../worker", dockerfile: "worker.Dockerfile" }, args: ["--", "x"] },
      { type: "container.v1", build: { context: "../own", dockerfile: "../own/Dockerfile" } },
      { type: "container.v1", build: { context: "../tool", dockerfile: "../docker/tool.Dockerfile" } },
    ]);
    expect([...files.keys()].filter((path) => path.includes("Dockerfile"))).toEqual([
      "api.Dockerfile",
      "api.Dockerfile.dockerignore",
      "worker.Dockerfile",
      "worker.Dockerfile.dockerignore",
    ]);
    expect(files.get("api.Dockerfile")).toMatch(/\nENTRYPOINT \["node","dist\/it's \\"api\\"\.js"\]\n$/);
    expect(files.get("worker.Dockerfile")).toMatch(/\nENTRYPOINT \["npm","run","start"\]\n$/);
  });

  test("does not guess what serves a Vite project", () => {
    const builder = publishing();
    builder.addViteApp("web", "web");
    expect(() => manifestOf(builder)).toThrow(invalid("web is a Vite project, and there is no Dockerfile"));
  });

  test("and Bicep hold no value of the configuration", () => {
    const builder = publishing({
      configuration: {
        Parameters: { key: "hidden-1", open: "hidden-2" },
        ConnectionStrings: { plain: "Endpoint=https://hidden-3;AccessKey=hidden-4" },
      },
    });
    const key = builder.addParameter("key", { secret: true });
    const open = builder.addParameter("open", { default: "preset" });
    const plain = builder.addConnectionString("plain");
    builder.addNodeApp("api", "api.js").withReference(plain).withEnvironment("A", expression`${key}${open}`);
    const application = builder.build();
    const all = [...texts(application, "bicep").values(), ...texts(application, "manifest").values()].join("\n");
    expect(all).toContain("{key.value}{open.value}");
    expect(all).not.toContain("hidden");
  });
});

describe("an application", () => {
  test("writes its files where the command line says, and leaves your Bicep settings alone", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "deep/out");
    mkdirSync(output, { recursive: true });
    writeFileSync(join(output, "bicepconfig.json"), "{}");
    const builder = publishing({ folder, args: ["--publisher", "manifest", "--output-path", output] });
    builder.addAzureSignalR("signalr");
    const application = builder.build();
    await application.run();
    for (const { path, text } of application.files()) {
      expect(readFileSync(join(output, path), "utf8")).toBe(path === "bicepconfig.json" ? "{}" : text);
    }
    expect(await application.publish({ publisher: "bicep", folder: join(folder, "b") })).toEqual(
      [
        "main.bicep",
        "main.parameters.json",
        "signalr/signalr.bicep",
        "signalr-roles/signalr-roles.bicep",
        "bicepconfig.json",
      ].map((path) => join(folder, "b", path)),
    );
  });

  test("names the file that cannot be written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "out"), "a file, where a folder is wanted");
    const builder = publishing({ folder });
    builder.addAzureSignalR("signalr");
    await expect(builder.build().publish({ folder: join(folder, "out") })).rejects.toThrow(
      expect.objectContaining({
        code: "HOSTING_FAILED",
        message: expect.stringContaining(`${join(folder, "out/main.bicep")} cannot be written`),
      }),
    );
    expect(existsSync(join(folder, "out/main.bicep"))).toBe(false);
  });

  test("that is to be run is not published by mistake", () => {
    const application = publishing({ mode: "run" }).build();
    expect(() => application.files()).toThrow(invalid("described to be run"));
  });
});
