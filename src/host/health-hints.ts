import type { ErrorCode } from "../base/errors.js";

const WITHOUT_ADVICE = "Look for this code in the guide to troubleshooting.";

/** What an operator does first, for the codes that a service's health can show. */
const HINTS: { readonly [Code in ErrorCode]?: string } = Object.freeze({
  CONFIG_INVALID: "Mend the settings that the message names, and start again.",
  CONNECTION_STRING_INVALID: "Copy the connection string from the Azure portal again, and start again.",
  CONNECTION_STRING_MISSING: "Set the connection string, and start again.",
  HUB_INVALID: "Mend the hub class that the message names, and start again.",
  CONNECTION_REFUSED:
    "Check the endpoint and its key, that the service is in Default mode, and that this machine may open websockets to it on port 443.",
  CONNECTION_HANDSHAKE_REJECTED: "Read the service's own words in the message; often a limit of its tier is reached.",
  CONNECTION_HANDSHAKE_TIMEOUT: "Look for a proxy or a firewall that lets websockets open but holds their bytes back.",
  CONNECTION_LOST: "Nothing, if it comes back within a minute; else check the network and the service's own health.",
  CONNECTION_TIMEOUT: "Look for a firewall, proxy or NAT that drops idle connections, and for a blocked event loop.",
  CREDENTIAL_UNAVAILABLE: "Check the identity: environment, managed identity, secret or certificate.",
  TOKEN_NOT_AUTHORIZED: "Give the identity the role SignalR App Server on the service.",
  REST_FAILED: "Check that this machine reaches the service over HTTPS.",
  STOPPED: "Nothing: this server is going away.",
});

export function hintFor(code: ErrorCode): string {
  return HINTS[code] ?? WITHOUT_ADVICE;
}
