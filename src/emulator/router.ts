import type { Stickiness } from "./client-claims.js";

/** A server connection as the router sees it. */
export interface Routable {
  /** The hub server behind it; one server holds several connections. */
  readonly serverId: string;
  readonly clientCount: number;
  /** False while it is not open yet, on its way out, or never takes clients. */
  readonly takesClients: boolean;
}

/**
 * Which server connection gets a new client: the server with the fewest clients, and of its connections again the one
 * with the fewest. A sticky client gets its server if that is there; if it is required and not there, nothing.
 * `exceptServer` is passed over.
 */
export function chooseLink<L extends Routable>(
  links: Iterable<L>,
  sticky?: Stickiness,
  exceptServer?: string,
): L | undefined {
  const loads = new Map<string, { clients: number; best: L | undefined }>();
  for (const link of links) {
    if (link.serverId === exceptServer) continue;
    let load = loads.get(link.serverId);
    if (load === undefined) {
      load = { clients: 0, best: undefined };
      loads.set(link.serverId, load);
    }
    // Clients on connections that take no more still weigh on their server.
    load.clients += link.clientCount;
    if (link.takesClients && (load.best === undefined || link.clientCount < load.best.clientCount)) load.best = link;
  }
  if (sticky !== undefined) {
    const own = loads.get(sticky.serverId)?.best;
    if (own !== undefined || sticky.isRequired) return own;
  }
  let chosen: L | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { clients, best } of loads.values()) {
    if (best === undefined || clients >= least) continue;
    chosen = best;
    least = clients;
  }
  return chosen;
}
