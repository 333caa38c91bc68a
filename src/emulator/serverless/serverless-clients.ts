import type { Probe } from "../../base/probe.js";
import { parseHandshakeRequest, writeHandshakeResponse } from "../../protocol/hub/handshake.js";
import type { HubProtocol } from "../../protocol/hub/protocol.js";
import { DataMessageType } from "../../protocol/service/messages.js";
import type { ClientConnection } from "../client-connection.js";
import type { Hello } from "../client-hello.js";
import { hubProtocol } from "../hub-payloads.js";
import type { HubSpace } from "../hub-space.js";
import type { MessageTaps } from "../message-tap.js";
import { ServerlessSession, type ServerlessSessionInput } from "./serverless-session.js";
import type { Upstream } from "./upstream.js";

export interface ServerlessClientsInput {
  readonly upstream: Upstream;
  readonly maxMessageBytes: number;
  readonly probe: Probe;
}

/** The service as the hub server of those that have none: shakes hands with clients, and gives each a session. */
export class ServerlessClients {
  readonly #input: ServerlessClientsInput;

  constructor(input: ServerlessClientsInput) {
    this.#input = input;
  }

  serve(client: ClientConnection, hello: Hello, hub: HubSpace, taps: MessageTaps): void {
    const protocol = hubProtocol(hello.protocol);
    const problem = findProblem(hello, protocol);
    if (problem !== undefined || protocol === undefined) {
      client.close({ error: problem, notice: undefined });
      return;
    }
    const { upstream, maxMessageBytes } = this.#input;
    const onNotice = this.#onNotice;
    const session = new ServerlessSession({ client, hub, taps, protocol, upstream, maxMessageBytes, onNotice });
    client.serveBy(session);
    hub.enter(client);
    client.deliverData(writeHandshakeResponse(), DataMessageType.Handshake);
    session.start(hello.bytes.subarray(hello.request.length));
  }

  readonly #onNotice: ServerlessSessionInput["onNotice"] = ({ hub, connectionId }, event, message) => {
    const { probe } = this.#input;
    if (!probe.isEnabled("warn")) return;
    probe.log({
      level: "warn",
      category: "AzureSignalR.Emulator",
      event,
      message,
      attributes: { hub, connectionId },
    });
  };
}

/** Why the client cannot be served, in the words of ASP.NET Core. */
function findProblem({ request, protocol: name }: Hello, protocol: HubProtocol | undefined): string | undefined {
  if (protocol === undefined) return `The protocol '${name}' is not supported.`;
  const version = parseHandshakeRequest(request)?.message.version ?? 0;
  if (version <= protocol.version) return undefined;
  return `The server does not support version ${version} of the '${protocol.name}' protocol.`;
}
