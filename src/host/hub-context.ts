import type { UntypedClient } from "../hub/client-types.js";
import { type HubClients, OutletClients } from "../hub/clients.js";
import { type GroupManager, OutletGroups } from "../hub/groups.js";
import type { HubOutlet } from "../hub/outlet.js";

/** Sends to the clients of a hub from outside of it: an HTTP handler, a timer, a queue consumer. */
export interface HubContext<TClient extends object = UntypedClient> {
  readonly clients: HubClients<TClient>;
  readonly groups: GroupManager;
}

/** A {@link HubContext} over an outlet. */
export function createHubContext<TClient extends object = UntypedClient>(outlet: HubOutlet): HubContext<TClient> {
  return Object.freeze({
    clients: new OutletClients(outlet) as HubClients<never> as HubClients<TClient>,
    groups: new OutletGroups(outlet),
  });
}
