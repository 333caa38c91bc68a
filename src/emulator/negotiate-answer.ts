import type { Caller, ClientSessions } from "./client-sessions.js";
import type { TransportName } from "./client-transport.js";
import type { Service } from "./service.js";

const NEWEST_VERSION = 1;

const TRANSFER_FORMATS: { readonly [Name in TransportName]: readonly string[] } = {
  WebSockets: ["Text", "Binary"],
  ServerSentEvents: ["Text"],
  LongPolling: ["Text", "Binary"],
};

/** The answer to a negotiate request, with what goes wrong in the words that clients show. */
export function negotiateAnswer(caller: Caller, service: Service, sessions: ClientSessions): object {
  const { hub, token } = caller;
  const asked = Number(caller.version ?? 0);
  if (!Number.isInteger(asked) || asked < 0) {
    return { error: "The client requested a non-integer protocol version." };
  }
  // Said here, the reason reaches the client's program; later it would only see a closed connection.
  if (service.modeOf(hub) === "default" && !service.hasServers(hub))
    return { error: `No server is connected to hub '${hub}'.` };
  const version = Math.min(asked, NEWEST_VERSION);
  const useStatefulReconnect = version > 0 && caller.wantsStateful && service.allowsStatefulReconnects(hub);
  const { connectionId, connectionToken } = sessions.negotiate(hub, version, useStatefulReconnect);
  const availableTransports = sessions
    .termsOf(token)
    .transports.map((transport) => ({ transport, transferFormats: TRANSFER_FORMATS[transport] }));
  return version === 0
    ? { negotiateVersion: version, connectionId, availableTransports }
    : {
        negotiateVersion: version,
        connectionId,
        connectionToken,
        ...(useStatefulReconnect ? { useStatefulReconnect } : {}),
        availableTransports,
      };
}
