import type { BicepType } from "../bicep/file.js";
import { type BicepExpression, bicep, toBicep } from "../bicep/values.js";
import { bicepIdentifier } from "../names.js";
import type { RolesPlacement } from "../publish/options.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { Parameter } from "../resources/parameter.js";
import { Module, uniqueName } from "./module.js";
import { roleAssignment } from "./role-assignment.js";
import { SIGNALR_TYPE, type SignalRServiceResource, signalRServiceBody } from "./signalr-service.js";

const LONGEST_SERVICE_NAME = 63;

/** An output that is written behind those that are always there. */
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
   * Adds another Azure resource.
   *
   * @param name its name in the file
   * @param type with version, e.g. `Microsoft.Insights/diagnosticSettings@2021-05-01-preview`
   * @param body name, location, properties and so on, in this order
   * @throws SignalRError ARGUMENT_INVALID for a name that is used already
   */
  addResource(name: string, type: string, body: object): BicepExpression {
    this.#module.file.addResource({ name, type, body: toBicep(body) });
    return bicep.name(name);
  }

  /** @throws SignalRError ARGUMENT_INVALID for a name that is used already */
  addOutput(name: string, { type, value }: OutputDeclaration): void {
    this.#module.file.addOutput({ name, type, value: toBicep(value) });
  }
}

/** Writes the module of an Azure SignalR resource. */
export function signalRModule(resource: AzureSignalR, roles: RolesPlacement): Module {
  const module = new Module(resource.name, {
    resourceGroup: resource.existing?.resourceGroup,
    connectionString: resource.azureConnectionString,
  });
  const name = bicepIdentifier(resource.name);
  const self = bicep.name(name);
  const service = describeService(resource, roles);
  const infrastructure = new SignalRInfrastructure(module, service, self);
  const { existing } = resource;
  if (existing !== undefined) service.name = module.text(existing.name);
  const hasRoles = roles === "inside" && resource.defaultRoles.length > 0;
  const principalType = hasRoles ? module.known("principalType") : undefined;
  const principalId = hasRoles ? module.known("principalId") : undefined;
  for (const configure of resource.infrastructureCallbacks) configure(infrastructure);
  const body = existing === undefined ? signalRServiceBody(service) : toBicep({ name: service.name });
  module.file.addResource({ name, type: SIGNALR_TYPE, isExisting: existing !== undefined, body });
  if (principalType !== undefined && principalId !== undefined) {
    for (const role of resource.defaultRoles) {
      module.file.addResource(roleAssignment(name, role, { principalType, principalId }));
    }
  }
  const outputs: ReadonlyArray<readonly [string, BicepExpression]> = [
    ["hostName", bicep.member(self, "properties", "hostName")],
    ...(roles === "inside"
      ? []
      : ([
          ["name", bicep.member(self, "name")],
          ["id", bicep.member(self, "id")],
        ] as const)),
  ];
  for (const [output, value] of outputs) module.file.addOutput({ name: output, type: "string", value });
  return module;
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
