import { SignalRError } from "../base/errors.js";
import { Hub, type HubClass } from "../hub/hub.js";
import { hubNameOf } from "../hub/methods.js";
import type { HubOptions } from "../hub/options.js";
import { MappedHub } from "./mapped-hub.js";
import type { PathRules } from "./negotiate.js";
import { normalizeHubPath } from "./paths.js";

/** Options of one `mapHub`: those of the hub, and rules of the path. */
export interface MapHubOptions<TRequest> extends HubOptions, PathRules<TRequest> {
  /** Whether clients that ask for it may reconnect without losing messages. @default false */
  readonly allowStatefulReconnects?: boolean;
}

/** Hubs by path, in the one-line form of `named`. */
export type HubsByPath<TRequest> = Readonly<Record<string, HubClass | readonly [HubClass, MapHubOptions<TRequest>]>>;

/** One path and the hub behind it. */
export interface HubMapping<TRequest> {
  readonly hub: MappedHub;
  readonly rules: PathRules<TRequest>;
  /** Set: this path contradicts an earlier one, and answers with the reason. */
  readonly conflict: SignalRError | undefined;
}

/** Which hubs a named service has, and on which paths. */
export class HubMap<TRequest> {
  readonly #byPath = new Map<string, HubMapping<TRequest>>();
  readonly #byClass = new Map<HubClass, MappedHub>();

  get hubs(): Iterable<MappedHub> {
    return this.#byClass.values();
  }

  /** The first mapping that contradicts another. */
  get conflict(): SignalRError | undefined {
    for (const mapping of this.#byPath.values()) if (mapping.conflict !== undefined) return mapping.conflict;
    return undefined;
  }

  /** `path` in the form of {@link normalizeHubPath}. */
  find(path: string): HubMapping<TRequest> | undefined {
    return this.#byPath.get(path);
  }

  /** @throws SignalRError HUB_INVALID when the class is not mapped */
  of(hubClass: HubClass): MappedHub {
    const hub = this.#byClass.get(hubClass);
    if (hub !== undefined) return hub;
    for (const mapping of this.#byPath.values()) {
      if (mapping.hub.hubClass === hubClass && mapping.conflict !== undefined) throw mapping.conflict;
    }
    throw new SignalRError("HUB_INVALID", `${shown(hubClass)} is not mapped here; call mapHub(path, hubClass) first.`);
  }

  /**
   * Remembers a path. One class on several paths is one hub.
   * @throws SignalRError ARGUMENT_INVALID for a path that is none or is taken, HUB_INVALID for what is no hub class
   */
  add(path: string, hubClass: HubClass, options: MapHubOptions<TRequest> = {}): HubMapping<TRequest> {
    const key = normalizeHubPath(path);
    const taken = this.#byPath.get(key);
    if (taken !== undefined) {
      throw new SignalRError("ARGUMENT_INVALID", `The path ${path} already has the hub ${shown(taken.hub.hubClass)}.`);
    }
    requireHub(hubClass);
    const { authorize, closeOnAuthenticationExpiration = false, allowStatefulReconnects, ...hubOptions } = options;
    if (authorize !== undefined && typeof authorize !== "function") {
      throw new SignalRError("ARGUMENT_INVALID", `authorize of ${path} must be a function, got ${typeof authorize}.`);
    }
    const known = this.#byClass.get(hubClass);
    const conflict = this.#conflictOf(path, hubClass, known, hubOptions);
    const hub = known ?? new MappedHub(hubClass, hubOptions);
    // A hub that takes another one's name is remembered with its path only, so that it never starts.
    if (conflict === undefined) this.#byClass.set(hubClass, hub);
    hub.paths.push(path);
    if (allowStatefulReconnects === true) hub.allowStatefulReconnects = true;
    const rules = { closeOnAuthenticationExpiration, ...(authorize === undefined ? {} : { authorize }) };
    const mapping = { hub, rules, conflict };
    this.#byPath.set(key, mapping);
    return mapping;
  }

  #conflictOf(
    path: string,
    hubClass: HubClass,
    known: MappedHub | undefined,
    options: HubOptions,
  ): SignalRError | undefined {
    const name = hubNameOf(hubClass);
    if (known !== undefined) {
      if (sameOptions(known.options, options)) return undefined;
      return new SignalRError(
        "HUB_INVALID",
        `${name} is mapped to ${path} with other hub options than to ${known.paths[0]}; one class is one hub, give the same options or derive a class.`,
      );
    }
    for (const other of this.#byClass.values()) {
      if (hubNameOf(other.hubClass).toLowerCase() === name.toLowerCase()) {
        return new SignalRError(
          "HUB_INVALID",
          `Two hub classes are called ${name} at the service (${path} and ${other.paths[0]}); give one of them another static hubName.`,
        );
      }
    }
    return undefined;
  }
}

function requireHub(hubClass: HubClass): void {
  if (typeof hubClass !== "function" || !(hubClass.prototype instanceof Hub)) {
    throw new SignalRError("HUB_INVALID", `mapHub takes a class that extends Hub, got ${shown(hubClass)}.`);
  }
  hubNameOf(hubClass);
}

function shown(hubClass: HubClass): string {
  return typeof hubClass === "function" ? hubClass.name || "a class without a name" : typeof hubClass;
}

function sameOptions(one: HubOptions, other: HubOptions): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof HubOptions>;
  for (const name of names) if (!sameValue(one[name], other[name])) return false;
  return true;
}

function sameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => item === other[index]);
  }
  return one === other;
}
