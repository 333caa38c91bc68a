import { SignalRError } from "../../base/errors.js";

/** Where events of Serverless clients go, as the service's upstream settings have it. */
export interface UpstreamTemplate {
  /**
   * An absolute http or https URL. `{hub}`, `{category}` and `{event}` in it are replaced.
   * @example "http://localhost:7071/runtime/webhooks/signalr?code=secret"
   */
  readonly urlTemplate: string;
  /** Hubs that it is for: `*`, a name, or names separated by commas; letter case matters. Null is none. @default "*" */
  readonly hubPattern?: string | null;
  /** Events that it is for: `connected`, `disconnected`, or targets of invocations. @default "*" */
  readonly eventPattern?: string | null;
  /** `connections`, `messages`, or both. @default "*" */
  readonly categoryPattern?: string | null;
  /** Taken, so that the service's settings fit, and ignored: nobody here could get a token of a managed identity. */
  readonly auth?: UpstreamAuth;
}

/** How the service would prove who it is. */
export interface UpstreamAuth {
  /** @default "None" */
  readonly type?: "None" | "ManagedIdentity";
  readonly managedIdentity?: { readonly resource?: string };
}

/** What an event is told apart by. */
export interface UpstreamEventName {
  readonly hub: string;
  readonly category: "connections" | "messages";
  readonly event: string;
}

/** A template that was checked. */
export interface UpstreamRule {
  readonly template: UpstreamTemplate;
  /** Whether its requests should carry a token, which the emulator leaves out. */
  readonly ignoresIdentity: boolean;
  matches(name: UpstreamEventName): boolean;
  /** Where the event is sent. */
  url(name: UpstreamEventName): URL;
}

const PROBE: UpstreamEventName = Object.freeze({ hub: "hub", category: "messages", event: "event" });
const PLACE = /\{(hub|category|event)\}/g;

/** @throws SignalRError CONFIG_INVALID naming the template by its place in the list */
export function checkTemplates(templates: readonly UpstreamTemplate[]): readonly UpstreamRule[] {
  if (!Array.isArray(templates)) {
    throw new SignalRError("CONFIG_INVALID", `upstream must be a list of templates, got ${typeof templates}`);
  }
  return Object.freeze(templates.map((template, index) => checkTemplate(template, index)));
}

function checkTemplate(template: UpstreamTemplate, index: number): UpstreamRule {
  const text: unknown = template?.urlTemplate;
  if (typeof text !== "string" || text.trim() === "") {
    throw invalid(index, "has no urlTemplate; give the URL that events are sent to");
  }
  if (/@Microsoft\.KeyVault\(/i.test(text)) {
    throw invalid(index, "refers to Azure Key Vault, which the emulator cannot ask; write the value itself");
  }
  if (!isAbsolute(text)) throw invalid(index, "is no absolute http or https URL when its places are filled in");
  const isHub = matcher(template.hubPattern, index, "hubPattern");
  const isEvent = matcher(template.eventPattern, index, "eventPattern");
  const isCategory = matcher(template.categoryPattern, index, "categoryPattern");
  return Object.freeze({
    template,
    ignoresIdentity: template.auth?.type?.toLowerCase() === "managedidentity",
    matches: ({ hub, event, category }: UpstreamEventName) => isHub(hub) && isEvent(event) && isCategory(category),
    url: (name: UpstreamEventName) => new URL(fill(text, name)),
  });
}

/** The URL of a template for one event. */
function fill(template: string, name: UpstreamEventName): string {
  return template.replace(PLACE, (_place, member: keyof UpstreamEventName) => escaped(name[member]));
}

function escaped(text: string): string {
  // Half a surrogate pair cannot be escaped; a Buffer replaces it.
  return encodeURIComponent(Buffer.from(text, "utf8").toString("utf8"));
}

function isAbsolute(template: string): boolean {
  try {
    const { protocol } = new URL(fill(template, PROBE));
    return protocol === "http:" || protocol === "https:";
  } catch {
    return false;
  }
}

function matcher(pattern: unknown, index: number, member: string): (value: string) => boolean {
  if (pattern === undefined) return () => true;
  if (pattern === null) return () => false;
  if (typeof pattern !== "string") {
    throw invalid(index, `has a ${member} that is no text; give *, a name, or names separated by commas`);
  }
  const names = pattern.split(",").map((name) => name.trim());
  if (names.includes("*")) return () => true;
  return (value) => names.includes(value);
}

// The URL itself is not shown: its query may hold the secret of a function app.
function invalid(index: number, problem: string): SignalRError {
  return new SignalRError("CONFIG_INVALID", `upstream template ${index + 1} ${problem}.`);
}
