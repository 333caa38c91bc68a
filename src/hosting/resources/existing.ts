import type { ExecutionMode } from "../model.js";
import type { Parameter } from "./parameter.js";

/** An Azure resource that is there already. */
export interface ExistingResource {
  readonly name: string | Parameter;
  /** undefined: the resource group that is deployed to. */
  readonly resourceGroup: string | Parameter | undefined;
}

/** In which modes the existing resource is meant. */
export interface ExistingDeclaration extends ExistingResource {
  readonly modes: readonly ExecutionMode[];
}

/** The declaration that counts in a mode: the last one. */
export function existingIn(
  mode: ExecutionMode,
  declarations: readonly ExistingDeclaration[],
): ExistingResource | undefined {
  return declarations.findLast(({ modes }) => modes.includes(mode));
}
