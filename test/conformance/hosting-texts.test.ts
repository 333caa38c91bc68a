import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Application, type BuilderOptions, createBuilder, type Publisher } from "azure-signalr-server/hosting";
import { expect, test } from "vitest";

const folder = resolve(
  process.env["SHARED_DIR"] ?? fileURLToPath(new URL("../../../shared", import.meta.url)),
  "hosting/expected",
);
const isThere = existsSync(folder);

/** Written by .NET Aspire: with a byte order mark, mostly without a last line break. */
function expected(file: string): string {
  return readFileSync(resolve(folder, file), "utf8")
    .replace(/^\ufeff/, "")
    .trimEnd();
}

function builder(options: BuilderOptions = {}) {
  return createBuilder({
    args: [],
    mode: "publish",
    folder: "/apphost",
    configuration: {},
    environment: {},
    ...options,
  });
}

function texts(application: Application, publisher: Publisher = "manifest"): ReadonlyMap<string, string> {
  return new Map(application.files({ publisher, folder: "/apphost" }).map(({ path, text }) => [path, text.trimEnd()]));
}

/** The resources of a written manifest. */
function manifestOf(written: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const manifest = JSON.parse(written.get("aspire-manifest.json") ?? "") as { resources: Record<string, unknown> };
  return manifest.resources;
}

// The texts of .NET Aspire itself are compared where they are at hand; the texts of our own, in
// src/hosting/publish/publish.test.ts, everywhere.
test(`the texts of .NET Aspire are ${isThere ? "compared" : "not at hand"}`, () => {
  expect(isThere || process.env["SHARED_DIR"] === undefined).toBe(true);
});

test.runIf(isThere).for(["Default", "Serverless"] as const)("equal to the letter in mode %s", (serviceMode) => {
  const application = builder();
  application.addAzureSignalR("signalr", { serviceMode });
  const written = texts(application.build());

  const mode = serviceMode.toLowerCase();
  expect(written.get("signalr.module.bicep")).toBe(expected(`${mode}.signalr.module.bicep`));
  expect(written.get("signalr-roles.module.bicep")).toBe(expected(`${mode}.signalr-roles.module.bicep`));
  const manifest = manifestOf(written);
  expect(JSON.stringify(manifest["signalr"], undefined, 2)).toBe(expected("default.signalr.manifest.json"));
  if (serviceMode === "Default") {
    expect(JSON.stringify(manifest["signalr-roles"], undefined, 2)).toBe(
      expected("default.signalr-roles.manifest.json"),
    );
  }
});

test.runIf(isThere)("equal to the letter with the roles inside", () => {
  const application = builder({ roles: "inside" });
  application.addAzureSignalR("signalr1");
  expect(texts(application.build()).get("signalr1.module.bicep")).toBe(expected("single-module.signalr1.bicep"));
});

test.runIf(isThere)("the same entries in a manifest of two services and two apps", () => {
  const application = builder();
  const normal = application.addAzureSignalR("signalrDefault");
  application.addExecutable("webfrontend", "dotnet", "web").withReference(normal);
  const serverless = application.addAzureSignalR("signalrServerless", { serviceMode: "Serverless" });
  application.addExecutable("webserverless", "dotnet", "serverless").withReference(serverless);
  const ours = manifestOf(texts(application.build()));
  const theirs = (JSON.parse(expected("playground.manifest.json")) as { resources: typeof ours }).resources;

  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  for (const [name, entry] of Object.entries(theirs)) {
    const { type, env } = entry as { type: string; env?: Readonly<Record<string, string>> };
    if (type !== "project.v0") expect(JSON.stringify(ours[name])).toBe(JSON.stringify(entry));
    // What is left of a .NET project's environment once its own variables are taken away.
    else {
      const references = Object.entries(env ?? {}).filter(([variable]) => /^ConnectionStrings__|_URI$/.test(variable));
      expect(Object.entries((ours[name] as { env: object }).env)).toEqual(references);
    }
  }
});

test.runIf(isThere)("a main file of the same form", () => {
  const application = builder();
  const groupName = application.addParameter("kvRg");
  const serviceName = application.addParameter("kvName");
  const kv = application.addAzureSignalR("kv").publishAsExisting(serviceName, groupName);
  const storage = application.addAzureSignalR("existing-storage").publishAsExisting("storage", "rg-shared");
  const account = application.addAzureSignalR("account");
  kv.clearDefaultRoleAssignments();
  storage.clearDefaultRoleAssignments();
  application
    .addExecutable("myapp", "node", ".")
    .withReference(account)
    .withRoleAssignments(account, "SignalRAppServer");
  const ours = texts(application.build(), "bicep").get("main.bicep") ?? "";
  const theirs = expected("main.example.bicep").split("\n\n");

  const statements = ours.split("\n\n").filter((statement) => !/account_hostName|principalType/.test(statement));
  expect(statements.length).toBeGreaterThan(12);
  expect(statements.filter((statement) => !theirs.includes(statement))).toEqual([]);
});
