import { BicepFile, LOCATION } from "../bicep/file.js";
import { type BicepExpression, bicep, toBicep } from "../bicep/values.js";
import { bicepIdentifier } from "../names.js";
import type { Parameter } from "../resources/parameter.js";
import type { Expression, OutputReference } from "../values.js";

/** What the tool that deploys knows: whom to give roles. */
export interface KnownArgument {
  readonly kind: "known";
  readonly name: "principalId" | "principalType";
}

/** What a module's parameter gets. */
export type ModuleArgument = Parameter | OutputReference | KnownArgument;

/** A resource group; undefined: the one that is deployed to. */
export type ResourceGroupName = string | Parameter | undefined;

/** A Bicep file in the making, together with what its parameters get. */
export class Module {
  /** Name in the manifest, and of the file. */
  readonly name: string;
  readonly file = new BicepFile();
  readonly resourceGroup: ResourceGroupName;
  /** What apps connect with. */
  readonly connectionString: Expression | undefined;
  readonly #arguments = new Map<string, ModuleArgument>();

  constructor(name: string, options: { resourceGroup?: ResourceGroupName; connectionString?: Expression } = {}) {
    this.name = name;
    this.resourceGroup = options.resourceGroup;
    this.connectionString = options.connectionString;
    this.file.addParameter(LOCATION);
  }

  /** What the parameters get, by their names; `location` has a default in the file. */
  get arguments(): ReadonlyMap<string, ModuleArgument> {
    return this.#arguments;
  }

  /** Hands a parameter of the application into the file. */
  parameter(parameter: Parameter): BicepExpression {
    const name = bicepIdentifier(parameter.name);
    return this.#argument(name, parameter, { description: parameter.description, isSecure: parameter.isSecret });
  }

  /** Hands another module's output into the file. */
  output(reference: OutputReference): BicepExpression {
    const name = `${bicepIdentifier(reference.resource)}_outputs_${reference.output}`.toLowerCase();
    return this.#argument(name, reference);
  }

  /** Hands the id of an app's identity into the file. */
  principalId(reference: OutputReference): BicepExpression {
    return this.#argument("principalId", reference);
  }

  /** Hands in what the deploying tool knows. */
  known(name: KnownArgument["name"]): BicepExpression {
    return this.#argument(name, { kind: "known", name });
  }

  /** A name that is a text, or a parameter that holds it. */
  text(text: string | Parameter): BicepExpression {
    return typeof text === "string" ? toBicep(text) : this.parameter(text);
  }

  #argument(
    name: string,
    value: ModuleArgument,
    about: { readonly description?: string | undefined; readonly isSecure?: boolean } = {},
  ): BicepExpression {
    const given = this.#arguments.get(name);
    // Another value under the same name is refused by the file.
    if (given === undefined || !isSame(given, value)) {
      this.file.addParameter({ name, type: "string", ...about });
      this.#arguments.set(name, value);
    }
    return bicep.name(name);
  }
}

function isSame(left: ModuleArgument, right: ModuleArgument): boolean {
  if (left.kind === "output" && right.kind === "output") {
    return left.resource === right.resource && left.output === right.output;
  }
  if (left.kind === "known" && right.kind === "known") return left.name === right.name;
  return left === right;
}

/** A name that is unique in the resource group, cut to what is allowed: `take('<prefix>-<hash>', length)`. */
export function uniqueName(prefix: string, longest: number): BicepExpression {
  const hash = bicep.call("uniqueString", bicep.member(bicep.call("resourceGroup"), "id"));
  return bicep.call("take", bicep.text`${prefix}-${hash}`, longest);
}
