import { SignalRError } from "../base/errors.js";

/** Times and bounds of server connections. Times are milliseconds, sizes bytes; the defaults are those of the official SDK where it has the number. */
export interface ConnectionTuning {
  /** Limit for getting a token and opening the websocket. @default 30_000 */
  readonly dialTimeoutMs?: number;
  /** Limit from the open websocket to the service's handshake response. @default 15_000 */
  readonly handshakeTimeoutMs?: number;
  /** A connection on which nothing arrived for longer is given up. @default 30_000 */
  readonly silenceLimitMs?: number;
  /** How often the silence is looked at. @default 5_000 */
  readonly silenceCheckMs?: number;
  /** Least time between two client-count pings; they are sent when bytes arrive. @default 5_000 */
  readonly clientCountPingMs?: number;
  /** How often the service is asked for its status, once per endpoint. @default 10_000 */
  readonly statusPingMs?: number;
  /** How often endpoints are asked while one of them comes or goes. @default 5_000 */
  readonly scalePollMs?: number;
  /** How often each connection asks for a new key for client tokens, where the service lends one. @default 600_000 */
  readonly keyRenewalMs?: number;
  /** How long a closing websocket waits for the other side. @default 5_000 */
  readonly closeTimeoutMs?: number;
  /** How long one `fin` waits for its `finack`. @default 5_000 */
  readonly finAckTimeoutMs?: number;
  /** How often `fin` is sent before giving up. @default 24 */
  readonly finAttempts?: number;
  /** How long a send waits for an open connection: as long as the three looks, 200 ms apart, of the official SDK. @default 400 */
  readonly sendWaitMs?: number;
  /** A connection that lived shorter than this did not do well: as long as the service takes to ping. After three rounds of them they are tried one at a time. @default 5_000 */
  readonly stableAfterMs?: number;
  /** A batch of this size is written at once, without waiting for the end of the turn. @default 65_536 */
  readonly flushBytes?: number;
  /** Unsent bytes above which `ready()` makes senders wait. @default 1_048_576 */
  readonly highWaterBytes?: number;
  /** Unsent bytes above which a send fails. @default 67_108_864 */
  readonly maxBufferedBytes?: number;
  /** Largest service message, and largest websocket message, that is read. @default 67_108_864 */
  readonly maxMessageBytes?: number;
}

/** {@link ConnectionTuning} with all defaults filled in. */
export type ResolvedConnectionTuning = Readonly<Required<ConnectionTuning>>;

const MEBIBYTE = 1024 * 1024;

export const CONNECTION_DEFAULTS: ResolvedConnectionTuning = Object.freeze({
  dialTimeoutMs: 30_000,
  handshakeTimeoutMs: 15_000,
  silenceLimitMs: 30_000,
  silenceCheckMs: 5_000,
  clientCountPingMs: 5_000,
  statusPingMs: 10_000,
  scalePollMs: 5_000,
  keyRenewalMs: 600_000,
  closeTimeoutMs: 5_000,
  finAckTimeoutMs: 5_000,
  finAttempts: 24,
  sendWaitMs: 400,
  stableAfterMs: 5_000,
  flushBytes: 64 * 1024,
  highWaterBytes: MEBIBYTE,
  maxBufferedBytes: 64 * MEBIBYTE,
  maxMessageBytes: 64 * MEBIBYTE,
});

// setTimeout cannot wait longer, and a buffer cannot be larger.
const MAXIMUM = 2 ** 31 - 1;

/**
 * Fills in the defaults and checks the ranges.
 * @throws SignalRError CONFIG_INVALID when a value is no whole number between 1 and 2,147,483,647, or the bounds contradict each other
 */
export function resolveConnectionTuning(given: ConnectionTuning = {}): ResolvedConnectionTuning {
  const resolved: ResolvedConnectionTuning = { ...CONNECTION_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isInteger(value) || value < 1 || value > MAXIMUM) {
      throw new SignalRError(
        "CONFIG_INVALID",
        `${name} must be a whole number between 1 and ${MAXIMUM}, but is ${value}.`,
      );
    }
  }
  if (resolved.highWaterBytes > resolved.maxBufferedBytes) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `highWaterBytes (${resolved.highWaterBytes}) must not be above maxBufferedBytes (${resolved.maxBufferedBytes}).`,
    );
  }
  return Object.freeze(resolved);
}
