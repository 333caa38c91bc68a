import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { KeyLease } from "../auth/key-lease.js";
import { Secret } from "../base/secret.js";
import { type HttpDoor, refuse } from "./http.js";
import { requestToken } from "./tokens.js";

const PATHS: readonly string[] = ["/api/v1/auth/accesskey", "/api/auth/accesskey"];
const NO_TOKEN = Object.freeze({ status: 401, reason: "No token. Send it as `Authorization: Bearer` header." });
const NOT_LENT = Object.freeze({
  status: 403,
  reason:
    "The emulator lends no keys: use the key in its connection string, or start it with entra: true for a server with an identity.",
});

/** A key of its own, so that the emulator's access key is not given to whoever asks. */
export function createLentKey(): KeyLease {
  const keyId = `lent-${randomBytes(9).toString("base64url")}`;
  return Object.freeze({ keyId, accessKey: new Secret(randomBytes(32).toString("base64url")) });
}

/** Where a server with an identity leases the key for client tokens. Any token will do: nobody here could check one. */
export class AccessKeyDoor implements HttpDoor {
  readonly #lentKey: KeyLease | undefined;

  constructor(lentKey: KeyLease | undefined) {
    this.#lentKey = lentKey;
  }

  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (!PATHS.includes(url.pathname.toLowerCase()) || request.method !== "GET") return false;
    const lentKey = this.#lentKey;
    if (lentKey === undefined) refuse(response, NOT_LENT);
    else if (requestToken(request, url) === undefined) refuse(response, NO_TOKEN);
    else {
      response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
      response.end(JSON.stringify({ KeyId: lentKey.keyId, AccessKey: lentKey.accessKey.reveal() }));
    }
    return true;
  }
}
