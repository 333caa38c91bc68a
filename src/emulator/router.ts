import type { Stickiness } from "./client-claims.js";
import type { Instance } from "./instances.js";

/** A server connection as the router sees it. */
export interface Routable {
  /** The hub server behind it; one server holds several connections. */
  readonly serverId: string;
  /** The instance of the service that it ends at. */
  readonly instance: Instance;
  readonly clientCount: number;
  /** False while it is not open yet, on its way out, or never takes clients. */
  readonly takesClients: boolean;
}

/** What a client needs of a server connection. */
export interface Wish {
  /** Where the client is: connections that end there come first. */
  readonly instance: Instance;
  readonly sticky?: Stickiness | undefined;
  /** A server that is passed over. */
  readonly exceptServer?: string;
}

interface Load<L> {
  clients: number;
  best: L | undefined;
  bestNear: L | undefined;
}

/**
 * Which server connection gets a client: the server with the fewest clients, and of its connections again the one with
 * the fewest. Connections on the client's instance win over all others. A sticky client gets its server if that is
 * there; if it is required and not there, nothing.
 */
export function chooseLink<L extends Routable>(links: Iterable<L>, wish: Wish): L | undefined {
  const loads = new Map<string, Load<L>>();
  for (const link of links) {
    if (link.serverId === wish.exceptServer) continue;
    let load = loads.get(link.serverId);
    if (load === undefined) {
      load = { clients: 0, best: undefined, bestNear: undefined };
      loads.set(link.serverId, load);
    }
    // Clients on connections that take no more still weigh on their server.
    load.clients += link.clientCount;
    if (!link.takesClients) continue;
    load.best = lessBusy(load.best, link);
    if (link.instance === wish.instance) load.bestNear = lessBusy(load.bestNear, link);
  }
  return choose(loads, wish, (load) => load.bestNear) ?? choose(loads, wish, (load) => load.best);
}

function choose<L>(
  loads: ReadonlyMap<string, Load<L>>,
  { sticky }: Wish,
  bestOf: (load: Load<L>) => L | undefined,
): L | undefined {
  const own = sticky && loads.get(sticky.serverId);
  const ownBest = own && bestOf(own);
  if (ownBest !== undefined || sticky?.isRequired) return ownBest;
  let chosen: L | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const load of loads.values()) {
    const best = bestOf(load);
    if (best === undefined || load.clients >= least) continue;
    chosen = best;
    least = load.clients;
  }
  return chosen;
}

function lessBusy<L extends Routable>(known: L | undefined, link: L): L {
  return known === undefined || link.clientCount < known.clientCount ? link : known;
}
