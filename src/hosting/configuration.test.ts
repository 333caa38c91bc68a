import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readConfiguration } from "./configuration.js";

/** A folder with files in it; their texts by path. */
function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "apphost-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, value] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(value));
  }
  return folder;
}

const read = (folder: string, variables: Readonly<Record<string, string>> = {}, userSecretsId?: string) =>
  readConfiguration({ folder, values: undefined, userSecretsId, variables: { HOME: folder, ...variables } });

test("user secrets win over appsettings.json, environment variables over both", () => {
  const folder = folderWith({
    "appsettings.json": { Parameters: { one: "file", two: "file", three: "file" } },
    "package.json": { userSecretsId: "my-app" },
    ".microsoft/usersecrets/my-app/secrets.json": { "Parameters:two": "secret", Parameters: { three: "secret" } },
  });
  const configuration = read(folder, { Parameters__three: "variable", Other__x: "ignored" });
  expect(["one", "two", "THREE"].map((name) => configuration.get(`parameters:${name}`))).toEqual([
    "file",
    "secret",
    "variable",
  ]);
  expect(configuration.get("Other:x")).toBeUndefined();
});

test("user secrets lie where dotnet user-secrets puts them on Windows too", () => {
  const folder = folderWith({ "Microsoft/UserSecrets/id/secrets.json": { "ConnectionStrings:x": "secret" } });
  expect(read(folder, { APPDATA: folder }, "id").get("ConnectionStrings:x")).toBe("secret");
});

test.each(["../elsewhere", "a/b", ".hidden", ""])("%j is no id of user secrets", (id) => {
  expect(() => read(tmpdir(), {}, id)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("the sentence about a missing key names every place", () => {
  const folder = folderWith({ "package.json": { userSecretsId: "my-app" } });
  expect(read(folder).missing("ConnectionStrings:signalr")).toBe(
    `ConnectionStrings:signalr is missing: set it in ${join(folder, "appsettings.json")}, ` +
      `in the user secrets (${join(folder, ".microsoft/usersecrets/my-app/secrets.json")}) ` +
      "or as environment variable ConnectionStrings__signalr.",
  );
});

test("values in code take the place of the files", () => {
  const folder = folderWith({ "appsettings.json": { Parameters: { one: "file" } } });
  const values = { ConnectionStrings: { two: "code" } };
  const configuration = readConfiguration({ folder, values, userSecretsId: undefined, variables: {} });
  expect(configuration.get("Parameters:one")).toBeUndefined();
  expect(configuration.get("ConnectionStrings:Two")).toBe("code");
});
