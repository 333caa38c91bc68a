import type { ServiceMessage } from "../../protocol/service/messages.js";
import type { HubSpace } from "../hub-space.js";
import type { Service } from "../service.js";
import type { RestAnswer } from "./rest-answer.js";
import type { RestCalls } from "./rest-calls.js";
import type { RestQuery } from "./rest-request.js";

/** What operations work with. */
export interface RestScope {
  readonly service: Service;
  /** Calls of clients that wait for their answers. */
  readonly calls: RestCalls;
  /** A token for a client of the hub. */
  clientToken(hub: string, userId: string | undefined, lifetimeMs: number): Promise<string>;
}

/** One request, its token and names checked. */
export interface RestCall extends RestScope {
  /** Name at the service, lower case. */
  readonly hub: string;
  readonly isV1: boolean;
  /** `1.0`, or the date of the query. */
  readonly version: string;
  readonly query: RestQuery;
  /** Lower case, without parameters; empty when the request has none. */
  readonly contentType: string;
  readonly body: Buffer;
  /** Scheme, host and path that it was sent to. */
  readonly address: string;
  /** A named part of the path. */
  part(name: "connection" | "group" | "user" | "stream"): string;
}

/** Something that the REST API can do. */
export interface RestOperation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/hubs/{hub}`, without its slash. */
  readonly paths: readonly string[];
  /** First version that has it. */
  readonly since?: string;
  run(call: RestCall): RestAnswer | Promise<RestAnswer>;
}

/** The hub, if there is anything in it; it is not made for a mere look. */
export function hubOf({ service, hub }: RestCall): HubSpace | undefined {
  return service.findHub(hub);
}

/** Lets who looks at messages see one that the request sends. */
export function show({ service, hub }: RestCall, message: ServiceMessage): void {
  if (service.taps.isObserved) service.taps.show("fromServer", { id: "", serverId: "REST API", hub }, message);
}
