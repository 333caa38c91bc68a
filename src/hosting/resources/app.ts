import { resolve } from "node:path";
import { SignalRError } from "../../base/errors.js";
import type { Model } from "../model.js";
import { variablePrefix } from "../names.js";
import type { ConnectionSource, EndpointProperty, EndpointReference, Value } from "../values.js";
import type { AzureSignalR } from "./azure-signalr.js";
import {
  checkVariableName,
  type Endpoint,
  type EndpointOptions,
  type HttpHealthCheck,
  makeEndpoint,
} from "./endpoint.js";
import { checkRoles, type SignalRRole } from "./roles.js";

/** What an app is started with: `node` on a script, a script of a `package.json` (`vite`: of a Vite project), or any program. */
export type AppType = "node" | "npm" | "vite" | "executable";

/** An environment variable of an app. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: Value;
}

/** What an app waits for before it is started. */
export interface Wait {
  readonly resource: ConnectionSource | App;
}

/** What an app uses. */
export interface AppReference {
  readonly source: ConnectionSource | App;
  /** Name of the connection string; undefined for another app. */
  readonly connectionName: string | undefined;
}

/** Roles that an app has at a service, in place of the default ones. */
export interface RoleAssignment {
  readonly target: AzureSignalR;
  readonly roles: readonly SignalRRole[];
}

/** How an app is put into a container. */
export interface DockerBuild {
  /** Absolute path of the folder that is built from. */
  readonly context: string;
  /** Absolute path of a Dockerfile. */
  readonly dockerfile: string;
}

/** How {@link App} is started. */
export interface AppStart {
  readonly type: AppType;
  readonly command: string;
  readonly args: readonly Value[];
  /** Absolute path. */
  readonly folder: string;
  /** The script: a file, or the name of one in `package.json`. */
  readonly script: string | undefined;
}

/** A program of the application: started when running, a container when published. */
export class App {
  readonly kind = "app";
  readonly name: string;
  readonly start: AppStart;
  readonly #model: Model;
  readonly #args: Value[] = [];
  readonly #environment: EnvironmentVariable[] = [];
  readonly #references: AppReference[] = [];
  readonly #waits: Wait[] = [];
  readonly #endpoints: Endpoint[] = [];
  readonly #healthChecks: HttpHealthCheck[] = [];
  readonly #roleAssignments: RoleAssignment[] = [];
  #hasExternalEndpoints = false;
  #replicas = 1;
  #docker: DockerBuild | undefined;

  constructor(model: Model, name: string, start: AppStart) {
    this.#model = model;
    this.name = name;
    this.start = start;
  }

  /**
   * Gives the app what it needs to use another resource: `ConnectionStrings__<name>` (and `<NAME>_URI`) of a service,
   * `services__<name>__<scheme>__0` of an app.
   *
   * @param options `connectionName`: the name in these variables, where the resource's own does not fit
   */
  withReference(source: ConnectionSource, options?: { readonly connectionName?: string }): this;
  withReference(source: App): this;
  withReference(source: ConnectionSource | App, options: { readonly connectionName?: string } = {}): this {
    this.#model.change();
    if (source === this) throw new SignalRError("ARGUMENT_INVALID", `${this.name} cannot refer to itself.`);
    if (source.kind === "app") {
      this.#references.push({ source, connectionName: undefined });
      return this;
    }
    const connectionName = options.connectionName ?? source.name;
    checkVariableName(this.name, connectionName);
    this.#references.push({ source, connectionName });
    this.#environment.push({ name: `ConnectionStrings__${connectionName}`, value: source.connectionString });
    if (source.kind === "azureSignalR") {
      this.#environment.push({ name: `${variablePrefix(connectionName)}_URI`, value: source.uri });
    }
    return this;
  }

  /** Starts the app only when the other resource is up and its health checks are passed. Has no effect when publishing. */
  waitFor(resource: ConnectionSource | App): this {
    this.#model.change();
    if (resource === this) throw new SignalRError("ARGUMENT_INVALID", `${this.name} cannot wait for itself.`);
    this.#waits.push({ resource });
    return this;
  }

  /** Sets an environment variable; a later call with the same name wins. */
  withEnvironment(name: string, value: Value): this {
    this.#model.change();
    checkVariableName(this.name, name);
    this.#environment.push({ name, value });
    return this;
  }

  /** Adds arguments for the app, also where npm starts it. */
  withArgs(...args: readonly Value[]): this {
    this.#model.change();
    this.#args.push(...args);
    return this;
  }

  /**
   * Says that the app listens for HTTP.
   *
   * @throws SignalRError ARGUMENT_INVALID for a name that is used already, or a port that is not allowed
   * @example
   * builder.addNodeApp("api", "dist/api.js").withHttpEndpoint({ env: "PORT" });
   */
  withHttpEndpoint(options: EndpointOptions = {}): this {
    this.#model.change();
    const endpoint = makeEndpoint(this.name, options);
    if (this.#endpoints.some(({ name }) => name === endpoint.name)) {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        `${this.name} has an endpoint named ${endpoint.name} already; give the other one a name of its own.`,
      );
    }
    this.#endpoints.push(endpoint);
    if (endpoint.env !== undefined) {
      this.#environment.push({ name: endpoint.env, value: this.endpoint(endpoint.name, "targetPort") });
    }
    return this;
  }

  /** Lets the world reach the app's HTTP endpoints, once it is deployed. */
  withExternalHttpEndpoints(): this {
    this.#model.change();
    this.#hasExternalEndpoints = true;
    return this;
  }

  /** Says where the app tells that it is well. @default path "/health" of the first endpoint */
  withHttpHealthCheck(options: { readonly path?: string; readonly endpoint?: string } = {}): this {
    this.#model.change();
    const path = options.path ?? "/health";
    if (!path.startsWith("/")) {
      throw new SignalRError("ARGUMENT_INVALID", `A health check's path of ${this.name} must start with a slash.`);
    }
    this.#healthChecks.push({ path, endpoint: options.endpoint ?? this.#endpoints[0]?.name ?? "http" });
    return this;
  }

  /** Runs several processes of the app. Has no effect when publishing. @default 1 */
  withReplicas(count: number): this {
    this.#model.change();
    if (!Number.isInteger(count) || count < 1) {
      throw new SignalRError("ARGUMENT_INVALID", `${this.name} cannot have ${count} replicas; allowed is 1 or more.`);
    }
    this.#replicas = count;
    return this;
  }

  /** Gives the app an identity of its own that has these roles, in place of the default ones. Publishing only. */
  withRoleAssignments(target: AzureSignalR, ...roles: readonly [SignalRRole, ...SignalRRole[]]): this {
    this.#model.change();
    checkRoles(roles);
    this.#roleAssignments.push({ target, roles: [...new Set(roles)] });
    return this;
  }

  /**
   * Publishes the app as a container that is built by a Dockerfile of yours.
   *
   * @param options `context`: folder to build from (default: the app's), `dockerfile`: path of the Dockerfile (default:
   *   `Dockerfile` in the context); both relative to the app host's folder
   */
  publishAsDockerFile(options: { readonly context?: string; readonly dockerfile?: string } = {}): this {
    this.#model.change();
    const context = options.context === undefined ? this.start.folder : resolve(this.#model.folder, options.context);
    const dockerfile = options.dockerfile === undefined ? undefined : resolve(this.#model.folder, options.dockerfile);
    this.#docker = { context, dockerfile: dockerfile ?? resolve(context, "Dockerfile") };
    return this;
  }

  /** For other resources' environment: where the app listens. */
  endpoint(name: string, property: EndpointProperty = "url"): EndpointReference {
    return { kind: "endpoint", app: this, endpoint: name, property };
  }

  /** All arguments of the command, also those of `withArgs`. */
  get args(): readonly Value[] {
    // npm takes what stands before two hyphens for itself.
    const isScript = this.start.command === "npm" && this.#args.length > 0;
    return [...this.start.args, ...(isScript ? ["--"] : []), ...this.#args];
  }

  /** All variables in order, a name once: NODE_ENV, those of references, endpoints and `withEnvironment`. */
  get environment(): readonly EnvironmentVariable[] {
    const variables = new Map<string, Value>();
    if (this.start.type !== "executable") {
      variables.set("NODE_ENV", this.#model.mode === "publish" ? "production" : "development");
    }
    for (const { name, value } of this.#environment) {
      // What is only a connection string has no address that would be known apart from it.
      const isKnown = typeof value === "string" || value.kind !== "uri" || !value.source.isConnectionString;
      if (isKnown) variables.set(name, value);
    }
    // Looked up late: the other app may have been given its endpoints after it was referred to.
    for (const { source } of this.#references) {
      if (source.kind !== "app") continue;
      for (const endpoint of source.endpoints) {
        variables.set(`services__${source.name}__${endpoint.name}__0`, source.endpoint(endpoint.name));
      }
    }
    return [...variables].map(([name, value]) => ({ name, value }));
  }

  get references(): readonly AppReference[] {
    return this.#references;
  }

  get waits(): readonly Wait[] {
    return this.#waits;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  get hasExternalEndpoints(): boolean {
    return this.#hasExternalEndpoints;
  }

  get healthChecks(): readonly HttpHealthCheck[] {
    return this.#healthChecks;
  }

  get replicas(): number {
    return this.#replicas;
  }

  get roleAssignments(): readonly RoleAssignment[] {
    return this.#roleAssignments;
  }

  /** The Dockerfile of `publishAsDockerFile`. */
  get docker(): DockerBuild | undefined {
    return this.#docker;
  }
}
