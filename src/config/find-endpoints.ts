import type { TokenCredential } from "@azure/core-auth";
import { SignalRError } from "../base/errors.js";
import type { ServiceEndpoint } from "./endpoint.js";
import { IN_CODE } from "./find.js";
import type { ServiceOptions } from "./options.js";
import type { Problem } from "./problems.js";
import { createEndpoint, type EndpointInput, endpointLabel, entraCredential } from "./service-endpoint.js";
import { below, type Layer, type Setting } from "./sources.js";

/** Endpoints as code may give them. */
export interface EndpointOptions {
  /**
   * Several endpoints: connection strings, or objects with a connection string or address, a name and a type. In place
   * of the named endpoints of other sources; `connectionString` counts beside them.
   */
  readonly endpoints?: ReadonlyArray<string | EndpointInput | ServiceEndpoint>;
  /**
   * The Microsoft Entra ID identity of this process, for all endpoints that have neither an access key nor a `credential`
   * of their own. Wins over what connection strings say with `AuthType`.
   */
  readonly credential?: TokenCredential;
}

/** One endpoint before its text was read. */
interface Candidate {
  /** Where it was found: `key (source)`. */
  readonly place: string;
  create(): ServiceEndpoint;
}

/** What the look-up came to. */
export interface FoundEndpoints {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly problems: readonly Problem[];
}

/** Whether any source gives a connection string or endpoint; says nothing about its correctness. */
export function hasEndpoint(name: string, merged: Layer, options: ServiceOptions & EndpointOptions): boolean {
  return candidates(name, merged, options).length > 0;
}

/** Reads all endpoints, primary ones first; what cannot be read is told in `problems`. */
export function findEndpoints(
  name: string,
  merged: Layer,
  options: ServiceOptions & EndpointOptions,
  warn: (message: string) => void,
): FoundEndpoints {
  const found = candidates(name, merged, options);
  if (found.length === 0) return { endpoints: [], problems: [missing(name, merged, options)] };
  const created: ServiceEndpoint[] = [];
  const problems: Problem[] = [];
  for (const { place, create } of found) {
    try {
      created.push(create());
    } catch (error) {
      if (!(error instanceof SignalRError)) throw error;
      problems.push({ code: error.code, line: `${place}: ${error.message}` });
    }
  }
  const endpoints = withoutDuplicates(withCredential(created, options.credential, problems), warn);
  if (problems.length === 0 && endpoints[0]?.type !== "primary") {
    problems.push({
      code: "CONFIG_INVALID",
      line: `No primary endpoint defined. All endpoints of "${name}" are secondary: make one of them primary.`,
    });
  }
  return { endpoints, problems };
}

/** Code wins over files and the environment; an access key and an endpoint's own credential stay. */
function withCredential(
  endpoints: readonly ServiceEndpoint[],
  given: TokenCredential | undefined,
  problems: Problem[],
): readonly ServiceEndpoint[] {
  if (given === undefined || given === null) return endpoints;
  try {
    const credential = Object.freeze(entraCredential(given));
    return endpoints.map((endpoint) => {
      const isOpen = endpoint.credential.kind === "entra" && endpoint.credential.credential !== "given";
      return isOpen ? Object.freeze({ ...endpoint, credential }) : endpoint;
    });
  } catch (error) {
    if (!(error instanceof SignalRError)) throw error;
    problems.push({ code: error.code, line: `credential (${IN_CODE}): ${error.message}` });
    return endpoints;
  }
}

function candidates(name: string, merged: Layer, options: ServiceOptions & EndpointOptions): Candidate[] {
  return [...nameless(name, merged, options), ...named(name, merged, options)];
}

function nameless(name: string, merged: Layer, options: ServiceOptions): Candidate[] {
  const { connectionString } = options;
  if (connectionString !== undefined && connectionString !== null) {
    // A value that is no text is refused by createEndpoint; only the empty text counts as "none".
    return isBlank(connectionString) ? [] : [candidate(`connectionString (${IN_CODE})`, { connectionString })];
  }
  const hit = firstHit(name, merged);
  if (hit === undefined || isBlank(hit.value)) return [];
  return [candidate(placeOf(hit), { connectionString: hit.value ?? "" })];
}

function named(name: string, merged: Layer, options: EndpointOptions): Candidate[] {
  if (options.endpoints !== undefined && options.endpoints !== null) return fromCode(options.endpoints);
  for (const section of namedSections(name)) {
    const found = [...below(merged, section)].filter(([, setting]) => !isBlank(setting.value));
    if (found.length === 0) continue;
    return found.map(([key, setting]) => candidate(placeOf(setting), { connectionString: setting.value ?? "", key }));
  }
  return [];
}

function fromCode(endpoints: unknown): Candidate[] {
  if (!Array.isArray(endpoints)) {
    return [refusedCandidate(`endpoints (${IN_CODE})`, "it must be an array of connection strings or endpoints.")];
  }
  return endpoints.map((input: unknown, index) => {
    const place = `endpoints[${index}] (${IN_CODE})`;
    if (typeof input === "string") return candidate(place, { connectionString: input });
    if (typeof input === "object" && input !== null) {
      if ("credential" in input && "audienceBaseUrl" in input) return { place, create: () => input as ServiceEndpoint };
      if ("connectionString" in input || "endpoint" in input) return candidate(place, input as EndpointInput);
    }
    return refusedCandidate(place, "it must be a connection string, or an object with a connectionString.");
  });
}

function candidate(place: string, input: EndpointInput): Candidate {
  return { place, create: () => createEndpoint(input) };
}

function refusedCandidate(place: string, reason: string): Candidate {
  return {
    place,
    create() {
      throw new SignalRError("CONFIG_INVALID", reason);
    },
  };
}

function stringKeys(name: string): readonly string[] {
  const [own, fallback] = namedSections(name);
  return [`ConnectionStrings:${name}`, own, fallback];
}

function namedSections(name: string): readonly [string, string] {
  const own = `Azure:SignalR:${name}:ConnectionString`;
  return [own, `ConnectionStrings:${own}`];
}

// An empty text is a hit (and then no endpoint): whoever wrote it wanted the others out of the way. null is no hit.
function firstHit(name: string, merged: Layer): Setting | undefined {
  for (const key of stringKeys(name)) {
    const setting = merged.get(key.toLowerCase());
    if (setting !== undefined && setting.value !== null) return setting;
  }
  return undefined;
}

function missing(name: string, merged: Layer, options: ServiceOptions): Problem {
  const code = "CONNECTION_STRING_MISSING";
  const hit = options.connectionString === undefined ? firstHit(name, merged) : undefined;
  const emptyPlace = options.connectionString === "" ? `connectionString (${IN_CODE})` : hit && placeOf(hit);
  const [first, ...others] = stringKeys(name);
  const advice =
    `Set ${first} (environment variable ConnectionStrings__${name.replaceAll(":", "__")}), ` +
    `or one of ${others.join(", ")}, or pass connectionString.`;
  const reason = emptyPlace === undefined ? "None of them was found in any source." : `${emptyPlace} is empty.`;
  return { code, line: `No connection string was specified for "${name}". ${reason} ${advice}` };
}

/** Endpoints with the same address are one; a primary one is preferred. Primary endpoints come first. */
function withoutDuplicates(endpoints: readonly ServiceEndpoint[], warn: (message: string) => void): ServiceEndpoint[] {
  const primaryFirst = [
    ...endpoints.filter(({ type }) => type === "primary"),
    ...endpoints.filter(({ type }) => type === "secondary"),
  ];
  const byAddress = new Map<string, ServiceEndpoint>();
  for (const endpoint of primaryFirst) {
    const kept = byAddress.get(endpoint.endpoint);
    if (kept === undefined) byAddress.set(endpoint.endpoint, endpoint);
    else warn(`${endpointLabel(endpoint)} has the address of ${endpointLabel(kept)} and is not used.`);
  }
  return [...byAddress.values()];
}

function placeOf(setting: Setting): string {
  return `${setting.key} (${setting.origin})`;
}

function isBlank(value: unknown): boolean {
  return value === null || (typeof value === "string" && value.trim() === "");
}
