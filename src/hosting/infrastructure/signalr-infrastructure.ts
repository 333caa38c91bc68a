import type { BicepOutput, BicepResource, BicepType } from "../bicep/file.js";
import { type BicepExpression, bicep, toBicep } from "../bicep/values.js";
import { bicepIdentifier } from "../names.js";
import type { RolesPlacement } from "../publish/options.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { Parameter } from "../resources/parameter.js";
import { Module, uniqueName } from "./module.js";
import { roleAssignment } from "./role-assignment.js";
import { SIGNALR_TYPE, type SignalRServiceResource, signalRServiceBody } from "./signalr-service.js";

const LONGEST_SERVICE_NAME = 63;

/** Type and value of an output. */
export interface OutputDeclaration {
  readonly type: BicepType;
  readonly value: unknown;
}

/** What is written for an Azure SignalR resource; callbacks of `configureInfrastructure` change it. */
export class SignalRInfrastructure {
  /** The service. Of an existing one only the name is written. */
  readonly signalR: SignalRServiceResource;
  /** The service in expressions: its name in the file. */
  readonly signalRName: BicepExpression;
  readonly #module: Module;
  readonly #resources: BicepResource[] = [];
  readonly #outputs: BicepOutput[] = [];

  constructor(module: Module, signalR: SignalRServiceResource, signalRName: BicepExpression) {
    this.#module = module;
    this.signalR = signalR;
    this.signalRName = signalRName;
  }

  /** A parameter of the application as an expression; the file gets a parameter that receives its value. */
  parameter(parameter: Parameter): BicepExpression {
    return this.#module.parameter(parameter);
  }

  /**
   * Adds another Azure resource, behind the service.
   *
   * @param name its name in the file
   * @param type with version, e.g. `Microsoft.Insights/diagnosticSettings@2021-05-01-preview`
   * @param body name, location, properties and so on, in this order
   * @returns the resource in expressions
   * @throws SignalRError ARGUMENT_INVALID for what cannot be a name in Bicep, or a value there
   */
  addResource(name: string, type: string, body: object): BicepExpression {
    const self = bicep.name(name);
    this.#resources.push({ name, type, body: toBicep(body) });
    return self;
  }

  /**
   * Adds an output, behind those that are always there.
   *
   * @throws SignalRError ARGUMENT_INVALID for a value that cannot be written in Bicep
   */
  addOutput(name: string, { type, value }: OutputDeclaration): void {
    this.#outputs.push({ name, type, value: toBicep(value) });
  }

  /** What `addResource` was given. */
  get resources(): readonly BicepResource[] {
    return this.#resources;
  }

  /** What `addOutput` was given. */
  get outputs(): readonly BicepOutput[] {
    return this.#outputs;
  }
}

/**
 * Writes the module of an Azure SignalR resource.
 *
 * @throws SignalRError ARGUMENT_INVALID when two parts of the file have the same name
 */
export function signalRModule(resource: AzureSignalR, roles: RolesPlacement): Module {
  const { existing } = resource;
  const module = new Module(resource.name, {
    resourceGroup: existing?.resourceGroup,
    connectionString: resource.azureConnectionString,
  });
  const { file } = module;
  const name = bicepIdentifier(resource.name);
  const self = bicep.name(name);
  const service = describeService(resource, roles);
  if (existing !== undefined) service.name = module.text(existing.name);
  const roleResources = roles === "inside" ? rolesInside(resource, module) : [];
  const infrastructure = new SignalRInfrastructure(module, service, self);
  for (const configure of resource.infrastructureCallbacks) configure(infrastructure);

  const body = existing === undefined ? signalRServiceBody(service) : toBicep({ name: service.name });
  file.addResource({ name, type: SIGNALR_TYPE, isExisting: existing !== undefined, body });
  for (const added of [...roleResources, ...infrastructure.resources]) file.addResource(added);
  file.addOutput({ name: "hostName", type: "string", value: bicep.member(self, "properties", "hostName") });
  if (roles === "apart") {
    file.addOutput({ name: "name", type: "string", value: bicep.member(self, "name") });
    file.addOutput({ name: "id", type: "string", value: bicep.member(self, "id") });
  }
  for (const added of infrastructure.outputs) file.addOutput(added);
  return module;
}

function rolesInside(resource: AzureSignalR, module: Module): readonly BicepResource[] {
  if (resource.defaultRoles.length === 0) return [];
  const principal = { principalType: module.known("principalType"), principalId: module.known("principalId") };
  const service = bicepIdentifier(resource.name);
  return resource.defaultRoles.map((role) => roleAssignment(service, role, principal));
}

function describeService(resource: AzureSignalR, roles: RolesPlacement): SignalRServiceResource {
  return {
    name: uniqueName(bicepIdentifier(resource.name), LONGEST_SERVICE_NAME),
    location: bicep.name("location"),
    corsAllowedOrigins: ["*"],
    disableAadAuth: undefined,
    disableLocalAuth: roles === "inside" ? undefined : true,
    features: [{ flag: "ServiceMode", value: resource.serviceMode }],
    tls: undefined,
    liveTraceConfiguration: undefined,
    networkACLs: undefined,
    publicNetworkAccess: resource.hasPrivateEndpoint ? "Disabled" : undefined,
    regionEndpointEnabled: undefined,
    resourceLogConfiguration: undefined,
    resourceStopped: undefined,
    serverless: undefined,
    upstream: undefined,
    identity: undefined,
    kind: "SignalR",
    sku: { name: "Free_F1", capacity: 1 },
    tags: { "aspire-resource-name": resource.name },
  };
}
