import { SignalRError } from "../../base/errors.js";
import type { EmulatorOptions } from "../../emulator/options.js";
import type { SignalRInfrastructure } from "../infrastructure/signalr-infrastructure.js";
import type { ExecutionMode, Model } from "../model.js";
import {
  type ConnectionStringReference,
  type Expression,
  expression,
  type OutputReference,
  type UriReference,
} from "../values.js";
import { type ExistingDeclaration, type ExistingResource, existingIn } from "./existing.js";
import type { Parameter } from "./parameter.js";
import type { SignalRRole } from "./roles.js";

/** How the service is used: `Default` with hub servers, `Serverless` without. */
export type SignalRServiceMode = "Default" | "Serverless";

/** How {@link AzureSignalR} is declared. */
export interface AzureSignalROptions {
  /** @default "Default" */
  readonly serviceMode?: SignalRServiceMode;
}

/** The emulator's options, to be set by the callback of `runAsEmulator`. */
export type EmulatorSettings = { -readonly [Name in keyof EmulatorOptions]: EmulatorOptions[Name] };

/** Changes what is written for an Azure SignalR resource. */
export type ConfigureInfrastructure = (infrastructure: SignalRInfrastructure) => void;

const SERVICE_MODES: readonly SignalRServiceMode[] = ["Default", "Serverless"];

/** An Azure SignalR Service, in Azure or emulated. */
export class AzureSignalR {
  readonly kind = "azureSignalR";
  readonly name: string;
  readonly serviceMode: SignalRServiceMode;
  readonly #model: Model;
  readonly #configure: ConfigureInfrastructure[] = [];
  readonly #existing: ExistingDeclaration[] = [];
  #emulator: EmulatorSettings | undefined;
  #hasDefaultRoles = true;
  #isPublishedAsConnectionString = false;
  #hasPrivateEndpoint = false;

  constructor(model: Model, name: string, options: AzureSignalROptions) {
    const serviceMode = options.serviceMode ?? "Default";
    if (!SERVICE_MODES.includes(serviceMode)) {
      const found = JSON.stringify(serviceMode);
      throw new SignalRError(
        "ARGUMENT_INVALID",
        `serviceMode of ${name} is ${found}; allowed are Default and Serverless.`,
      );
    }
    this.#model = model;
    this.name = name;
    this.serviceMode = serviceMode;
  }

  /**
   * Runs the emulator in place of the service. Has no effect when publishing.
   *
   * @param configure sets options of the emulator, e.g. its port (default: a free one)
   */
  runAsEmulator(configure?: (emulator: EmulatorSettings) => void): this {
    this.#model.change();
    if (this.#model.mode === "publish") return this;
    this.#emulator ??= { port: 0 };
    configure?.(this.#emulator);
    return this;
  }

  /** Changes the Azure resource before it is written; several callbacks run in the order given. */
  configureInfrastructure(configure: ConfigureInfrastructure): this {
    this.#model.change();
    this.#configure.push(configure);
    return this;
  }

  /** Apps that use this resource get no roles but those of their own `withRoleAssignments`. */
  clearDefaultRoleAssignments(): this {
    this.#model.change();
    this.#hasDefaultRoles = false;
    return this;
  }

  /** Uses a service that is there already, when running. */
  runAsExisting(name: string | Parameter, resourceGroup?: string | Parameter): this {
    return this.#addExisting(["run"], name, resourceGroup);
  }

  /** Uses a service that is there already, when deployed. */
  publishAsExisting(name: string | Parameter, resourceGroup?: string | Parameter): this {
    return this.#addExisting(["publish"], name, resourceGroup);
  }

  /** Uses a service that is there already, when running and when deployed. */
  asExisting(name: string | Parameter, resourceGroup?: string | Parameter): this {
    return this.#addExisting(["run", "publish"], name, resourceGroup);
  }

  /** When published, only a connection string is asked for; no Azure resource is written. */
  publishAsConnectionString(): this {
    this.#model.change();
    this.#isPublishedAsConnectionString = true;
    return this;
  }

  /** Takes the resource off the public network; `addPrivateEndpoint` of a subnet does so. */
  denyPublicNetwork(): void {
    this.#model.change();
    this.#hasPrivateEndpoint = true;
  }

  /** The emulator's options; undefined: this is no emulator, or the application is published. */
  get emulator(): Readonly<EmulatorSettings> | undefined {
    return this.#emulator;
  }

  get isEmulator(): boolean {
    return this.#emulator !== undefined;
  }

  /** The existing service that this one stands for in the current mode. */
  get existing(): ExistingResource | undefined {
    return existingIn(this.#model.mode, this.#existing);
  }

  /** Whether only its connection string is published. */
  get isConnectionString(): boolean {
    return this.#isPublishedAsConnectionString && this.#model.mode === "publish";
  }

  get hasPrivateEndpoint(): boolean {
    return this.#hasPrivateEndpoint;
  }

  /** The roles of apps that use this resource without roles of their own. */
  get defaultRoles(): readonly SignalRRole[] {
    if (!this.#hasDefaultRoles) return [];
    return this.serviceMode === "Serverless" ? ["SignalRAppServer", "SignalRRestApiOwner"] : ["SignalRAppServer"];
  }

  /** What `configureInfrastructure` was given, in order. */
  get infrastructureCallbacks(): readonly ConfigureInfrastructure[] {
    return this.#configure;
  }

  get connectionString(): ConnectionStringReference {
    return { kind: "connectionString", source: this };
  }

  get uri(): UriReference {
    return { kind: "uri", source: this };
  }

  /** Host name of the deployed service. */
  get hostName(): OutputReference {
    return this.#output("hostName");
  }

  /** Name of the deployed service, which is not the name of this resource. */
  get nameOutput(): OutputReference {
    return this.#output("name");
  }

  /** Azure resource id of the deployed service. */
  get id(): OutputReference {
    return this.#output("id");
  }

  /** What apps connect with, once it is deployed. */
  get azureConnectionString(): Expression {
    return expression`Endpoint=https://${this.hostName};AuthType=azure`;
  }

  /** The address, once it is deployed. */
  get azureUri(): Expression {
    return expression`https://${this.hostName}`;
  }

  #output(output: string): OutputReference {
    return { kind: "output", resource: this.name, output };
  }

  #addExisting(
    modes: readonly ExecutionMode[],
    name: string | Parameter,
    resourceGroup: string | Parameter | undefined,
  ): this {
    this.#model.change();
    if (name === "" || resourceGroup === "") {
      throw new SignalRError("ARGUMENT_INVALID", `${this.name}: the name of an existing resource must not be empty.`);
    }
    this.#existing.push({ modes, name, resourceGroup });
    return this;
  }
}
