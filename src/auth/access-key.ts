import { createHmac, randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { Secret } from "../base/secret.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { AccessTokenAlgorithm } from "../config/options.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { ISSUER, signClientToken } from "./client-token.js";
import { signToken } from "./jwt.js";
import { serverAudience } from "./service-urls.js";
import type { TokenSource } from "./token-source.js";

export interface AccessKeyTokensInput {
  readonly endpoint: ServiceEndpoint;
  /** This process at the service; the `nameid` of server and REST tokens. */
  readonly serverName: string;
  /** For server and client tokens; REST tokens are always HS256, as the service documents. */
  readonly algorithm: AccessTokenAlgorithm;
  readonly lifetimeMs: number;
  readonly clock?: Clock;
  /** @default a text that stands for the key in this process and tells nothing about it */
  readonly keyId?: string;
}

/**
 * Tokens signed with the access key of the connection string.
 *
 * @throws SignalRError CONFIG_INVALID when the endpoint has no access key
 */
export function createAccessKeyTokens(input: AccessKeyTokensInput): TokenSource {
  const { endpoint, serverName, algorithm, lifetimeMs, clock = systemClock } = input;
  if (endpoint.credential.kind !== "accessKey") {
    throw new SignalRError(
      "CONFIG_INVALID",
      `${endpoint.endpoint} has no access key: add AccessKey=... to its connection string.`,
    );
  }
  const key = endpoint.credential.accessKey;
  const keyId = input.keyId ?? keyIdOf(key);
  const serverClaims: readonly WireClaim[] = [["nameid", serverName]];
  return Object.freeze({
    serverToken: (hub: string) =>
      signToken({
        key,
        algorithm,
        keyId,
        claims: serverClaims,
        audience: serverAudience(endpoint, hub),
        issuer: ISSUER,
        nowMs: clock.unixTime(),
        lifetimeMs,
      }),
    clientToken: (hub: string, claims: readonly WireClaim[]) =>
      signClientToken({ endpoint, hub, claims, key, keyId, algorithm, lifetimeMs, clock }),
    restToken: (url: string) =>
      signToken({
        key,
        algorithm: "HS256",
        claims: serverClaims,
        audience: url.replace(/[?#].*$/s, "").replace(/\/+$/, ""),
        nowMs: clock.unixTime(),
        lifetimeMs,
      }),
  });
}

// Random for each process, so that the id cannot be compared with hashes of known keys.
const KEY_ID_SALT = randomBytes(16);

function keyIdOf(key: Secret): string {
  return createHmac("sha256", KEY_ID_SALT).update(key.reveal(), "utf8").digest("base64url").slice(0, 22);
}
