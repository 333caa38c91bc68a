import { Attribute, OTHER, RPC_SYSTEM } from "./names.js";
import type { Attributes } from "./opentelemetry.js";

/** What is told of each call of one hub method, made once. */
export class CallFacts {
  readonly spanName: string;
  readonly spanAttributes: Attributes;
  readonly #metric: Attributes;
  readonly #failed = new Map<string, Attributes>();

  /** `method` is undefined for the calls of methods that the hub does not have. */
  constructor(hub: string, method: string | undefined) {
    this.spanName = `${hub}/${method ?? OTHER}`;
    this.spanAttributes = Object.freeze({
      [Attribute.rpcSystem]: RPC_SYSTEM,
      [Attribute.rpcService]: hub,
      [Attribute.rpcMethod]: method ?? OTHER,
    });
    this.#metric = Object.freeze({
      [Attribute.rpcSystemName]: RPC_SYSTEM,
      [Attribute.rpcService]: hub,
      [Attribute.rpcMethod]: method === undefined ? OTHER : this.spanName,
    });
  }

  /** Attributes of the duration; `errorType` is undefined for a call that did not fail. */
  metricOf(errorType: string | undefined): Attributes {
    if (errorType === undefined) return this.#metric;
    let found = this.#failed.get(errorType);
    if (found === undefined) {
      found = Object.freeze({ ...this.#metric, [Attribute.errorType]: errorType });
      this.#failed.set(errorType, found);
    }
    return found;
  }
}

/** The facts of all registered methods: as many as there are methods, since clients cannot make up others. */
export class CallFactsTable {
  readonly #byHub = new Map<string, Map<string | undefined, CallFacts>>();

  of(hub: string, method: string | undefined): CallFacts {
    let methods = this.#byHub.get(hub);
    if (methods === undefined) {
      methods = new Map();
      this.#byHub.set(hub, methods);
    }
    let facts = methods.get(method);
    if (facts === undefined) {
      facts = new CallFacts(hub, method);
      methods.set(method, facts);
    }
    return facts;
  }
}
