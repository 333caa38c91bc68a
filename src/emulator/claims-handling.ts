import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import type { GetConnectionClaims, RefreshAuth, WireClaim } from "../protocol/service/messages.js";
import { acknowledge } from "./acks.js";
import type { ClientConnection } from "./client-connection.js";
import type { HubSpace } from "./hub-space.js";
import type { ServerLink } from "./server-link.js";

/** Keys are lent to servers that come with an identity, and that only when the emulator was told to believe them. */
export function answerAccessKey(hub: HubSpace, link: ServerLink): void {
  const { lentKey } = hub;
  if (lentKey !== undefined) {
    const { keyId, accessKey } = lentKey;
    const key = { kid: keyId, accessKey: accessKey.reveal() };
    link.send({ kind: "accessKeyResponse", ...key, errorType: null, errorMessage: null });
    return;
  }
  link.send({
    kind: "accessKeyResponse",
    kid: null,
    accessKey: null,
    errorType: "NotSupported",
    errorMessage:
      "The emulator lends no access keys; use the key in its connection string, or start it with entra: true.",
  });
}

/** New credentials for a client that stays connected: claims and expiry are replaced, its server is told. */
export function refresh(hub: HubSpace, link: ServerLink, message: RefreshAuth): void {
  const client = findByToken(hub, message.connectionToken);
  if (client === undefined) {
    acknowledge(link, message, false);
    return;
  }
  client.claims = message.claims;
  if (client.terms.closesAtMs !== undefined) client.expireAt(message.expireTime.getTime());
  acknowledge(link, message, true, claimsMap(message.claims));
  const owner = client.link;
  if (owner === undefined || owner === link) return;
  owner.send({ kind: "updateConnectionClaims", connectionId: client.connectionId, claims: message.claims });
}

export function tell(hub: HubSpace, link: ServerLink, message: GetConnectionClaims): void {
  const client = findByToken(hub, message.connectionToken);
  acknowledge(link, message, client !== undefined, client === undefined ? null : claimsMap(client.claims));
}

// Asked for seldom, so no index is kept for it.
function findByToken(hub: HubSpace, connectionToken: string): ClientConnection | undefined {
  for (const client of hub.directory.all()) {
    if (client.connectionToken === connectionToken) return client;
  }
  return undefined;
}

function claimsMap(claims: readonly WireClaim[]): Buffer {
  const writer = new MsgpackWriter();
  writer.mapHeader(claims.length);
  for (const [type, value] of claims) {
    writer.str(type);
    writer.str(value);
  }
  return writer.take();
}
