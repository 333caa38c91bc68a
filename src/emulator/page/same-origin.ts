import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Refusal } from "../http.js";

const FOREIGN_HOST = Object.freeze({
  status: 403,
  reason: "The emulator's page is served under localhost, an IP address, or the host that the emulator listens on.",
});
const FOREIGN_ORIGIN = Object.freeze({ status: 403, reason: "Only the emulator's own page may ask for this." });

/**
 * Why a request is not answered under the name it came by, if it is not. A page elsewhere may let its own name point to
 * this machine and would then be of the same origin; addresses and `localhost` cannot be pointed anywhere.
 *
 * @param ownHost the host that the emulator was told to listen on
 */
export function refusalOfHost(request: IncomingMessage, ownHost: string | undefined): Refusal | undefined {
  const url = parse(`http://${request.headers.host ?? ""}`);
  if (url === undefined) return FOREIGN_HOST;
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const isOurs = name === "localhost" || isIP(name) !== 0 || name === ownHost?.toLowerCase();
  return isOurs ? undefined : FOREIGN_HOST;
}

/** Why a request that looks behind the scenes or does something is refused, if it is: it has to come from the page. */
export function refusalOfOrigin(request: IncomingMessage, ownHost: string | undefined): Refusal | undefined {
  const refusal = refusalOfHost(request, ownHost);
  if (refusal !== undefined) return refusal;
  const origin = parse(request.headers.origin ?? "");
  if (origin === undefined) return FOREIGN_ORIGIN;
  // Read under the same scheme, so that a default port is left out on both sides or on none.
  const asked = parse(`${origin.protocol}//${request.headers.host ?? ""}`);
  return asked?.host === origin.host ? undefined : FOREIGN_ORIGIN;
}

/** Undefined for what is no bare origin. */
function parse(origin: string): URL | undefined {
  try {
    const url = new URL(origin);
    const isBare = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
    return isBare && (url.protocol === "http:" || url.protocol === "https:") ? url : undefined;
  } catch {
    return undefined;
  }
}
