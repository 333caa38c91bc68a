import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { HubInvocation } from "./filters.js";
import type { AnyHub, Hub } from "./hub.js";

/** Who may call a method: everyone in one of the roles, or whom the function lets through. */
export type MethodAuthorization =
  | { readonly roles: readonly string[] }
  | ((invocation: HubInvocation) => boolean | Promise<boolean>);

/** What a hub declares about one of its methods. */
export interface HubMethodOptions {
  /**
   * One schema per parameter position (zod, valibot, arktype and whatever else speaks Standard Schema). The method gets
   * each schema's output. At the position of an upload the schema checks each item.
   */
  readonly args?: ReadonlyArray<StandardSchemaV1 | undefined>;
  /** Parameter positions that clients fill with uploads; `[]` declares that there are none. */
  readonly streams?: readonly number[];
  /** The method's only name for clients. */
  readonly name?: string;
  readonly authorize?: MethodAuthorization;
  /** Fewest and most arguments on the wire, uploads not counted. @default exactly the number of parameters */
  readonly argumentCount?: readonly [fewest: number, most: number];
  /** `"stream"`: the method returns an AsyncIterable or ReadableStream. Async generators say so by themselves. */
  readonly returns?: "stream";
}

/** Declarations by method name; `false` hides a method from clients. */
export type HubMethodMap = Readonly<Record<string, HubMethodOptions | false>>;

/** Names of the methods that a hub class adds. */
export type HubMethodName<THub> = {
  [K in Exclude<keyof THub, keyof Hub>]: THub[K] extends (...args: never[]) => unknown ? K : never;
}[Exclude<keyof THub, keyof Hub>] &
  string;

/**
 * Declares what types cannot say at run time; names are checked against the class. Maps merge along the inheritance
 * chain, an entry of the derived class replaces the base's.
 *
 * @example
 * static override readonly methods = hubMethods<RoomHub>({ ban: { authorize: { roles: ["admin"] } }, helper: false });
 */
export function hubMethods<THub extends AnyHub>(
  methods: Readonly<Partial<Record<HubMethodName<THub>, HubMethodOptions | false>>>,
): HubMethodMap {
  return Object.freeze({ ...methods }) as HubMethodMap;
}
