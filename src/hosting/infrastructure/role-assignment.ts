import type { BicepResource } from "../bicep/file.js";
import { type BicepExpression, bicep, toBicep } from "../bicep/values.js";
import { SIGNALR_ROLES, type SignalRRole } from "../resources/roles.js";

/** Who gets a role. */
export interface Principal {
  readonly principalType: BicepExpression;
  readonly principalId: BicepExpression;
}

/** Gives a principal a role at the service of that name in the file. */
export function roleAssignment(service: string, role: SignalRRole, principal: Principal): BicepResource {
  const definition = bicep.call(
    "subscriptionResourceId",
    "Microsoft.Authorization/roleDefinitions",
    SIGNALR_ROLES[role],
  );
  const scope = bicep.name(service);
  return {
    name: `${service}_${role}`,
    type: "Microsoft.Authorization/roleAssignments@2022-04-01",
    body: toBicep({
      name: bicep.call("guid", bicep.member(scope, "id"), principal.principalId, definition),
      properties: {
        principalId: principal.principalId,
        roleDefinitionId: definition,
        principalType: principal.principalType,
      },
      scope,
    }),
  };
}
