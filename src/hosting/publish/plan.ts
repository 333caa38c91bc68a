import { SignalRError } from "../../base/errors.js";
import type { Module } from "../infrastructure/module.js";
import { dnsZoneModule, privateEndpointModule, virtualNetworkModule } from "../infrastructure/network.js";
import { appRolesModule, defaultRolesModule, identityModule } from "../infrastructure/roles.js";
import { signalRModule } from "../infrastructure/signalr-infrastructure.js";
import type { App, RoleAssignment } from "../resources/app.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { ConnectionString } from "../resources/connection-string.js";
import type { PrivateEndpoint } from "../resources/network.js";
import type { Parameter } from "../resources/parameter.js";
import type { Resource } from "../resources/resource.js";
import type { RolesPlacement } from "./options.js";

/** One entry of the manifest: a Bicep module, or a resource that has none. */
export type PlanEntry =
  | { readonly kind: "module"; readonly name: string; readonly module: Module }
  | { readonly kind: "resource"; readonly name: string; readonly resource: Exclude<Resource, PrivateEndpoint> };

/** What is published: entries in the order of the resources, then identities and roles. */
export interface Plan {
  readonly entries: readonly PlanEntry[];
  readonly modules: readonly Module[];
  readonly apps: readonly App[];
}

/**
 * Decides which modules there are, and writes them.
 *
 * @throws SignalRError ARGUMENT_INVALID when the model cannot be written down, or a callback of `configureInfrastructure` asks
 *   for what Bicep cannot express
 */
export function planPublication(resources: readonly Resource[], placement: RolesPlacement): Plan {
  if (placement === "inside") refuseApart(resources);
  const entries: PlanEntry[] = [];
  const add = (entry: PlanEntry): void => {
    if (entries.some(({ name }) => name.toLowerCase() === entry.name.toLowerCase())) {
      throw new SignalRError(
        "ARGUMENT_INVALID",
        `${entry.name} is the name of a resource and of a module that belongs to another one. Give the resource another name.`,
      );
    }
    entries.push(entry);
  };
  const addModule = (module: Module): void => add({ kind: "module", name: module.name, module });
  let hasZone = false;
  for (const resource of resources) {
    if (resource.kind === "privateEndpoint") {
      if (!hasZone) addModule(dnsZoneModule(linkedNetworks(resources)));
      hasZone = true;
      addModule(privateEndpointModule(resource));
    } else if (resource.kind === "virtualNetwork") addModule(virtualNetworkModule(resource));
    else if (isDeployed(resource)) addModule(signalRModule(resource, placement));
    else add({ kind: "resource", name: resource.name, resource });
  }
  const apps = resources.filter((resource) => resource.kind === "app");
  if (placement === "apart") {
    for (const resource of resources)
      if (isDeployed(resource) && needsDefaultRoles(resource, apps)) addModule(defaultRolesModule(resource));
  }
  for (const app of apps) {
    const assignments = roleAssignmentsOf(app);
    if (assignments.length > 0) addModule(identityModule(app));
    for (const assignment of assignments) addModule(appRolesModule(app, assignment));
  }
  return { entries, apps, modules: entries.flatMap((entry) => (entry.kind === "module" ? [entry.module] : [])) };
}

/** The roles that an app's own identity gets; the last word about a service counts. */
export function roleAssignmentsOf(app: App): readonly RoleAssignment[] {
  const byTarget = new Map(app.roleAssignments.map((assignment) => [assignment.target, assignment]));
  return [...byTarget.values()].filter(({ target }) => isDeployed(target));
}

function isDeployed(resource: AzureSignalR | App | Parameter | ConnectionString): resource is AzureSignalR;
function isDeployed(resource: Resource): resource is AzureSignalR;
function isDeployed(resource: Resource): resource is AzureSignalR {
  return resource.kind === "azureSignalR" && !resource.isConnectionString;
}

/** Default roles are for whoever has none of its own; with no app at all, for whoever comes later. */
function needsDefaultRoles(resource: AzureSignalR, apps: readonly App[]): boolean {
  const users = apps.filter(({ references }) => references.some(({ source }) => source === resource));
  const haveOwn = users.filter((app) => app.roleAssignments.some(({ target }) => target === resource));
  return resource.defaultRoles.length > 0 && (users.length === 0 || haveOwn.length < users.length);
}

function linkedNetworks(resources: readonly Resource[]) {
  const endpoints = resources.filter((resource) => resource.kind === "privateEndpoint");
  return [...new Set(endpoints.map(({ subnet }) => subnet.network))];
}

/** What reads outputs that a module with its roles inside does not have. */
function refuseApart(resources: readonly Resource[]): void {
  for (const resource of resources) {
    const isApart =
      resource.kind === "privateEndpoint" || (resource.kind === "app" && resource.roleAssignments.length > 0);
    if (!isApart) continue;
    const what = resource.kind === "app" ? "withRoleAssignments" : "a private endpoint";
    throw new SignalRError(
      "ARGUMENT_INVALID",
      `${resource.name}: ${what} needs the roles in modules of their own; leave out \`roles: "inside"\`.`,
    );
  }
}
