import { attempt } from "../base/attempts.js";
import type { Clock, Timer } from "../base/clock.js";
import { SignalRError, toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel, Probe } from "../base/probe.js";
import type { KeyLease } from "./key-lease.js";

export interface LeasedKeyInput {
  /** Of the service; for texts. */
  readonly endpoint: string;
  /** Asks the service for a key, once. What it throws says why there is none. */
  readonly fetchLease: (signal: AbortSignal) => Promise<KeyLease>;
  readonly clock: Clock;
  readonly probe: Probe;
}

const ATTEMPTS = 3;
const PAUSE_MS = 3000;
const LIMIT_MS = 100_000;
const MINUTE_MS = 60_000;
const LOOK_MS = MINUTE_MS;
const RENEW_AFTER_MS = 55 * MINUTE_MS;
const RETRY_AFTER_MS = 5 * MINUTE_MS;
const VALID_MS = 120 * MINUTE_MS;

const CATEGORY = "Microsoft.Azure.SignalR.AadAccessKey";

/**
 * The key that the service lends for client tokens: fetched at the start, renewed long before its end, asked for again
 * after a while when it was refused. A key that is still good outlives failed renewals.
 */
export class LeasedKey {
  readonly #input: LeasedKeyInput;
  readonly #end = new AbortController();
  #held: { readonly lease: KeyLease; readonly fetchedAtMs: number } | undefined;
  /** Why the last authorization failed; undefined after a good one. */
  #failure: SignalRError | undefined;
  #attemptedAtMs = 0;
  #isAuthorizing = false;
  #looks: Timer | undefined;
  readonly #firstOutcome: Promise<void>;
  #settleFirst: () => void = () => {};

  constructor(input: LeasedKeyInput) {
    this.#input = input;
    this.#firstOutcome = new Promise((resolve) => {
      this.#settleFirst = resolve;
    });
  }

  /** Id of the key that is held, also when its time is over; null before the first one. */
  get keyId(): string | null {
    return this.#held?.lease.keyId ?? null;
  }

  /** Asks for the first key, and looks after it from now on. */
  start(): void {
    if (this.#looks !== undefined || this.#end.signal.aborted) return;
    this.#looks = this.#input.clock.every(LOOK_MS, () => this.#look());
    this.#authorize();
  }

  /**
   * The key to sign with; waits for the first outcome after the start.
   * @throws SignalRError (as rejection) TOKEN_NOT_AUTHORIZED while there is no good key, STOPPED
   */
  async current(): Promise<KeyLease> {
    await this.#firstOutcome;
    if (this.#end.signal.aborted) throw new SignalRError("STOPPED", "The service was shut down.");
    const held = this.#valid();
    if (held !== undefined) return held.lease;
    throw this.#failure ?? this.#notAuthorized("the key has expired and is being renewed");
  }

  /** Replaces the key, with one that came another way too. */
  take(lease: KeyLease): void {
    if (this.#end.signal.aborted) return;
    const isNews = this.#held === undefined || this.#failure !== undefined;
    this.#held = { lease, fetchedAtMs: this.#input.clock.now() };
    this.#failure = undefined;
    this.#settleFirst();
    const text = `${this.#input.endpoint} lent a key for client tokens.`;
    this.#log(isNews ? "info" : "debug", "SucceedAuthorizeAccessKey", text);
  }

  /** Ends what is under way, and all waiting. */
  stop(): void {
    this.#looks?.cancel();
    this.#end.abort();
    this.#settleFirst();
  }

  #valid(): { readonly lease: KeyLease; readonly fetchedAtMs: number } | undefined {
    const held = this.#held;
    return held !== undefined && this.#input.clock.now() - held.fetchedAtMs < VALID_MS ? held : undefined;
  }

  #look(): void {
    const now = this.#input.clock.now();
    const held = this.#failure === undefined ? this.#valid() : undefined;
    const isDue =
      held === undefined ? now - this.#attemptedAtMs >= RETRY_AFTER_MS : now - held.fetchedAtMs >= RENEW_AFTER_MS;
    if (isDue) this.#authorize();
  }

  #authorize(): void {
    if (this.#isAuthorizing) return;
    this.#isAuthorizing = true;
    const { clock, fetchLease } = this.#input;
    this.#attemptedAtMs = clock.now();
    const plan = { clock, attempts: ATTEMPTS, pauseMs: () => PAUSE_MS, limitMs: LIMIT_MS, signal: this.#end.signal };
    attempt(plan, fetchLease)
      .then((lease) => this.take(lease))
      .catch((error: unknown) => this.#fail(toError(error))) // told to the log, and to whoever asks for the key
      .finally(() => {
        this.#isAuthorizing = false;
      });
  }

  #fail(cause: Error): void {
    if (this.#end.signal.aborted) return;
    const before = this.#failure?.message;
    const failure = this.#notAuthorized(cause.message, cause);
    this.#failure = failure;
    this.#settleFirst();
    const rest = this.#valid() === undefined ? "" : " The key at hand still serves.";
    const text = `${failure.message} Asked again in ${RETRY_AFTER_MS / MINUTE_MS} minutes.${rest}`;
    // The same failure once only: a role that is missing for a week must not fill the log.
    this.#log(failure.message === before ? "debug" : "warn", "FailedAuthorizeAccessKey", text, failure);
  }

  #notAuthorized(reason: string, cause?: Error): SignalRError {
    return new SignalRError(
      "TOKEN_NOT_AUTHORIZED",
      `Client tokens for ${this.#input.endpoint} cannot be signed: ${reason}`,
      cause === undefined ? undefined : { cause },
    );
  }

  #log(level: LogLevel, event: LogEvent, message: string, error?: Error): void {
    const { probe, endpoint } = this.#input;
    if (!probe.isEnabled(level)) return;
    const attributes = { endpoint };
    probe.log({ level, category: CATEGORY, event, message, attributes, ...(error === undefined ? {} : { error }) });
  }
}
