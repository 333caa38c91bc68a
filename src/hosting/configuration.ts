import { homedir } from "node:os";
import { join } from "node:path";
import { SignalRError } from "../base/errors.js";
import { environmentLayer, fileLayer, fileLayers, mergeLayers, objectLayer } from "../config/sources.js";

/** What the app host is configured with; keys are case-insensitive, parts are joined by `:`. */
export interface Configuration {
  get(key: string): string | undefined;
  /** The sentence that tells where a missing key can be set. */
  missing(key: string): string;
}

/** Where the app host's configuration comes from. */
export interface ConfigurationSources {
  /** Folder of `appsettings.json`, `appsettings.{NODE_ENV}.json` and `package.json`. */
  readonly folder: string;
  /** In place of the files and the user secrets. */
  readonly values: object | undefined;
  readonly userSecretsId: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

const ANY_KEY = /^(?:parameters|connectionstrings|azure):/i;
const SAFE_ID = /^\w[\w.-]*$/;

/**
 * Reads all sources, lowest first: `appsettings.json`, `appsettings.{NODE_ENV}.json`, the user secrets, environment
 * variables.
 *
 * @throws SignalRError CONFIG_INVALID for a file that cannot be read
 */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const { folder, values, variables } = sources;
  const secretsFile = values === undefined ? userSecretsFile(sources) : undefined;
  const files =
    values === undefined
      ? [...fileLayers(folder, variables["NODE_ENV"]), ...(secretsFile === undefined ? [] : [fileLayer(secretsFile)])]
      : [objectLayer(values, "configuration.values")];
  const merged = mergeLayers([...files, environmentLayer(variables, ANY_KEY)]);
  return {
    get: (key) => merged.get(key.toLowerCase())?.value ?? undefined,
    missing: (key) => {
      const secrets = secretsFile === undefined ? "" : `, in the user secrets (${secretsFile})`;
      const places = `in ${join(folder, "appsettings.json")}${secrets} or as environment variable ${key.replaceAll(":", "__")}`;
      return `${key} is missing: set it ${places}.`;
    },
  };
}

/** The file that `dotnet user-secrets set --id <id>` writes, so that app hosts of both kinds can share it. */
function userSecretsFile({ folder, userSecretsId, variables }: ConfigurationSources): string | undefined {
  const id = userSecretsId ?? fileLayer(join(folder, "package.json")).get("usersecretsid")?.value ?? undefined;
  if (id === undefined) return undefined;
  if (!SAFE_ID.test(id)) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `userSecretsId is ${JSON.stringify(id)}; allowed are letters, digits, dots, hyphens and underscores.`,
    );
  }
  const windowsFolder = variables["APPDATA"];
  return windowsFolder === undefined
    ? join(variables["HOME"] ?? homedir(), ".microsoft", "usersecrets", id, "secrets.json")
    : join(windowsFolder, "Microsoft", "UserSecrets", id, "secrets.json");
}
