import type { StandardSchemaV1 } from "@standard-schema/spec";
import { HubException, SignalRError } from "../base/errors.js";
import { InvalidDataException } from "../protocol/hub/protocol.js";
import { Hub, type HubClass } from "./hub.js";
import type { HubMethodMap, HubMethodOptions, MethodAuthorization } from "./method-options.js";

/** One method of a hub, ready to be called. */
export interface HubMethod {
  /** The registered name. */
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
  readonly isStream: boolean;
  readonly authorize: MethodAuthorization | undefined;
  /** Parameters in all, uploads included. */
  readonly parameterCount: number;
  /** Fewest and most arguments on the wire. */
  readonly fewest: number;
  readonly most: number;
  /** Declared positions of uploads in ascending order; undefined: not declared. */
  readonly streams: readonly number[] | undefined;
  /** By parameter position; undefined when no parameter has a schema. */
  readonly schemas: ReadonlyArray<StandardSchemaV1 | undefined> | undefined;
}

/** What clients may call on a hub, by lower-case name. */
export type HubMethodTable = ReadonlyMap<string, HubMethod>;

const NEVER_CALLABLE: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Hub.prototype),
]);
const OPTIONS: ReadonlySet<string> = new Set(["args", "streams", "name", "authorize", "argumentCount", "returns"]);
const AsyncGeneratorFunction: unknown = Object.getPrototypeOf(async function* () {}).constructor;
const BINDING_FAILED =
  "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.";

/** Name of the hub at the service: `static hubName`, else the class name. */
export function hubNameOf(hubClass: HubClass): string {
  const declared = (hubClass as Partial<typeof Hub>).hubName;
  const name = declared ?? hubClass.name;
  if (typeof name !== "string" || name === "") {
    throw new SignalRError("HUB_INVALID", "a hub class without a name needs a static hubName");
  }
  return name;
}

/**
 * All methods that clients may call: those of the class's prototype chain below Hub that are not hidden.
 * @throws SignalRError HUB_INVALID for names that differ only by case, and for declarations that fit no method
 */
export function collectMethods(hubClass: HubClass): HubMethodTable {
  const name = hubNameOf(hubClass);
  if (!(hubClass.prototype instanceof Hub)) {
    throw new SignalRError("HUB_INVALID", `${name} must extend Hub of azure-signalr-server to be mapped`);
  }
  const declarations = mergedDeclarations(hubClass);
  const functions = callableFunctions(hubClass);
  for (const declared of Object.keys(declarations)) {
    if (!functions.has(declared)) {
      throw new SignalRError(
        "HUB_INVALID",
        `${name}.methods names "${declared}", which is no callable method of the hub`,
      );
    }
  }
  const table = new Map<string, HubMethod>();
  for (const [key, run] of functions) {
    const options = declarations[key];
    if (options === false) continue;
    const method = describeMethod(name, key, run, options ?? {});
    const lookup = method.name.toLowerCase();
    if (table.has(lookup)) {
      throw new SignalRError("HUB_INVALID", `Duplicate definitions of '${method.name}'. Overloading is not supported.`);
    }
    table.set(lookup, method);
  }
  return table;
}

/** The prototypes of the class below Hub, most derived first. */
function prototypesOf(hubClass: HubClass): object[] {
  const chain: object[] = [];
  for (let at: object = hubClass.prototype; at !== Hub.prototype; at = Object.getPrototypeOf(at) as object)
    chain.push(at);
  return chain;
}

function callableFunctions(hubClass: HubClass): Map<string, HubMethod["run"]> {
  const functions = new Map<string, HubMethod["run"]>();
  const seen = new Set<string>(NEVER_CALLABLE);
  for (const prototype of prototypesOf(hubClass)) {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (seen.has(key)) continue;
      // The most derived definition counts even if it is none: an accessor over a method hides it.
      seen.add(key);
      if (!key.startsWith("_") && typeof property.value === "function") functions.set(key, property.value);
    }
  }
  return functions;
}

function mergedDeclarations(hubClass: HubClass): HubMethodMap {
  const merged: Record<string, HubMethodOptions | false> = Object.create(null);
  for (const prototype of prototypesOf(hubClass).reverse()) {
    const owner = prototype.constructor as typeof Hub;
    if (Object.hasOwn(owner, "methods")) Object.assign(merged, owner.methods);
  }
  return merged;
}

function describeMethod(hub: string, key: string, run: HubMethod["run"], options: HubMethodOptions): HubMethod {
  const refuse = (what: string): SignalRError => new SignalRError("HUB_INVALID", `${hub}.methods.${key}: ${what}`);
  const unknown = Object.keys(options).find((option) => !OPTIONS.has(option));
  // Ignoring a misspelt rule would leave the method open to everybody.
  if (unknown !== undefined) throw refuse(`"${unknown}" means nothing here; allowed are ${[...OPTIONS].join(", ")}`);
  const schemas = options.args;
  if (schemas?.some((schema) => schema !== undefined && typeof schema?.["~standard"]?.validate !== "function")) {
    throw refuse("args must be Standard Schemas (zod, valibot, arktype), one per parameter position");
  }
  const streams = options.streams === undefined ? undefined : [...options.streams].sort((a, b) => a - b);
  if (
    streams?.some((position, index) => !Number.isInteger(position) || position < 0 || streams[index + 1] === position)
  ) {
    throw refuse(`streams must be different parameter positions from 0, got [${options.streams?.join(", ")}]`);
  }
  if (options.name !== undefined && (typeof options.name !== "string" || options.name === "")) {
    throw refuse("name must be a text that is not empty");
  }
  if (options.returns !== undefined && options.returns !== "stream") throw refuse('returns can only be "stream"');
  if (!isAuthorization(options.authorize)) {
    throw refuse('authorize must be { roles: ["..."] } or a function (invocation) => boolean');
  }
  const parameterCount = Math.max(run.length, schemas?.length ?? 0, (streams?.at(-1) ?? -1) + 1);
  const onWire = parameterCount - (streams?.length ?? 0);
  const [fewest, most] = options.argumentCount ?? [onWire, onWire];
  if (!Number.isInteger(fewest) || !Number.isInteger(most) || fewest < 0 || most < fewest) {
    throw refuse(`argumentCount must be [fewest, most] in whole numbers from 0, got [${fewest}, ${most}]`);
  }
  return {
    name: options.name ?? key,
    run,
    isStream: options.returns === "stream" || run.constructor === AsyncGeneratorFunction,
    authorize: options.authorize,
    parameterCount: Math.max(parameterCount, most + (streams?.length ?? 0)),
    fewest,
    most,
    streams,
    schemas: schemas?.some((schema) => schema !== undefined) ? schemas : undefined,
  };
}

/** A rule that cannot be understood must stop the start, not every call. */
function isAuthorization(rule: MethodAuthorization | undefined): boolean {
  if (rule === undefined || typeof rule === "function") return true;
  return Array.isArray(rule?.roles) && rule.roles.every((role) => typeof role === "string");
}

/**
 * Puts the arguments of a call and its uploads into the order of the parameters and checks them by the schemas.
 * A promise only when a schema is asynchronous.
 * @throws InvalidDataException when number or values do not fit (the call fails before it starts), HubException when
 * the number of uploads does not fit (the call fails as if the method had thrown it)
 */
export function bindArguments(
  method: HubMethod,
  given: readonly unknown[],
  uploads: readonly unknown[],
): unknown[] | Promise<unknown[]> {
  if (!fits(method, given.length, uploads.length)) throw argumentCountError(method, given.length, uploads.length);
  const args = uploads.length === 0 && method.streams === undefined ? [...given] : place(method, given, uploads);
  if (method.schemas === undefined) return args;
  // Uploads are checked item by item when the method reads them.
  const isUpload = (position: number): boolean =>
    method.streams === undefined
      ? position >= given.length && position < args.length
      : method.streams.includes(position);
  return validate(method.schemas, args, isUpload);
}

/** The schema that checks each item of an upload at a parameter position. */
export function uploadSchema(method: HubMethod, uploadIndex: number, given: number): StandardSchemaV1 | undefined {
  const position = method.streams === undefined ? given + uploadIndex : method.streams[uploadIndex];
  return position === undefined ? undefined : method.schemas?.[position];
}

function fits(method: HubMethod, given: number, uploads: number): boolean {
  if (given >= method.fewest && given <= method.most) return true;
  // Undeclared uploads bind last, and take the place of arguments.
  return method.streams === undefined && uploads > 0 && given + uploads === method.parameterCount;
}

function argumentCountError(method: HubMethod, given: number, uploads: number): InvalidDataException {
  const expected =
    given < method.fewest && method.streams === undefined
      ? Math.max(method.fewest - uploads, 0)
      : given < method.fewest
        ? method.fewest
        : method.most;
  return new InvalidDataException(`Invocation provides ${given} argument(s) but target expects ${expected}.`);
}

function place(method: HubMethod, given: readonly unknown[], uploads: readonly unknown[]): unknown[] {
  const expected = method.streams?.length ?? method.parameterCount - given.length;
  if (uploads.length !== expected && (uploads.length > 0 || method.streams !== undefined)) {
    throw new HubException(`Client sent ${uploads.length} stream(s), Hub method expects ${expected}.`);
  }
  if (method.streams === undefined) return [...given, ...uploads];
  const args = [...given];
  for (const [index, position] of method.streams.entries()) {
    while (args.length < position) args.push(undefined);
    args.splice(position, 0, uploads[index]);
  }
  return args;
}

function validate(
  schemas: ReadonlyArray<StandardSchemaV1 | undefined>,
  args: unknown[],
  isUpload: (position: number) => boolean,
): unknown[] | Promise<unknown[]> {
  const waits: Array<Promise<void>> = [];
  try {
    for (const [position, schema] of schemas.entries()) {
      if (schema === undefined || isUpload(position)) continue;
      const outcome = schema["~standard"].validate(args[position]);
      if (outcome instanceof Promise) waits.push(outcome.then((settled) => take(args, position, settled)));
      else take(args, position, outcome);
    }
  } catch (error) {
    // The call has failed; nobody will hear of what the asynchronous schemas still find.
    for (const wait of waits) wait.catch(() => {});
    throw error;
  }
  return waits.length === 0 ? args : Promise.all(waits).then(() => args);
}

function take(args: unknown[], position: number, outcome: StandardSchemaV1.Result<unknown>): void {
  if (outcome.issues !== undefined) throw new InvalidDataException(BINDING_FAILED);
  args[position] = outcome.value;
}
