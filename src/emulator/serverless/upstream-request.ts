import { createHmac } from "node:crypto";
import { longClaimType, restoreUser } from "../../auth/claims.js";
import type { Secret } from "../../base/secret.js";
import type { WireClaim } from "../../protocol/service/messages.js";
import type { UpstreamEventName } from "./upstream-template.js";

/** The client that an event is about. */
export interface EventSource {
  readonly connectionId: string;
  readonly userId: string | undefined;
  readonly claims: readonly WireClaim[];
  /** As it asked, with `?`. */
  readonly queryString: string;
  /** The secret `id` of its URL. */
  readonly connectionToken: string;
}

/** One event, ready to be sent. */
export interface UpstreamEvent extends UpstreamEventName {
  readonly source: EventSource;
  readonly contentType: string;
  readonly body: Buffer;
}

/** The headers of an upstream request, in the service's spelling. */
export function upstreamHeaders(event: UpstreamEvent, key: Secret): Record<string, string> {
  const { hub, category, event: name, source } = event;
  const claims = claimsHeader(source.claims);
  const query = queryHeader(source);
  const headers: Record<string, string> = {
    "Content-Type": event.contentType,
    "Content-Length": String(event.body.length),
    "X-ASRS-Connection-Id": source.connectionId,
    "X-ASRS-Hub": hub,
    "X-ASRS-Category": category,
    "X-ASRS-Event": name,
    "X-ASRS-Signature": upstreamSignature(source.connectionId, key),
    ...(source.userId === undefined ? {} : { "X-ASRS-User-Id": source.userId }),
    ...(claims === "" ? {} : { "X-ASRS-User-Claims": claims }),
    ...(query === "" ? {} : { "X-ASRS-Client-Query": query }),
  };
  for (const [header, value] of Object.entries(headers)) headers[header] = headerText(value);
  return headers;
}

/** What proves to the receiver that the emulator sent the request: it knows the access key. */
export function upstreamSignature(connectionId: string, key: Secret): string {
  return `sha256=${createHmac("sha256", key.reveal()).update(connectionId, "utf8").digest("hex")}`;
}

// Claims come under the long names that .NET gives them, as from the official emulator.
function claimsHeader(claims: readonly WireClaim[]): string {
  return restoreUser(claims)
    .claims.map(([type, value]) => `${longClaimType(type)}: ${value}`)
    .join(", ");
}

/** The client's query without what is secret in it: its token and the id of its connection. */
function queryHeader({ queryString, connectionToken }: EventSource): string {
  const parts = queryString
    .replace(/^\?/, "")
    .split("&")
    .filter((part) => part !== "" && !/^access_token(?:=|$)/i.test(part) && part !== `id=${connectionToken}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Any text as a header: ASP.NET Core reads UTF-8, and nothing in it may end the line. */
function headerText(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, " "), "utf8").toString("latin1");
}
