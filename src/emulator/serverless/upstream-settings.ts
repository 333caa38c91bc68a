import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { SignalRError } from "../../base/errors.js";
import { JsonTextError, parseJsonText } from "../../config/json-text.js";
import { checkTemplates, type UpstreamAuth, type UpstreamTemplate } from "./upstream-template.js";

/** Upstream templates as a settings file and the environment have them. */
export interface UpstreamSettings {
  /** The file that was read, or would be if it were there. */
  readonly file: string;
  readonly isThere: boolean;
  /** Checked; the environment's word counts more than the file's. */
  readonly templates: readonly UpstreamTemplate[];
}

/** The settings file that is looked for in the working folder. */
export const SETTINGS_FILE = "settings.json";
/** What a new settings file holds: all events go to a function app on this machine. */
export const NEW_SETTINGS = `${JSON.stringify(
  {
    UpstreamSettings: {
      Templates: [
        {
          UrlTemplate: "http://localhost:7071/runtime/webhooks/signalr",
          EventPattern: "*",
          HubPattern: "*",
          CategoryPattern: "*",
        },
      ],
    },
  },
  undefined,
  2,
)}\n`;

// As .NET settings are written in the environment: UpstreamSettings__Templates__0__UrlTemplate.
const VARIABLE = /^UpstreamSettings(?:__|:)Templates(?:__|:)(\d{1,4})(?:__|:)(.+)$/i;

/** Members of one template by their names in lower case, parts joined by `:`. */
type Members = Map<string, string | null>;

/**
 * Reads templates from a settings file in the shape of the official emulator's, and from the environment.
 *
 * @param path a file, or the folder of `settings.json`; undefined: `settings.json` in the working folder, if it is there
 * @throws SignalRError CONFIG_INVALID for a file that cannot be read, and for a template that makes no sense
 */
export function loadUpstreamSettings(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): UpstreamSettings {
  const file = settingsFile(path);
  const text = readText(file);
  if (text === undefined && path !== undefined) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `There is no settings file ${file}. Write one with: azure-signalr emulator init`,
    );
  }
  const all = new Map<number, Members>();
  if (text !== undefined) addFile(all, text, file);
  addEnvironment(all, environment);
  const templates = [...all].sort(([one], [other]) => one - other).map(([, members]) => templateOf(members));
  checkTemplates(templates);
  return Object.freeze({ file, isThere: text !== undefined, templates: Object.freeze(templates) });
}

function settingsFile(path: string | undefined): string {
  const given = resolve(path ?? ".");
  return statSync(given, { throwIfNoEntry: false })?.isDirectory() === true ? join(given, SETTINGS_FILE) : given;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new SignalRError("CONFIG_INVALID", `${file} cannot be read (${code ?? "unknown reason"}).`, { cause: error });
  }
}

function addFile(all: Map<number, Members>, text: string, file: string): void {
  const templates = memberOf(memberOf(parse(text, file), "UpstreamSettings"), "Templates");
  if (templates === undefined || templates === null) return;
  if (!Array.isArray(templates)) {
    throw new SignalRError("CONFIG_INVALID", `${file}: UpstreamSettings.Templates has to be a list, [ ... ].`);
  }
  for (const [index, template] of templates.entries()) {
    const members: Members = new Map();
    flatten(template, "", members);
    all.set(index, members);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const place = `line ${error.line}, column ${error.column}`;
    throw new SignalRError("CONFIG_INVALID", `${file} is not valid JSON at ${place}: ${error.message}.`);
  }
}

function flatten(value: unknown, prefix: string, members: Members): void {
  if (typeof value !== "object" || value === null) {
    members.set(prefix, value === null ? null : String(value));
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    flatten(member, (prefix === "" ? name : `${prefix}:${name}`).toLowerCase(), members);
  }
}

function addEnvironment(all: Map<number, Members>, environment: Readonly<Record<string, string | undefined>>): void {
  for (const [variable, value] of Object.entries(environment)) {
    const [, index, member] = VARIABLE.exec(variable) ?? [];
    if (index === undefined || member === undefined || value === undefined) continue;
    const members = all.get(Number(index)) ?? new Map<string, string | null>();
    members.set(member.replaceAll("__", ":").toLowerCase(), value);
    all.set(Number(index), members);
  }
}

function templateOf(members: Members): UpstreamTemplate {
  const pattern = (name: string) => (members.has(name) ? { value: members.get(name) ?? null } : undefined);
  const [hub, event, category] = [pattern("hubpattern"), pattern("eventpattern"), pattern("categorypattern")];
  const type = authType(members.get("auth:type") ?? undefined);
  const resource = members.get("auth:managedidentity:resource") ?? undefined;
  const auth: UpstreamAuth | undefined = type && {
    type,
    ...(resource === undefined ? {} : { managedIdentity: { resource } }),
  };
  return Object.freeze({
    urlTemplate: members.get("urltemplate") ?? "",
    ...(hub && { hubPattern: hub.value }),
    ...(event && { eventPattern: event.value }),
    ...(category && { categoryPattern: category.value }),
    ...(auth && { auth }),
  });
}

function authType(text: string | undefined): UpstreamAuth["type"] {
  if (text?.toLowerCase() === "managedidentity") return "ManagedIdentity";
  return text === undefined ? undefined : "None";
}

/** A member of an object, its name in any letter case. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
