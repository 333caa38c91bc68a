import { SignalRError } from "../../base/errors.js";
import { printExpression, quote } from "./printer.js";
import { type BicepExpression, bicep, isBicepIdentifier } from "./values.js";

/** Types that parameters and outputs have here. */
export type BicepType = "string" | "int" | "bool" | "array" | "object";

/** A parameter of a Bicep file. */
export interface BicepParameter {
  readonly name: string;
  readonly type: BicepType;
  readonly description?: string | undefined;
  readonly isSecure?: boolean;
  readonly default?: BicepExpression | undefined;
}

/** A resource that the file makes, or (`isExisting`) refers to. */
export interface BicepResource {
  readonly name: string;
  /** With its version, e.g. `Microsoft.SignalRService/signalR@2024-03-01`. */
  readonly type: string;
  readonly isExisting?: boolean;
  readonly body: BicepExpression;
}

/** Another file, deployed as a part of this one. */
export interface BicepModule {
  readonly name: string;
  /** Path of the file, relative to this one, with slashes. */
  readonly path: string;
  readonly body: BicepExpression;
}

/** A value that the deployment of a file tells. */
export interface BicepOutput {
  readonly name: string;
  readonly type: BicepType;
  readonly value: BicepExpression;
}

/** One Bicep file, built up piece by piece. What is declared twice, or cannot be a name, is refused. */
export class BicepFile {
  readonly #targetScope: string | undefined;
  readonly #parameters: BicepParameter[] = [];
  readonly #resources: BicepResource[] = [];
  readonly #modules: BicepModule[] = [];
  readonly #outputs: BicepOutput[] = [];
  readonly #declared = new Set<string>();

  constructor(targetScope?: "subscription") {
    this.#targetScope = targetScope;
  }

  addParameter(parameter: BicepParameter): void {
    this.#declare(parameter.name);
    this.#parameters.push(parameter);
  }

  addResource(resource: BicepResource): void {
    this.#declare(resource.name);
    this.#resources.push(resource);
  }

  addModule(module: BicepModule): void {
    this.#declare(module.name);
    this.#modules.push(module);
  }

  addOutput(output: BicepOutput): void {
    // Outputs have names of their own: one may be called as a parameter is.
    if (this.#outputs.some(({ name }) => name === output.name)) throw declaredTwice(output.name);
    checkName(output.name);
    this.#outputs.push(output);
  }

  hasParameter(name: string): boolean {
    return this.#parameters.some((parameter) => parameter.name === name);
  }

  /** The file's text, with a line break at its end. */
  print(): string {
    const pieces = [
      ...(this.#targetScope === undefined ? [] : [`targetScope = ${quote(this.#targetScope)}`]),
      ...this.#parameters.map(printParameter),
      ...this.#resources.map(({ name, type, isExisting, body }) => {
        return `resource ${name} ${quote(type)}${isExisting ? " existing" : ""} = ${printExpression(body)}`;
      }),
      ...this.#modules.map(({ name, path, body }) => `module ${name} ${quote(path)} = ${printExpression(body)}`),
      ...this.#outputs.map(({ name, type, value }) => `output ${name} ${type} = ${printExpression(value)}`),
    ];
    return `${pieces.join("\n\n")}\n`;
  }

  #declare(name: string): void {
    checkName(name);
    if (this.#declared.has(name)) throw declaredTwice(name);
    this.#declared.add(name);
  }
}

function printParameter({ name, type, description, isSecure, default: preset }: BicepParameter): string {
  return [
    ...(description === undefined ? [] : [`@description(${quote(description)})`]),
    ...(isSecure ? ["@secure()"] : []),
    `param ${name} ${type}${preset === undefined ? "" : ` = ${printExpression(preset)}`}`,
  ].join("\n");
}

/** Functions that every file here calls: a declaration of the same name would hide them. */
const CALLED: readonly string[] = ["take", "uniqueString", "resourceGroup", "guid", "subscriptionResourceId"];

function checkName(name: string): void {
  if (isBicepIdentifier(name) && !CALLED.includes(name)) return;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `${JSON.stringify(name)} cannot be a name in a Bicep file: it has a meaning there. Give the resource another name.`,
  );
}

function declaredTwice(name: string): SignalRError {
  return new SignalRError(
    "ARGUMENT_INVALID",
    `Two parts of a Bicep file are named ${name}. Give the resource (or parameter, or output) another name.`,
  );
}

/** The parameter that every module has. */
export const LOCATION: BicepParameter = Object.freeze({
  name: "location",
  type: "string",
  description: "The location for the resource(s) to be deployed.",
  default: bicep.member(bicep.call("resourceGroup"), "location"),
});
