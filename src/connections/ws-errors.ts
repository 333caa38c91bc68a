import { SignalRError, toError } from "../base/errors.js";
import { foreignSentence } from "../base/foreign-text.js";

/** What an HTTP status in place of the websocket means, with what to do about it. */
export function errorOfStatus(host: string, status: number): SignalRError {
  return new SignalRError(
    "CONNECTION_REFUSED",
    `${host} refused the server connection with HTTP ${status}: ${adviceForStatus(status)}`,
  );
}

function adviceForStatus(status: number): string {
  switch (status) {
    case 401:
      return "the token was not accepted; check that the access key belongs to this endpoint and that this machine's clock is right.";
    case 403:
      return "the token was accepted but the role or the network rules do not allow it; check the service's access control and networking settings.";
    case 404:
      return "it takes no server connections, as in Serverless mode; set the Service Mode to Default in the settings of the service, or check the endpoint.";
    case 407:
      return "the proxy wants a user and a password; put them into its address, http://user:password@host:port.";
    case 429:
      return "too many connections or messages for this tier; add units or use fewer server connections.";
    case 301:
    case 302:
    case 307:
    case 308:
      return "it redirects elsewhere, which is not followed; set the endpoint to the final address.";
    default:
      return status >= 500 ? "the service is unavailable at the moment." : "check the endpoint.";
  }
}

/** What a failed or broken socket means. The source stays in `cause`. */
export function dialError(host: string, thrown: unknown, wasOpen: boolean): SignalRError {
  const cause = toError(thrown);
  const code = errorCodeOf(cause);
  if (wasOpen) return new SignalRError("CONNECTION_LOST", lostSentence(host, cause, code), { cause });
  return new SignalRError("CONNECTION_REFUSED", refusedSentence(host, cause, code), { cause });
}

function lostSentence(host: string, cause: Error, code: string): string {
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
    return `${host} sent a websocket message above the limit; raise maxMessageBytes.`;
  if (code === "ECONNRESET") return `${host} reset the websocket.`;
  return `The websocket to ${host} broke: ${foreignSentence(cause.message)}`;
}

function refusedSentence(host: string, cause: Error, code: string): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The name of ${host} cannot be resolved (${code}); check the Endpoint in the connection string and the DNS of this machine.`;
    case "ECONNREFUSED":
      return `Nobody listens at ${host} (ECONNREFUSED); check the Endpoint and its Port, or start the emulator.`;
    case "ECONNRESET":
    case "EPIPE":
      return `${host} broke off while connecting (${code}); check that Endpoint names an Azure SignalR Service and begins with the right scheme (http or https).`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${host} cannot be reached (${code}); check the network, the firewall and the proxy.`;
    default:
      if (isTlsCode(code)) {
        return `No TLS connection to ${host} could be made (${code}); check the scheme and the port of Endpoint, and whether a proxy breaks TLS.`;
      }
      if (isCertificateCode(code)) {
        return `The TLS certificate of ${host} is not accepted (${code}); check that Endpoint names the right host, and the trusted certificates (NODE_EXTRA_CA_CERTS).`;
      }
      return `The websocket to ${host} could not be opened: ${foreignSentence(cause.message)}`;
  }
}

function isTlsCode(code: string): boolean {
  return code.startsWith("ERR_SSL") || code === "EPROTO";
}

function isCertificateCode(code: string): boolean {
  return code.startsWith("ERR_TLS") || code.startsWith("UNABLE_TO_") || code.includes("CERT");
}

function errorCodeOf(error: Error): string {
  const own = (error as { code?: unknown }).code;
  if (typeof own === "string") return own;
  // A name with several addresses fails as a group; the first one tells the story.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const inner = (first as { code?: unknown } | undefined)?.code;
  return typeof inner === "string" ? inner : "";
}
