import { SignalRError } from "../../base/errors.js";
import { parseConnectionString } from "../../config/connection-string.js";
import type { Emulator } from "../../emulator/emulator.js";
import type { Configuration } from "../configuration.js";
import type { App } from "../resources/app.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { ConnectionString } from "../resources/connection-string.js";
import type { Resource } from "../resources/resource.js";
import {
  type ConnectionSource,
  type EndpointReference,
  type OutputReference,
  type Reference,
  resolveValue,
} from "../values.js";
import type { Ports } from "./ports.js";

/** What the texts of references are taken from. */
export interface LookupSources {
  readonly resources: readonly Resource[];
  readonly configuration: Configuration;
  readonly emulators: ReadonlyMap<AzureSignalR, Emulator>;
  readonly ports: Ports;
}

/** The process that a text is for: its own port is not that of the others. */
export interface Asker {
  readonly app: App;
  /** From 0. */
  readonly replica: number;
}

/** Knows the texts that references have on this machine. */
export class Lookups {
  readonly #sources: LookupSources;

  constructor(sources: LookupSources) {
    this.#sources = sources;
  }

  /** @throws SignalRError CONNECTION_STRING_MISSING, CONNECTION_STRING_INVALID, CONFIG_INVALID, or HOSTING_FAILED for what only Azure can tell */
  async textOf(reference: Reference, asker: Asker | undefined): Promise<string> {
    switch (reference.kind) {
      case "parameter":
        return reference.value;
      case "connectionString":
        return await this.connectionStringOf(reference.source);
      case "uri":
        return this.uriOf(reference.source);
      case "endpoint":
        return this.#endpoint(reference, asker);
      case "output":
        return this.#output(reference);
    }
  }

  async connectionStringOf(source: ConnectionSource): Promise<string> {
    return source.kind === "azureSignalR" ? this.#serviceConnectionString(source) : await this.#plain(source);
  }

  /** The address of a service or its emulator. */
  uriOf(source: AzureSignalR): string {
    const emulator = this.#sources.emulators.get(source);
    return emulator?.url ?? parseConnectionString(this.#serviceConnectionString(source)).endpoint;
  }

  /** The address of an app's endpoint. */
  endpointUrl(app: App, name: string, replica?: number): string {
    const ports = this.#portsOf(app, name);
    return `http://localhost:${replica === undefined ? ports.port : ports.targetPorts[replica]}`;
  }

  async #plain(source: ConnectionString): Promise<string> {
    if (source.expression === undefined) return source.value;
    return await resolveValue(source.expression, (reference) => this.textOf(reference, undefined));
  }

  #serviceConnectionString(source: AzureSignalR): string {
    const emulator = this.#sources.emulators.get(source);
    // With the port in the address, as .NET Aspire writes it.
    if (emulator !== undefined)
      return emulator.connectionString.replace(/^Endpoint=[^;]*;Port=\d+;/, `Endpoint=${emulator.url};`);
    const key = `ConnectionStrings:${source.name}`;
    const configured = this.#sources.configuration.get(key);
    if (configured) return configured;
    const { existing } = source;
    if (existing !== undefined)
      return `Endpoint=https://${textOrValue(existing.name)}.service.signalr.net;AuthType=azure`;
    throw new SignalRError(
      "CONNECTION_STRING_MISSING",
      `${this.#sources.configuration.missing(key)} Or run ${source.name} as the emulator, with runAsEmulator().`,
    );
  }

  #endpoint({ app, endpoint, property }: EndpointReference, asker: Asker | undefined): string {
    const { port, targetPorts } = this.#portsOf(app, endpoint);
    switch (property) {
      case "url":
        return this.endpointUrl(app, endpoint);
      case "host":
        return "localhost";
      case "scheme":
        return "http";
      case "port":
        return String(port);
      case "targetPort":
        return String(targetPorts[asker?.app === app ? asker.replica : 0]);
    }
  }

  #portsOf(app: App, name: string) {
    const ports = this.#sources.ports.get(app)?.get(name);
    if (ports !== undefined) return ports;
    const known = app.endpoints.map((endpoint) => endpoint.name).join(", ") || "none";
    throw new SignalRError(
      "HOSTING_FAILED",
      `${app.name} has no endpoint named ${name}; there are: ${known}. Add it with withHttpEndpoint.`,
    );
  }

  /** What is known of a deployed service without asking Azure. */
  #output({ resource: name, output }: OutputReference): string {
    const source = this.#sources.resources.find((resource) => resource.name === name);
    if (source?.kind === "azureSignalR") {
      const host = new URL(this.uriOf(source)).host;
      if (output === "hostName") return host;
      if (output === "name") {
        if (source.existing !== undefined) return textOrValue(source.existing.name);
        return source.isEmulator ? source.name : (host.split(".")[0] ?? host);
      }
    }
    throw new SignalRError(
      "HOSTING_FAILED",
      `Output ${output} of ${name} is known in Azure only; an app that uses it cannot be run on this machine.`,
    );
  }
}

function textOrValue(value: string | { readonly value: string }): string {
  return typeof value === "string" ? value : value.value;
}
