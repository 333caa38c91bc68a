import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { attempt } from "../base/attempts.js";
import type { Clock } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";

/** What a token for Azure SignalR Service is asked for with, in every cloud. */
export const ENTRA_SCOPE = "https://signalr.azure.com/.default";

const ATTEMPTS = 3;
const PAUSE_MS = 1000;
const LIMIT_MS = 100_000;
/** How long before its end a token is replaced, if the identity names no time for that itself. */
const REFRESH_AHEAD_MS = 5 * 60_000;
/** A token that is nearly over may be over when it arrives. */
const LEAST_LIFE_MS = 30_000;
/** After a refresh that failed while the old token still serves. */
const RETRY_MS = 30_000;
const LONGEST_REASON = 1000;
// It becomes an HTTP header.
const BEARER = /^[\x21-\x7e]+$/;

interface HeldToken {
  readonly token: string;
  /** Unix times in milliseconds. */
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/** The current token of one identity: cached, replaced ahead of its end, fetched once for all who wait. */
export class EntraToken {
  readonly #credential: TokenCredential;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #held: HeldToken | undefined;
  #pending: Promise<HeldToken> | undefined;

  constructor(credential: TokenCredential, clock: Clock) {
    this.#credential = credential;
    this.#clock = clock;
  }

  /** @throws SignalRError (as rejection) CREDENTIAL_UNAVAILABLE after three tries, STOPPED */
  async get(): Promise<string> {
    const now = this.#clock.unixTime();
    const held = this.#held;
    if (held !== undefined && now < held.refreshAtMs) return held.token;
    this.#pending ??= this.#fetch();
    if (held === undefined || now >= held.expiresAtMs - LEAST_LIFE_MS) return (await this.#pending).token;
    this.#pending.catch(() => this.#postpone(held)); // the old token serves meanwhile
    return held.token;
  }

  /** Ends what is under way; nothing is fetched any more. */
  stop(): void {
    this.#held = undefined;
    this.#end.abort();
  }

  async #fetch(): Promise<HeldToken> {
    const plan = {
      clock: this.#clock,
      attempts: ATTEMPTS,
      pauseMs: () => PAUSE_MS,
      limitMs: LIMIT_MS,
      signal: this.#end.signal,
    };
    try {
      const held = await attempt(plan, async (abortSignal) => {
        return this.#checked(await this.#credential.getToken(ENTRA_SCOPE, { abortSignal }));
      });
      this.#held = held;
      return held;
    } catch (error) {
      throw unavailable(error);
    } finally {
      this.#pending = undefined;
    }
  }

  #checked(given: AccessToken | null): HeldToken {
    const now = this.#clock.unixTime();
    const expiresAtMs = given?.expiresOnTimestamp;
    if (typeof given?.token !== "string" || !BEARER.test(given.token) || !Number.isFinite(expiresAtMs)) {
      throw new Error("it returned no token, or none with a time of expiry.");
    }
    const lifeMs = given.expiresOnTimestamp - now;
    if (lifeMs <= 0) throw new Error("it returned a token that has expired; is the clock of this machine right?");
    const refreshAtMs = given.refreshAfterTimestamp ?? given.expiresOnTimestamp - REFRESH_AHEAD_MS;
    // An identity that keeps tokens itself may return the same one until the last moment: not asked without end.
    const earliest = now + Math.min(RETRY_MS, lifeMs / 2);
    return {
      token: given.token,
      refreshAtMs: Math.max(refreshAtMs, earliest),
      expiresAtMs: given.expiresOnTimestamp,
    };
  }

  #postpone(held: HeldToken): void {
    if (this.#held !== held) return;
    this.#held = { ...held, refreshAtMs: this.#clock.unixTime() + RETRY_MS };
  }
}

function unavailable(error: unknown): SignalRError {
  if (error instanceof SignalRError) return error;
  const cause = toError(error);
  // The default chain says of each identity, in a line of its own, why it cannot be used.
  const reason = cause.message.replace(/\s*\n\s*/g, "; ").slice(0, LONGEST_REASON);
  return new SignalRError("CREDENTIAL_UNAVAILABLE", `The identity gave no token for ${ENTRA_SCOPE}: ${reason}`, {
    cause,
  });
}
