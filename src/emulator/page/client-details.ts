import type { ClientConnection } from "../client-connection.js";
import { shorten, shownQuery, unlessSecret } from "./shown-text.js";

/** All that the page shows of one client. */
export interface ClientDetails {
  readonly connectionId: string;
  readonly hub: string;
  readonly userId: string | null;
  readonly transport: string;
  readonly protocol: string;
  readonly serverId: string | null;
  /** The server connection that carries it. */
  readonly serverConnectionId: string | null;
  readonly instanceId: string;
  readonly query: string;
  readonly claims: ReadonlyArray<readonly [type: string, value: string]>;
  /** The first of them. */
  readonly groups: readonly string[];
  readonly groupCount: number;
}

const MOST_ITEMS = 50;
const MOST_VALUE = 200;
const MOST_QUERY = 1000;
// What the service itself is told in tokens; the application's own claims are what people look for.
const SYSTEM_CLAIM = /^asrs\.s\./;

/** Headers are left out, because cookies and authorization travel there; of claims and query the secrets are hidden. */
export function clientDetails(client: ClientConnection): ClientDetails {
  const { connectionId, hub, userId, transportName, protocol, link, instance, queryString, claims, groups } = client;
  return {
    connectionId,
    hub,
    userId: userId === undefined ? null : shorten(userId, MOST_VALUE),
    transport: transportName,
    protocol: shorten(protocol, MOST_VALUE),
    serverId: link?.serverId ?? null,
    serverConnectionId: link?.id ?? null,
    instanceId: instance.id,
    query: shorten(shownQuery(queryString), MOST_QUERY),
    claims: claims
      .filter(([type]) => !SYSTEM_CLAIM.test(type))
      .slice(0, MOST_ITEMS)
      .map(([type, value]) => [shorten(type, MOST_VALUE), shorten(unlessSecret(type, value), MOST_VALUE)]),
    groups: firstOf(groups).map((group) => shorten(group, MOST_VALUE)),
    groupCount: groups.size,
  };
}

function firstOf(groups: ReadonlySet<string>): string[] {
  const first: string[] = [];
  for (const group of groups) {
    if (first.push(group) === MOST_ITEMS) break;
  }
  return first;
}
