import { SignalRError } from "../base/errors.js";
import { Secret } from "../base/secret.js";
import type { ConnectionString, EndpointCredential } from "./endpoint.js";
import { endpointText, parseHttpUrl } from "./http-url.js";

const KNOWN_KEYS = new Set([
  "endpoint",
  "accesskey",
  "version",
  "port",
  "authtype",
  "clientid",
  "tenantid",
  "clientsecret",
  "clientcert",
  "clientendpoint",
  "serverendpoint",
]);

const SUPPORTED_VERSION = /^1\.\d+(?:[\w\-.]+)?$/;
// A forgotten semicolon can put the access key behind the version, so only what surely is a version is repeated in an error.
const PRINTABLE_VERSION = /^[\w\-.]{1,16}$/;

type Properties = ReadonlyMap<string, string>;

/**
 * Reads a connection string: `Endpoint=https://...;AccessKey=...;Version=1.0;`, or an `AuthType` in place of the key.
 * Keys are case-insensitive; unknown ones are ignored, as the official SDK does.
 *
 * @throws SignalRError CONNECTION_STRING_INVALID, never showing the key, a client secret or the string itself
 */
export function parseConnectionString(text: string): ConnectionString {
  const properties = splitProperties(text);
  const endpointUrl = urlProperty(properties, "endpoint");
  if (endpointUrl === undefined) {
    throw invalid(missing("endpoint"), "Add Endpoint=https://<name>.service.signalr.net.");
  }
  const port = portProperty(properties);
  if (port !== undefined) endpointUrl.port = port;
  const clientUrl = urlProperty(properties, "clientEndpoint");
  const serverUrl = urlProperty(properties, "serverEndpoint");
  const version = versionProperty(properties);
  const endpoint = endpointText(endpointUrl);
  return Object.freeze({
    endpoint,
    clientEndpoint: clientUrl === undefined ? endpoint : endpointText(clientUrl),
    serverEndpoint: serverUrl === undefined ? endpoint : endpointText(serverUrl),
    hasClientEndpoint: clientUrl !== undefined,
    hasServerEndpoint: serverUrl !== undefined,
    audienceBaseUrl: `${endpointUrl.protocol}//${endpointUrl.hostname}/`,
    credential: Object.freeze(credentialOf(properties)),
    version,
  });
}

function splitProperties(text: string): Properties {
  const items = text
    .split(";")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (items.length < 2) {
    throw invalid(
      missing("endpoint"),
      `It has ${items.length} of the at least two properties: Endpoint=...;AccessKey=..., or Endpoint=...;AuthType=azure.`,
    );
  }
  const properties = new Map<string, string>();
  for (const item of items) {
    const split = item.indexOf("=");
    if (split < 0) continue;
    const key = item.slice(0, split).trim();
    const lowerKey = key.toLowerCase();
    if (properties.has(lowerKey)) {
      // An unknown key may be a piece of an access key that holds a semicolon.
      const shown = KNOWN_KEYS.has(lowerKey) ? key : "(a property this package does not know)";
      throw invalid(`Duplicate properties found in connection string: ${shown}.`, "Keep one of them.");
    }
    properties.set(lowerKey, item.slice(split + 1).trim());
  }
  return properties;
}

function urlProperty(properties: Properties, key: "endpoint" | "clientEndpoint" | "serverEndpoint"): URL | undefined {
  const text = properties.get(key.toLowerCase());
  if (text === undefined) return undefined;
  const url = parseHttpUrl(text);
  if (url === undefined) {
    throw invalid(
      `Invalid value for ${key} property, it must be a valid URI.`,
      "Write it with http:// or https:// and a host name.",
    );
  }
  return url;
}

function portProperty(properties: Properties): string | undefined {
  const text = properties.get("port");
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw invalid("Invalid value for port property, it must be an positive integer between (0, 65536).");
  }
  return String(port);
}

function versionProperty(properties: Properties): string | undefined {
  const version = properties.get("version");
  if (version === undefined || SUPPORTED_VERSION.test(version)) return version;
  const shown = PRINTABLE_VERSION.test(version) ? version : "(not shown: it does not look like a version)";
  throw invalid(`Version ${shown} is not supported.`, "Supported is 1.x, such as Version=1.0.");
}

function credentialOf(properties: Properties): EndpointCredential {
  switch (properties.get("authtype")?.toLowerCase()) {
    case "azure":
      return { kind: "entra", credential: "default" };
    case "azure.msi":
      return managedIdentity(properties.get("clientid"));
    case "azure.app":
      return application(properties);
    case "aad":
      return legacyAad(properties);
    default:
      return accessKeyOrDefault(properties);
  }
}

function accessKeyOrDefault(properties: Properties): EndpointCredential {
  const accessKey = properties.get("accesskey");
  if (accessKey === undefined) return { kind: "entra", credential: "default" };
  if (accessKey === "") {
    // Most often a variable that was not set; going on with an Entra identity would hide that.
    throw invalid("accesskey is required.", "AccessKey is empty: give the key, or use AuthType=azure in its place.");
  }
  return { kind: "accessKey", accessKey: new Secret(accessKey) };
}

/** The obsolete `AuthType=aad`, whose meaning depends on which ids are there. */
function legacyAad(properties: Properties): EndpointCredential {
  const clientId = properties.get("clientid");
  if (clientId === undefined || properties.get("tenantid") === undefined) return managedIdentity(clientId);
  return application(properties);
}

function managedIdentity(clientId: string | undefined): EndpointCredential {
  const base = { kind: "entra", credential: "managedIdentity" } as const;
  return clientId === undefined ? base : { ...base, clientId };
}

function application(properties: Properties): EndpointCredential {
  const clientId = properties.get("clientid");
  const tenantId = properties.get("tenantid");
  if (!clientId) throw invalid(missing("clientId"));
  if (!tenantId) throw invalid(missing("tenantId"));
  const clientSecret = properties.get("clientsecret");
  if (clientSecret) {
    return { kind: "entra", credential: "clientSecret", clientId, tenantId, clientSecret: new Secret(clientSecret) };
  }
  const clientCertificate = properties.get("clientcert");
  if (clientCertificate) {
    return { kind: "entra", credential: "clientCertificate", clientId, tenantId, clientCertificate };
  }
  throw invalid(missing("clientSecret or clientCert"));
}

function missing(property: string): string {
  return `Connection string missing required properties ${property}.`;
}

function invalid(officialText: string, advice = ""): SignalRError {
  return new SignalRError("CONNECTION_STRING_INVALID", advice === "" ? officialText : `${officialText} ${advice}`);
}
