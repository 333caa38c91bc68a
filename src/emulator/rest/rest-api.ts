import { createAccessKeyTokens } from "../../auth/access-key.js";
import { createEndpoint } from "../../config/service-endpoint.js";
import type { WireClaim } from "../../protocol/service/messages.js";
import type { HttpDoor } from "../http.js";
import type { ResolvedEmulatorOptions } from "../options.js";
import type { Service } from "../service.js";
import type { TokenCheck } from "../tokens.js";
import { RestCalls } from "./rest-calls.js";
import { RestDoor } from "./rest-door.js";

export interface RestApiInput {
  readonly options: ResolvedEmulatorOptions;
  readonly service: Service;
  readonly tokens: TokenCheck;
  /** Known only when the emulator listens. */
  readonly connectionString: () => string;
}

/** The REST API of an emulator. */
export function createRestApi({ options, service, tokens, connectionString }: RestApiInput): HttpDoor {
  const { clock } = options;
  const clientToken = (hub: string, userId: string | undefined, lifetimeMs: number): Promise<string> => {
    const endpoint = createEndpoint({ connectionString: connectionString() });
    const source = createAccessKeyTokens({ endpoint, serverName: "", algorithm: "HS256", lifetimeMs, clock });
    const claims: readonly WireClaim[] = userId === undefined ? [] : [["nameid", userId]];
    return source.clientToken(hub, claims);
  };
  return new RestDoor({
    tokens,
    acceptsIdentities: options.entra,
    maxBodyBytes: options.maxRestBodyBytes,
    scheme: options.tls === undefined ? "http" : "https",
    scope: { service, calls: new RestCalls(clock, options.restInvocationTimeout), clientToken },
  });
}
