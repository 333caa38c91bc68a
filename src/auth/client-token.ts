import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { Secret } from "../base/secret.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { AccessTokenAlgorithm } from "../config/options.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { signToken } from "./jwt.js";
import { clientAudience } from "./service-urls.js";

/** Who made a token, as the official SDK writes it. */
export const ISSUER = "azure-signalr";

const MAX_TOKEN_CHARACTERS = 4096;

export interface ClientTokenInput {
  readonly endpoint: ServiceEndpoint;
  /** Name at the service. */
  readonly hub: string;
  readonly claims: readonly WireClaim[];
  readonly key: Secret;
  readonly keyId: string;
  readonly algorithm: AccessTokenAlgorithm;
  readonly lifetimeMs: number;
  readonly clock: Clock;
}

/**
 * The token that a client takes to the service, signed by us.
 * @throws SignalRError (as rejection) TOKEN_TOO_LONG beyond 4,096 characters
 */
export async function signClientToken(input: ClientTokenInput): Promise<string> {
  const { key, keyId, algorithm, claims, lifetimeMs } = input;
  const audience = clientAudience(input.endpoint, input.hub);
  const nowMs = input.clock.unixTime();
  const token = await signToken({ key, algorithm, keyId, claims, audience, issuer: ISSUER, nowMs, lifetimeMs });
  if (token.length <= MAX_TOKEN_CHARACTERS) return token;
  throw new SignalRError(
    "TOKEN_TOO_LONG",
    `AccessToken must not be longer than 4K. It has ${token.length} characters, at most ${MAX_TOKEN_CHARACTERS} are allowed: let claimsProvider return fewer or shorter claims.`,
  );
}
