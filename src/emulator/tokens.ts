import type { IncomingMessage } from "node:http";
import { type VerifiedToken, verifyToken } from "../auth/jwt.js";
import type { Clock } from "../base/clock.js";
import { SignalRError } from "../base/errors.js";
import type { Secret } from "../base/secret.js";
import type { WireClaim } from "../protocol/service/messages.js";
import type { Refusal } from "./http.js";

/** What a good token says. */
export interface TokenContent {
  /** In the token's order, repeats kept, registered claims included. */
  readonly claims: readonly WireClaim[];
}

/** Judges the tokens of both doors by the access key. */
export class TokenCheck {
  readonly #keys: readonly Secret[];
  readonly #clock: Clock;

  constructor(keys: readonly Secret[], clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Looks at signature, times and audience; never rejects. The audience must name the same path and hub; its scheme and
   * host are not looked at, because SDKs leave the port out and the emulator goes by several names.
   *
   * `orAtMs`: unix time in milliseconds at which the token may have been valid instead of now.
   */
  async check(token: string | undefined, path: string, hub: string, orAtMs?: number): Promise<TokenContent | Refusal> {
    return await this.#judge(
      token,
      (audience) => isAudienceFor(audience, path, hub),
      `${path}?hub=${hub} was expected at the end of its claim aud`,
      orAtMs,
    );
  }

  /** The same for a call of the REST API, whose audience is the address that it is for, without its query. */
  async checkAddress(token: string | undefined, path: string): Promise<TokenContent | Refusal> {
    return await this.#judge(
      token,
      ({ pathname }) => plainPath(pathname) === plainPath(path),
      "the address of the request, without its query, was expected as its claim aud",
    );
  }

  async #judge(
    token: string | undefined,
    isMeant: (audience: URL) => boolean,
    expected: string,
    orAtMs?: number,
  ): Promise<TokenContent | Refusal> {
    if (token === undefined) {
      return { status: 401, reason: "No token. Send it as `Authorization: Bearer` header or as query access_token." };
    }
    try {
      const verified = await this.#verify(token, orAtMs);
      if (verified.audiences.some((audience) => isHttpUrl(audience, isMeant))) return { claims: verified.claims };
      return { status: 401, reason: `The token is for another audience; ${expected}.` };
    } catch (error) {
      const reason = error instanceof SignalRError ? error.message : "The token could not be checked.";
      return { status: 401, reason };
    }
  }

  async #verify(token: string, orAtMs: number | undefined): Promise<VerifiedToken> {
    const keys = this.#keys;
    try {
      return await verifyToken(token, { keys, nowMs: this.#clock.unixTime() });
    } catch (error) {
      if (orAtMs === undefined) throw error;
      return await verifyToken(token, { keys, nowMs: orAtMs });
    }
  }
}

/** The token of a request: the header first, else the query, where browsers have to put it. */
export function requestToken(request: IncomingMessage, url: URL): string | undefined {
  // The last one: an app's own query may hold the same name and comes first.
  return bearerToken(request) ?? (url.searchParams.getAll("access_token").at(-1) || undefined);
}

/** The token in the header of a request. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

export function isRefusal(answer: TokenContent | Refusal): answer is Refusal {
  return "status" in answer;
}

function isHttpUrl(audience: string, isMeant: (url: URL) => boolean): boolean {
  try {
    const url = new URL(audience);
    return (url.protocol === "http:" || url.protocol === "https:") && isMeant(url);
  } catch {
    return false;
  }
}

function isAudienceFor(url: URL, path: string, hub: string): boolean {
  return samePath(url.pathname, path) && url.searchParams.get("hub")?.toLowerCase() === hub;
}

function samePath(one: string, other: string): boolean {
  return one.replace(/\/+$/, "") === other.replace(/\/+$/, "");
}

/** A path as it is compared: SDKs differ in what they escape, and in the letter case of hubs. */
function plainPath(path: string): string {
  const text = path.replace(/\/+$/, "").toLowerCase();
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
