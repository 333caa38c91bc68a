import { BicepFile } from "../bicep/file.js";
import { type BicepExpression, bicep, toBicep } from "../bicep/values.js";
import type { Module, ModuleArgument, ResourceGroupName } from "../infrastructure/module.js";
import { identityOutput } from "../infrastructure/roles.js";
import { bicepIdentifier } from "../names.js";
import type { App } from "../resources/app.js";
import type { Parameter } from "../resources/parameter.js";
import { type OutputReference, partsOf, type Value } from "../values.js";
import { type Plan, roleAssignmentsOf } from "./plan.js";

const GROUP = "rg";

/** The file that deploys all modules: makes the resource group, and hands outputs of modules to others. */
export function mainBicep(plan: Plan): BicepFile {
  const file = new BicepFile("subscription");
  for (const name of ["resourceGroupName", "location", "principalId"]) file.addParameter({ name, type: "string" });
  if (usesPrincipalType(plan)) file.addParameter({ name: "principalType", type: "string" });
  for (const parameter of parametersOf(plan)) {
    file.addParameter({
      name: bicepIdentifier(parameter.name),
      type: "string",
      description: parameter.description,
      isSecure: parameter.isSecret,
      default: parameter.default === undefined ? undefined : toBicep(parameter.default),
    });
  }
  file.addResource({
    name: GROUP,
    type: "Microsoft.Resources/resourceGroups@2023-07-01",
    body: toBicep({ name: bicep.name("resourceGroupName"), location: bicep.name("location") }),
  });
  for (const module of plan.modules) {
    file.addModule({
      name: bicepIdentifier(module.name),
      path: modulePath(module),
      body: toBicep({
        name: module.name,
        scope: groupScope(module.resourceGroup),
        params: {
          location: bicep.name("location"),
          ...Object.fromEntries([...module.arguments].map(([name, value]) => [name, argumentText(value)])),
        },
      }),
    });
  }
  for (const [name, reference] of outputsForApps(plan)) {
    file.addOutput({ name, type: "string", value: outputOf(reference) });
  }
  return file;
}

/** Where a module's file lies, seen from the main file. */
export function modulePath({ name }: Module): string {
  return `${name}/${name}.bicep`;
}

/** Whether the main file asks which kind of principal gets the default roles. */
export function usesPrincipalType({ modules }: Plan): boolean {
  return modules.some((module) => module.arguments.has("principalType"));
}

function parametersOf({ modules }: Plan): ReadonlySet<Parameter> {
  const values = modules.flatMap((module) => [...module.arguments.values(), module.resourceGroup]);
  return new Set(values.filter((value) => typeof value === "object" && value.kind === "parameter"));
}

function groupScope(resourceGroup: ResourceGroupName): BicepExpression {
  if (resourceGroup === undefined) return bicep.name(GROUP);
  const name = typeof resourceGroup === "string" ? resourceGroup : bicep.name(bicepIdentifier(resourceGroup.name));
  return bicep.call("resourceGroup", name);
}

function argumentText(value: ModuleArgument): BicepExpression {
  switch (value.kind) {
    case "known":
      return bicep.name(value.name);
    case "parameter":
      return bicep.name(bicepIdentifier(value.name));
    case "output":
      return outputOf(value);
  }
}

function outputOf({ resource, output }: OutputReference): BicepExpression {
  return bicep.member(bicep.name(bicepIdentifier(resource)), "outputs", output);
}

/** What whoever deploys the apps needs to know: their identities, and what their environment mentions. */
function outputsForApps({ apps }: Plan): ReadonlyMap<string, OutputReference> {
  const outputs = new Map<string, OutputReference>();
  const add = (reference: OutputReference): void => {
    outputs.set(`${bicepIdentifier(reference.resource)}_${reference.output}`, reference);
  };
  for (const app of apps) {
    const hasIdentity = roleAssignmentsOf(app).length > 0;
    if (hasIdentity) add(identityOutput(app, "id"));
    for (const value of valuesOf(app)) for (const reference of outputsIn(value)) add(reference);
    if (hasIdentity) add(identityOutput(app, "clientId"));
  }
  return outputs;
}

function valuesOf(app: App): readonly Value[] {
  return [...app.environment.map(({ value }) => value), ...app.args];
}

function outputsIn(value: Value): readonly OutputReference[] {
  return partsOf(value).flatMap((part) => {
    if (typeof part === "string") return [];
    switch (part.kind) {
      case "output":
        return [part];
      case "uri":
        return outputsIn(part.source.azureUri);
      case "connectionString": {
        const { source } = part;
        if (source.kind === "connection") return source.expression === undefined ? [] : outputsIn(source.expression);
        return source.isConnectionString ? [] : outputsIn(source.azureConnectionString);
      }
      default:
        return [];
    }
  });
}
