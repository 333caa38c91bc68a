import type { TokenCredential } from "@azure/core-auth";
import { SignalRError } from "../base/errors.js";
import { parseConnectionString } from "./connection-string.js";
import type { ConnectionString, EndpointType, EntraCredential, ServiceEndpoint } from "./endpoint.js";
import { endpointText, parseHttpUrl } from "./http-url.js";

interface EndpointIdentity {
  /** `name[:type]` as in configuration; in place of `name` and `type`. */
  readonly key?: string;
  /** @default "" (nameless) */
  readonly name?: string;
  /** @default "primary" */
  readonly type?: EndpointType;
  /** Who this process is, in place of an access key. @default DefaultAzureCredential of `@azure/identity` */
  readonly credential?: TokenCredential;
}

/** One endpoint given in code: by connection string, or by address with an identity of Microsoft Entra ID. */
export type EndpointInput = EndpointIdentity &
  (
    | { readonly connectionString: string }
    | {
        /** `https://<name>.service.signalr.net`; a path is dropped. */
        readonly endpoint: string | URL;
        /** Where clients are sent. @default endpoint */
        readonly clientEndpoint?: string | URL;
        /** Where server connections and REST calls go. @default endpoint */
        readonly serverEndpoint?: string | URL;
      }
  );

/**
 * Splits `name[:type]`: the text behind the last colon is the type if it is `primary` or `secondary` (case aside), else the
 * whole text is the name of a primary endpoint.
 */
export function parseEndpointKey(key: string): { readonly name: string; readonly type: EndpointType } {
  const colon = key.lastIndexOf(":");
  const type = colon < 0 ? "" : key.slice(colon + 1).toLowerCase();
  if (type === "primary" || type === "secondary") return { name: key.slice(0, colon), type };
  return { name: key, type: "primary" };
}

/**
 * An endpoint from its connection string or address.
 *
 * @throws SignalRError CONNECTION_STRING_INVALID | CONNECTION_STRING_MISSING | CONFIG_INVALID (address, type)
 */
export function createEndpoint(input: EndpointInput): ServiceEndpoint {
  const fromKey = input.key === undefined ? undefined : parseEndpointKey(input.key);
  const type = input.type ?? fromKey?.type ?? "primary";
  if (type !== "primary" && type !== "secondary") {
    throw new SignalRError("CONFIG_INVALID", `An endpoint's type must be "primary" or "secondary".`);
  }
  const parsed = "connectionString" in input ? fromText(input) : fromAddress(input);
  return Object.freeze({ ...parsed, name: input.name ?? fromKey?.name ?? "", type });
}

/** Whether both stand for the same endpoint: name, type and addresses; keys may differ (they are rotated). */
export function endpointsEqual(one: ServiceEndpoint, other: ServiceEndpoint): boolean {
  return one.name === other.name && samePlace(one, other);
}

/** Whether connections to the one are connections to the other: type and addresses, whatever the name and the key. */
export function samePlace(one: ServiceEndpoint, other: ServiceEndpoint): boolean {
  return (
    one.type === other.type &&
    one.endpoint === other.endpoint &&
    one.clientEndpoint === other.clientEndpoint &&
    one.serverEndpoint === other.serverEndpoint
  );
}

/** For logs: `[name](Primary)https://host;ServerEndpoint=...`, without what does not differ. */
export function endpointLabel(endpoint: ServiceEndpoint): string {
  const name = endpoint.name === "" ? "" : `[${endpoint.name}]`;
  const type = endpoint.type === "primary" ? "(Primary)" : "(Secondary)";
  const { endpoint: address, clientEndpoint, serverEndpoint } = endpoint;
  const client = clientEndpoint === address ? "" : `;ClientEndpoint=${clientEndpoint}`;
  const server = serverEndpoint === address ? "" : `;ServerEndpoint=${serverEndpoint}`;
  return `${name}${type}${address}${client}${server}`;
}

function fromText(input: Extract<EndpointInput, { readonly connectionString: string }>): ConnectionString {
  const { connectionString, credential } = input;
  if (typeof connectionString !== "string" || connectionString.trim() === "") {
    throw new SignalRError("CONNECTION_STRING_MISSING", "'connectionString' cannot be null or whitespace.");
  }
  const parsed = parseConnectionString(connectionString);
  if (credential === undefined) return parsed;
  if (parsed.credential.kind === "accessKey") {
    throw new SignalRError("CONFIG_INVALID", "The endpoint has an access key and a credential; give one of them.");
  }
  return { ...parsed, credential: Object.freeze(entraCredential(credential)) };
}

function fromAddress(input: Extract<EndpointInput, { readonly endpoint: string | URL }>): ConnectionString {
  const url = httpUrl(input.endpoint);
  const endpoint = `${url.protocol}//${url.host}`;
  const { clientEndpoint, serverEndpoint } = input;
  return {
    endpoint,
    clientEndpoint: clientEndpoint === undefined ? endpoint : endpointText(httpUrl(clientEndpoint)),
    serverEndpoint: serverEndpoint === undefined ? endpoint : endpointText(httpUrl(serverEndpoint)),
    hasClientEndpoint: clientEndpoint !== undefined,
    hasServerEndpoint: serverEndpoint !== undefined,
    audienceBaseUrl: `${url.protocol}//${url.hostname}/`,
    credential: Object.freeze(entraCredential(input.credential)),
    version: undefined,
  };
}

/**
 * The identity that code gives, or the default one.
 * @throws SignalRError CONFIG_INVALID for what cannot give tokens
 */
export function entraCredential(given: TokenCredential | undefined): EntraCredential {
  if (given === undefined) return { kind: "entra", credential: "default" };
  if (typeof given?.getToken !== "function") {
    throw new SignalRError(
      "CONFIG_INVALID",
      "The credential must be a TokenCredential: an object with getToken(), such as new DefaultAzureCredential().",
    );
  }
  return { kind: "entra", credential: "given", tokenCredential: () => given };
}

function httpUrl(address: string | URL): URL {
  const url = parseHttpUrl(String(address));
  if (url !== undefined) return url;
  throw new SignalRError("CONFIG_INVALID", "Endpoint scheme must be 'http://' or 'https://', followed by a host name.");
}
