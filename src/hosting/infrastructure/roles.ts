import { bicep, toBicep } from "../bicep/values.js";
import { bicepIdentifier } from "../names.js";
import type { App, RoleAssignment } from "../resources/app.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { OutputReference } from "../values.js";
import { Module, uniqueName } from "./module.js";
import { roleAssignment } from "./role-assignment.js";
import { SIGNALR_TYPE } from "./signalr-service.js";

const LONGEST_IDENTITY_NAME = 128;

/** The default roles of whoever the deploying tool runs the apps as. */
export function defaultRolesModule(resource: AzureSignalR): Module {
  const module = new Module(`${resource.name}-roles`, { resourceGroup: resource.existing?.resourceGroup });
  const service = addExistingService(module, resource);
  const principal = { principalType: module.known("principalType"), principalId: module.known("principalId") };
  for (const role of resource.defaultRoles) module.file.addResource(roleAssignment(service, role, principal));
  return module;
}

/** The roles of one app's own identity. */
export function appRolesModule(app: App, { target, roles }: RoleAssignment): Module {
  const module = new Module(`${app.name}-roles-${target.name}`, { resourceGroup: target.existing?.resourceGroup });
  const service = addExistingService(module, target);
  const principalId = module.principalId(identityOutput(app, "principalId"));
  const principal = { principalType: toBicep("ServicePrincipal"), principalId };
  for (const role of roles) module.file.addResource(roleAssignment(service, role, principal));
  return module;
}

/** An identity for one app alone. */
export function identityModule(app: App): Module {
  const module = new Module(identityName(app));
  const name = bicepIdentifier(module.name);
  const self = bicep.name(name);
  module.file.addResource({
    name,
    type: "Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30",
    body: toBicep({ name: uniqueName(name, LONGEST_IDENTITY_NAME), location: bicep.name("location") }),
  });
  const outputs = {
    id: bicep.member(self, "id"),
    clientId: bicep.member(self, "properties", "clientId"),
    principalId: bicep.member(self, "properties", "principalId"),
    principalName: bicep.member(self, "name"),
    name: bicep.member(self, "name"),
  };
  for (const [output, value] of Object.entries(outputs)) {
    module.file.addOutput({ name: output, type: "string", value });
  }
  return module;
}

/** An output of the app's identity. */
export function identityOutput(app: App, output: "id" | "clientId" | "principalId"): OutputReference {
  return { kind: "output", resource: identityName(app), output };
}

function identityName(app: App): string {
  return `${app.name}-identity`;
}

function addExistingService(module: Module, resource: AzureSignalR): string {
  const name = bicepIdentifier(resource.name);
  const deployedName = module.output(resource.nameOutput);
  module.file.addResource({ name, type: SIGNALR_TYPE, isExisting: true, body: toBicep({ name: deployedName }) });
  return name;
}
