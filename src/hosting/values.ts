import type { App } from "./resources/app.js";
import type { AzureSignalR } from "./resources/azure-signalr.js";
import type { ConnectionString } from "./resources/connection-string.js";
import type { Parameter } from "./resources/parameter.js";

/** What of an endpoint is meant. */
export type EndpointProperty = "url" | "host" | "port" | "targetPort" | "scheme";

/** What a deployed Azure resource tells: an output of its Bicep module. */
export interface OutputReference {
  readonly kind: "output";
  /** Name of the resource whose module has the output. */
  readonly resource: string;
  readonly output: string;
}

/** The connection string of a resource that apps can be connected to. */
export interface ConnectionStringReference {
  readonly kind: "connectionString";
  readonly source: ConnectionSource;
}

/** The address of an Azure SignalR resource, `https://<host name>`, or that of its emulator. */
export interface UriReference {
  readonly kind: "uri";
  readonly source: AzureSignalR;
}

/** Where an app listens. */
export interface EndpointReference {
  readonly kind: "endpoint";
  readonly app: App;
  readonly endpoint: string;
  readonly property: EndpointProperty;
}

/** A resource that has a connection string. */
export type ConnectionSource = AzureSignalR | ConnectionString;

/** Stands for a text that is known only where the application runs, or once it is deployed. */
export type Reference = Parameter | OutputReference | ConnectionStringReference | UriReference | EndpointReference;

/** A text, a reference to one, or a text with references in it ({@link expression}). */
export type Value = string | Reference | Expression;

/** A text with references in it; made by {@link expression}. */
export class Expression {
  readonly kind = "expression";
  /** Texts and references, in order. */
  readonly parts: ReadonlyArray<string | Reference>;

  constructor(parts: ReadonlyArray<string | Reference>) {
    this.parts = Object.freeze(parts.filter((part) => part !== ""));
  }
}

/**
 * A text that has values of other resources in it, for a template literal.
 *
 * @example
 * app.withEnvironment("HUB_URL", expression`https://${signalR.hostName}/client/?hub=chat`);
 */
export function expression(texts: TemplateStringsArray, ...values: readonly Value[]): Expression {
  return new Expression(texts.flatMap((text, index) => [text, ...partsOf(values[index] ?? "")]));
}

/** The value in pieces: texts, and references between them. */
export function partsOf(value: Value): ReadonlyArray<string | Reference> {
  if (typeof value === "string") return [value];
  return value.kind === "expression" ? value.parts : [value];
}

/**
 * The text of a value, where every reference has one.
 *
 * @param lookUp gives the text of a reference; rejects when there is none
 */
export async function resolveValue(
  value: Value,
  lookUp: (reference: Reference) => string | Promise<string>,
): Promise<string> {
  const texts = await Promise.all(
    partsOf(value).map((part) => (typeof part === "string" ? part : Promise.resolve(lookUp(part)))),
  );
  return texts.join("");
}
