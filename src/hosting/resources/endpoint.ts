import { SignalRError } from "../../base/errors.js";

/** Where an app listens. */
export interface EndpointOptions {
  /** Name, for references to it. @default "http" */
  readonly name?: string;
  /** Port that others use. @default chosen when it runs */
  readonly port?: number;
  /** Port that the app itself listens on. @default `port`, else chosen when it runs */
  readonly targetPort?: number;
  /** Environment variable that tells the app its port, e.g. `PORT`. @default none */
  readonly env?: string;
}

/** An endpoint of an app, complete. */
export interface Endpoint {
  readonly name: string;
  readonly scheme: "http";
  readonly port: number | undefined;
  readonly targetPort: number | undefined;
  readonly env: string | undefined;
}

/** Asks an app over HTTP whether it is well: any answer of 200 to 299 says yes. */
export interface HttpHealthCheck {
  readonly path: string;
  readonly endpoint: string;
}

const LARGEST_PORT = 65_535;
const ENDPOINT_NAME = /^[A-Za-z][\w-]{0,62}$/;

/** @throws SignalRError ARGUMENT_INVALID for a port or a name that is not allowed */
export function makeEndpoint(owner: string, options: EndpointOptions): Endpoint {
  const name = options.name ?? "http";
  if (!ENDPOINT_NAME.test(name)) {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `An endpoint of ${owner} cannot be named ${JSON.stringify(name)}: allowed are letters, digits, hyphens and underscores, a letter first.`,
    );
  }
  checkPort(owner, "port", options.port);
  checkPort(owner, "targetPort", options.targetPort);
  if (options.env !== undefined) checkVariableName(owner, options.env);
  return { name, scheme: "http", port: options.port, targetPort: options.targetPort, env: options.env };
}

/** @throws SignalRError ARGUMENT_INVALID for a name that no environment variable can have */
export function checkVariableName(owner: string, name: string): void {
  if (typeof name === "string" && /^[^=\0]+$/.test(name)) return;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `${owner}: an environment variable cannot be named ${JSON.stringify(name)}; allowed is a text without "=".`,
  );
}

function checkPort(owner: string, what: string, port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port >= 1 && port <= LARGEST_PORT)) return;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `${what} of an endpoint of ${owner} is ${port}; allowed is a whole number from 1 to ${LARGEST_PORT}.`,
  );
}
