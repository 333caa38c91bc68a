import type { EndpointFigures } from "../connections/figures.js";
import type { HubCounts } from "../hub/hub-counts.js";

/** The numbers of one hub, at one moment. */
export interface HubFigures extends Readonly<HubCounts> {
  /** Name at the service. */
  readonly hub: string;
  /** Clients that are connected through this process. */
  readonly clients: number;
  readonly endpoints: readonly EndpointFigures[];
}

/** The numbers of one named service, at one moment. Counts only grow, and stay after a shutdown. */
export interface ServiceFigures {
  readonly service: string;
  readonly hubs: readonly HubFigures[];
  /** Answers of the service that are waited for. */
  readonly pendingAcks: number;
  readonly ackTimeouts: number;
  /** Negotiate requests by their result: `ok`, or the code of the refusal. */
  readonly negotiations: ReadonlyMap<string, number>;
}
