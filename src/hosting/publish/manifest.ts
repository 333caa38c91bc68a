import { join, relative, sep } from "node:path";
import type { Module, ModuleArgument } from "../infrastructure/module.js";
import type { App } from "../resources/app.js";
import type { ConnectionString } from "../resources/connection-string.js";
import type { Parameter } from "../resources/parameter.js";
import type { Resource } from "../resources/resource.js";
import { partsOf, type Reference, type Value } from "../values.js";
import { dockerfileName, needsDockerfile } from "./dockerfile.js";
import type { Plan, PlanEntry } from "./plan.js";

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json | undefined };
type Entry = { readonly [name: string]: Json | undefined };

const FIRST_PORT = 8000;

/**
 * The application as .NET Aspire's manifest, which `azd` reads.
 *
 * @param folder where it will lie: its paths start there
 */
export function manifest(plan: Plan, folder: string): { readonly resources: Readonly<Record<string, Entry>> } {
  const ports = portAllocator(plan);
  const entries = plan.entries.map((entry) => [entry.name, entryOf(entry, folder, ports)] as const);
  return { resources: Object.fromEntries(entries) };
}

/** Where a module's file lies, beside the manifest. */
export function moduleFileName({ name }: Module): string {
  return `${name}.module.bicep`;
}

function entryOf(entry: PlanEntry, folder: string, ports: () => number): Entry {
  return entry.kind === "module" ? moduleEntry(entry.module) : resourceEntry(entry.resource, folder, ports);
}

function resourceEntry(resource: Resource, folder: string, ports: () => number): Entry {
  switch (resource.kind) {
    case "app":
      return appEntry(resource, folder, ports);
    case "parameter":
      return parameterEntry(resource);
    case "connection":
      return connectionEntry(resource);
    default:
      return askedConnectionEntry(resource.name);
  }
}

function moduleEntry(module: Module): Entry {
  const { resourceGroup, connectionString } = module;
  const params = [...module.arguments].map(([name, value]) => [name, argumentText(value)] as const);
  return {
    type: resourceGroup === undefined ? "azure.bicep.v0" : "azure.bicep.v1",
    connectionString: connectionString === undefined ? undefined : manifestText(connectionString),
    path: moduleFileName(module),
    params: params.length === 0 ? undefined : Object.fromEntries(params),
    scope: resourceGroup === undefined ? undefined : { resourceGroup: manifestText(resourceGroup) },
  };
}

/** The deploying tool fills in what is empty. */
function argumentText(value: ModuleArgument): string {
  return value.kind === "known" ? "" : manifestText(value);
}

function parameterEntry(parameter: Parameter): Entry {
  const { name, isSecret, default: preset } = parameter;
  return {
    type: "parameter.v0",
    value: `{${name}.inputs.value}`,
    inputs: {
      value: {
        type: "string",
        secret: isSecret ? true : undefined,
        default: preset === undefined ? undefined : { value: preset },
      },
    },
  };
}

function connectionEntry({ name, expression }: ConnectionString): Entry {
  if (expression === undefined) return askedConnectionEntry(name);
  return { type: "value.v0", connectionString: manifestText(expression) };
}

function askedConnectionEntry(name: string): Entry {
  return {
    type: "parameter.v0",
    connectionString: `{${name}.value}`,
    value: `{${name}.inputs.value}`,
    inputs: { value: { type: "string", secret: true } },
  };
}

function appEntry(app: App, folder: string, ports: () => number): Entry {
  const { start } = app;
  const isContainer = start.type !== "executable" || app.docker !== undefined;
  const args = (isContainer ? app.args.slice(start.args.length) : app.args).map(manifestText);
  return {
    ...(isContainer
      ? { type: "container.v1", build: dockerBuild(app, folder) }
      : { type: "executable.v0", workingDirectory: pathFrom(folder, start.folder), command: start.command }),
    args: args.length === 0 ? undefined : args,
    env: Object.fromEntries(app.environment.map(({ name, value }) => [name, manifestText(value)])),
    bindings: app.endpoints.length === 0 ? undefined : bindings(app, ports),
  };
}

function dockerBuild(app: App, folder: string): Entry {
  if (app.docker !== undefined) {
    return { context: pathFrom(folder, app.docker.context), dockerfile: pathFrom(folder, app.docker.dockerfile) };
  }
  const context = pathFrom(folder, app.start.folder);
  if (needsDockerfile(app)) return { context, dockerfile: dockerfileName(app) };
  return { context, dockerfile: pathFrom(folder, join(app.start.folder, "Dockerfile")) };
}

function bindings(app: App, ports: () => number): Entry {
  return Object.fromEntries(
    app.endpoints.map(({ name, scheme, port, targetPort = port ?? ports() }) => [
      name,
      {
        scheme,
        protocol: "tcp",
        transport: "http",
        port: port === targetPort ? undefined : port,
        targetPort,
        external: app.hasExternalEndpoints ? true : undefined,
      },
    ]),
  );
}

/** Gives out ports that no endpoint asks for. */
function portAllocator({ apps }: Plan): () => number {
  const taken = new Set(
    apps.flatMap(({ endpoints }) => endpoints.flatMap(({ port, targetPort }) => [port, targetPort])),
  );
  let next = FIRST_PORT;
  return () => {
    while (taken.has(next)) next += 1;
    next += 1;
    return next - 1;
  };
}

/** A value in the manifest's language, where braces hold references. */
function manifestText(value: Value): string {
  return partsOf(value)
    .map((part) => (typeof part === "string" ? part.replace(/[{}]/g, "$&$&") : referenceText(part)))
    .join("");
}

function referenceText(reference: Reference): string {
  switch (reference.kind) {
    case "parameter":
      return `{${reference.name}.value}`;
    case "output":
      return `{${reference.resource}.outputs.${reference.output}}`;
    case "connectionString":
      return `{${reference.source.name}.connectionString}`;
    case "uri":
      return manifestText(reference.source.azureUri);
    case "endpoint":
      return `{${reference.app.name}.bindings.${reference.endpoint}.${reference.property}}`;
  }
}

/** With slashes, on every system. */
function pathFrom(folder: string, path: string): string {
  const way = relative(folder, path).split(sep).join("/");
  return way === "" ? "." : way;
}
