import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { clientUrl } from "../../src/auth/service-urls.js";
import type { Emulator } from "../../src/emulator/index.js";
import type { WireClaim } from "../../src/protocol/service/messages.js";
import { endpointOf, tokensOf } from "./emulator-peers.js";

export interface ServerlessOptions {
  readonly hub?: string;
  readonly protocol?: "json" | "messagepack";
  readonly transport?: HttpTransportType;
  readonly user?: string;
  readonly claims?: readonly WireClaim[];
  /** Of the app's own, behind the hub's name. */
  readonly query?: string;
}

/** The official client, as an app's negotiate sends it to the service: with its address and a token. Not started. */
export function serverlessClient(emulator: Emulator, options: ServerlessOptions = {}): HubConnection {
  const { hub = "chat", protocol = "json", transport = HttpTransportType.WebSockets, user, query } = options;
  const own: WireClaim[] = user === undefined ? [] : [["asrs.s.uid", user]];
  const url = clientUrl(endpointOf(emulator), hub, query === undefined ? {} : { query });
  const builder = new HubConnectionBuilder()
    .withUrl(url, {
      accessTokenFactory: () => tokensOf(emulator).clientToken(hub.toLowerCase(), [...own, ...(options.claims ?? [])]),
      transport,
    })
    .configureLogging(LogLevel.None);
  if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
  return builder.build();
}
