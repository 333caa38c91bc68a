import type { OpenConnection, WireHeaders } from "../protocol/service/messages.js";
import type { ClientConnection } from "./client-connection.js";

/** Introduces a client to a server; `migratedFrom` is the id of the server that it comes from, if it does. */
export function openMessage(client: ClientConnection, migratedFrom?: string): OpenConnection {
  const own: Array<readonly [string, readonly string[]]> = [["Asrs-Instance-Id", [client.instance.id]]];
  if (client.terms.isDiagnostic) own.push(["Asrs-Is-Diagnostic-Client", ["true"]]);
  if (migratedFrom !== undefined) own.push(["Asrs-Migrate-From", [migratedFrom]]);
  return {
    kind: "openConnection",
    connectionId: client.connectionId,
    claims: client.claims,
    headers: [...client.headers, ...own],
    queryString: client.queryString,
    ext: { protocol: client.protocol },
  };
}

/**
 * The headers of a client's request for its server: as received, in order, repeats joined under one name. What the
 * service says by itself cannot come from a client: the address is that of the peer, `Asrs-` names are left out.
 */
export function clientHeaders(rawHeaders: readonly string[], remoteAddress: string | undefined): WireHeaders {
  const headers = new Map<string, { name: string; values: string[] }>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const key = name.toLowerCase();
    if (key.startsWith("asrs-") || key === "x-forwarded-for") continue;
    const known = headers.get(key);
    if (known === undefined) headers.set(key, { name, values: [value] });
    else known.values.push(value);
  }
  const result = [...headers.values()].map(({ name, values }) => [name, values] as const);
  // IPv4 peers of a socket that listens on both families come with this prefix.
  if (remoteAddress !== undefined) result.push(["X-Forwarded-For", [remoteAddress.replace(/^::ffff:/, "")]]);
  return result;
}
