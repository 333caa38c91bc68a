import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SignalRError } from "../base/errors.js";
import { Application } from "./application.js";
import { readConfiguration } from "./configuration.js";
import { type ExecutionMode, OpenModel } from "./model.js";
import { checkResourceName } from "./names.js";
import { isPublisher, type Publisher, type RolesPlacement } from "./publish/options.js";
import { App, type AppStart } from "./resources/app.js";
import { AzureSignalR, type AzureSignalROptions } from "./resources/azure-signalr.js";
import { ConnectionString } from "./resources/connection-string.js";
import { VirtualNetwork } from "./resources/network.js";
import { Parameter, type ParameterOptions } from "./resources/parameter.js";
import type { Resource } from "./resources/resource.js";
import type { Value } from "./values.js";

/** How {@link createBuilder} works. */
export interface BuilderOptions {
  /**
   * The command line: `--publisher manifest|bicep` publishes, with `--output-path` for the folder; `--operation run|publish`
   * says it without a publisher. @default the arguments of the process
   */
  readonly args?: readonly string[];
  /** Run or publish, whatever the command line says. @default as the command line says, else "run" */
  readonly mode?: ExecutionMode;
  /** Folder that relative paths start from, and where configuration is looked for. @default the folder of the program's main file */
  readonly folder?: string;
  /** Values in the shape of `appsettings.json`, in place of the files and the user secrets. @default none */
  readonly configuration?: object;
  /** Which user secrets to read, as in `dotnet user-secrets --id`. @default `userSecretsId` of the package.json in the folder, else none */
  readonly userSecretsId?: string;
  /** Environment variables: configuration is looked for there, and apps that are run inherit them. @default the environment of the process */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * Where role assignments are written: in a Bicep module of their own, as .NET Aspire does since 9.2, or inside the
   * resource's module, as it did before. @default "apart"
   */
  readonly roles?: RolesPlacement;
}

/** Starts the description of an application: its services, its apps, and what they need of each other. */
export function createBuilder(options: BuilderOptions = {}): Builder {
  return new Builder(options);
}

/** Describes an application; made by {@link createBuilder}. */
export class Builder {
  readonly #model: OpenModel;
  readonly #resources: Resource[] = [];
  readonly #publisher: Publisher;
  readonly #outputPath: string | undefined;
  readonly #reports: boolean;
  readonly #roles: RolesPlacement;
  readonly #variables: Readonly<Record<string, string | undefined>>;

  constructor(options: BuilderOptions) {
    const command = readCommandLine(options.args ?? process.argv.slice(2));
    const folder = resolve(options.folder ?? dirname(process.argv[1] ?? "."));
    this.#variables = options.environment ?? process.env;
    const configuration = readConfiguration({
      folder,
      values: options.configuration,
      userSecretsId: options.userSecretsId,
      variables: this.#variables,
    });
    this.#model = new OpenModel(options.mode ?? command.mode, folder, configuration);
    this.#publisher = command.publisher;
    this.#outputPath = command.outputPath;
    this.#reports = command.reports;
    this.#roles = options.roles ?? "apart";
  }

  /** Whether the application will be run or published. */
  get mode(): ExecutionMode {
    return this.#model.mode;
  }

  /** Adds an Azure SignalR Service. */
  addAzureSignalR(name: string, options: AzureSignalROptions = {}): AzureSignalR {
    return this.#add(name, () => new AzureSignalR(this.#model, name, options));
  }

  /**
   * Adds a connection string.
   *
   * @param value what it is put together from. Default: `ConnectionStrings:<name>` of the configuration
   */
  addConnectionString(name: string, value?: Value): ConnectionString {
    return this.#add(name, () => new ConnectionString(this.#model, name, value));
  }

  /** Adds a value that is given from outside: `Parameters:<name>` of the configuration, or asked for at deployment. */
  addParameter(name: string, options: ParameterOptions = {}): Parameter {
    return this.#add(name, () => new Parameter(this.#model, name, options));
  }

  /**
   * Adds a Node program.
   *
   * @param script its main file, relative to `folder`
   * @param folder its working folder, relative to the app host's folder. Default: the app host's folder
   */
  addNodeApp(name: string, script: string, folder = "."): App {
    return this.#addApp(name, { type: "node", command: "node", args: [script], folder, script });
  }

  /**
   * Adds a program that is started by a script of its `package.json`.
   *
   * @param folder folder of the `package.json`, relative to the app host's folder
   * @param script name of the script
   */
  addNpmApp(name: string, folder: string, script = "start"): App {
    return this.#addApp(name, { type: "npm", command: "npm", args: ["run", script], folder, script });
  }

  /** Adds a Vite project that is served by its script; it gets an HTTP endpoint, and its port as `PORT` and `--port`. */
  addViteApp(name: string, folder: string, script = "dev"): App {
    const app = this.#addApp(name, { type: "vite", command: "npm", args: ["run", script], folder, script });
    app.withHttpEndpoint({ env: "PORT" });
    return this.mode === "run" ? app.withArgs("--port", app.endpoint("http", "targetPort")) : app;
  }

  /**
   * Adds any other program.
   *
   * @param folder its working folder, relative to the app host's folder
   */
  addExecutable(name: string, command: string, folder: string, args: readonly Value[] = []): App {
    if (command === "") throw new SignalRError("ARGUMENT_INVALID", `${name}: the command must not be empty.`);
    return this.#addApp(name, { type: "executable", command, args, folder, script: undefined });
  }

  /** Adds a virtual network, for private endpoints. Used when publishing only. */
  addAzureVirtualNetwork(name: string, addressPrefix = "10.0.0.0/16"): VirtualNetwork {
    return this.#add(name, () => {
      return new VirtualNetwork(this.#model, name, addressPrefix, (endpoint) => {
        this.#add(endpoint.name, () => endpoint);
      });
    });
  }

  /** Ends the description: nothing can be changed any more. */
  build(): Application {
    this.#model.change();
    this.#model.close();
    return new Application({
      mode: this.#model.mode,
      folder: this.#model.folder,
      resources: this.#resources,
      configuration: this.#model.configuration,
      variables: this.#variables,
      roles: this.#roles,
      publisher: this.#publisher,
      outputPath: this.#outputPath,
      reports: this.#reports,
    });
  }

  #addApp(name: string, start: AppStart): App {
    const folder = resolve(this.#model.folder, start.folder);
    return this.#add(name, () => new App(this.#model, name, { ...start, folder }));
  }

  #add<Added extends Resource>(name: string, make: () => Added): Added {
    this.#model.change();
    checkResourceName(name);
    if (this.#resources.some((resource) => resource.name.toLowerCase() === name.toLowerCase())) {
      throw new SignalRError("ARGUMENT_INVALID", `There is a resource named ${name} already; case does not matter.`);
    }
    const resource = make();
    this.#resources.push(resource);
    return resource;
  }
}

interface CommandLine {
  readonly mode: ExecutionMode;
  readonly publisher: Publisher;
  readonly outputPath: string | undefined;
  readonly reports: boolean;
}

function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    // The app host may have arguments of its own.
    strict: false,
    options: {
      operation: { type: "string" },
      publisher: { type: "string" },
      "output-path": { type: "string" },
      report: { type: "boolean" },
    },
  });
  const { operation, publisher, "output-path": outputPath } = values;
  if (operation !== undefined && operation !== "run" && operation !== "publish") {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `--operation is ${JSON.stringify(operation)}; allowed are run and publish.`,
    );
  }
  if (publisher !== undefined && !isPublisher(publisher)) {
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `--publisher is ${JSON.stringify(publisher)}; allowed are bicep and manifest.`,
    );
  }
  return {
    mode: operation ?? (publisher === undefined ? "run" : "publish"),
    publisher: publisher ?? "bicep",
    outputPath: typeof outputPath === "string" ? outputPath : undefined,
    reports: values.report === true,
  };
}
