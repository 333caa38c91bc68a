import { requireText } from "./clients.js";
import type { ClientWire, HubOutlet } from "./outlet.js";

/** Who is in which group. Membership ends with the connection. */
export interface GroupManager {
  /**
   * Puts a connection into a group, which begins to exist with its first member. Resolves when the service has
   * acknowledged: what is sent to the group afterwards reaches the connection. Twice is no error, and neither is a
   * connection that is gone.
   * @throws SignalRError ACK_TIMEOUT when the service did not answer within 10 seconds
   */
  add(connectionId: string, group: string): Promise<void>;
  /** Takes a connection out of a group; no error if it was not in it. Resolves and fails as {@link add}. */
  remove(connectionId: string, group: string): Promise<void>;
}

/** {@link GroupManager} over an outlet. */
export class OutletGroups implements GroupManager {
  readonly #outlet: HubOutlet;
  readonly #origin: ClientWire | undefined;

  constructor(outlet: HubOutlet, origin?: ClientWire) {
    this.#outlet = outlet;
    this.#origin = origin;
  }

  async add(connectionId: string, group: string): Promise<void> {
    requireText("connectionId", connectionId);
    requireText("group", group);
    await this.#outlet.addToGroup(connectionId, group, this.#origin);
  }

  async remove(connectionId: string, group: string): Promise<void> {
    requireText("connectionId", connectionId);
    requireText("group", group);
    await this.#outlet.removeFromGroup(connectionId, group, this.#origin);
  }
}
