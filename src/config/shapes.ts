import { IN_CODE } from "./find.js";
import { type Problem, settingsError, shownValue } from "./problems.js";

/** Options that are objects, with the members that an error names. */
const OBJECTS: Readonly<Record<string, string>> = Object.freeze({
  configuration: "an object { folder } or { values }",
  hub: "an object with hub options",
  hubs: "an object { path: HubClass }",
});

/**
 * Finds what JavaScript callers may pass where an object belongs: its members would silently be absent.
 * @throws SignalRError CONFIG_INVALID, a line each
 */
export function requireShapes(name: string, options: object): void {
  const given = new Map<string, unknown>(Object.entries(options));
  const problems: Problem[] = [];
  const refuse = (place: string, found: unknown, allowed: string): void => {
    const line = `${place} (${IN_CODE}): found ${shownValue(found)}; allowed is ${allowed}`;
    problems.push({ code: "CONFIG_INVALID", line });
  };
  for (const [option, allowed] of Object.entries(OBJECTS)) {
    const value = given.get(option);
    if (value !== undefined && value !== null && !isObject(value)) refuse(option, value, allowed);
  }
  const configuration = given.get("configuration");
  if (isObject(configuration)) {
    const { folder, values } = configuration;
    if (folder !== undefined && typeof folder !== "string") {
      refuse("configuration.folder", folder, "the path of a folder");
    }
    if (values !== undefined && !isObject(values)) {
      refuse("configuration.values", values, "an object in the shape of appsettings.json");
    }
  }
  if (problems.length > 0) throw settingsError(name, problems);
}

function isObject(value: unknown): value is { readonly folder?: unknown; readonly values?: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
