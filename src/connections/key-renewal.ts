import type { KeyExchange } from "../auth/token-source.js";
import type { Timer } from "../base/clock.js";
import { toError } from "../base/errors.js";
import type { LogEvent } from "../base/log-events.js";
import type { LogLevel } from "../base/probe.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { AccessKeyResponse } from "../protocol/service/messages.js";
import type { ConnectionEnvironment } from "./connection-options.js";
import { FailureLog } from "./failure-log.js";
import { Category, report } from "./report.js";
import type { ServerConnection } from "./server-connection.js";

export interface KeyRenewalOptions {
  readonly exchange: KeyExchange;
  readonly environment: Pick<ConnectionEnvironment, "clock" | "probe" | "tuning" | "hub">;
  readonly endpoint: ServiceEndpoint;
}

/**
 * Renews the key for client tokens over the server connections of one pool: each asks right after its handshake, and again
 * every ten minutes for as long as it is open.
 */
export class KeyRenewal {
  readonly #options: KeyRenewalOptions;
  readonly #timers = new Map<ServerConnection, Timer>();
  readonly #failures = new FailureLog();

  constructor(options: KeyRenewalOptions) {
    this.#options = options;
  }

  opened(connection: ServerConnection): void {
    const { clock, tuning } = this.#options.environment;
    this.#timers.set(
      connection,
      clock.every(tuning.keyRenewalMs, () => this.#ask(connection)),
    );
    this.#ask(connection);
  }

  closed(connection: ServerConnection): void {
    this.#timers.get(connection)?.cancel();
    this.#timers.delete(connection);
  }

  /** Never throws: a refusal is told to the log, and the key at hand stays. */
  take(response: AccessKeyResponse): void {
    try {
      this.#options.exchange.take(response);
      this.#failures.succeeded();
    } catch (error) {
      const failure = toError(error);
      this.#report(this.#failures.levelOf(failure.message, "error"), "AuthorizeFailed", failure.message, failure);
    }
  }

  #ask(connection: ServerConnection): void {
    if (!connection.isOpen) return;
    this.#options.exchange
      .request()
      .then(({ token, keyId }) => {
        if (connection.isOpen) connection.send({ kind: "accessKeyRequest", token, kid: keyId });
      })
      .catch((error: unknown) => {
        if (!connection.isOpen) return; // whatever it was, nobody waits for it any more
        const failure = toError(error);
        const text = `A new key for client tokens could not be asked for: ${failure.message}`;
        this.#report("warn", "SendAccessKeyRequestFailed", text, failure);
      });
  }

  #report(level: LogLevel, event: LogEvent, message: string, error: Error): void {
    const { environment, endpoint } = this.#options;
    report(environment.probe, {
      level,
      category: Category.connection,
      event,
      message,
      error,
      attributes: { hub: environment.hub, endpoint: endpoint.endpoint },
    });
  }
}
