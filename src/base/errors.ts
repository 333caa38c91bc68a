/**
 * Machine-readable causes of a {@link SignalRError}. Public API: every code is explained in docs/reference/errors.md.
 */
export type ErrorCode =
  // settings
  | "CONFIG_INVALID"
  | "CONNECTION_STRING_INVALID"
  | "CONNECTION_STRING_MISSING"
  | "HUB_INVALID"
  | "ARGUMENT_INVALID"
  // wire
  | "MESSAGE_MALFORMED"
  | "MESSAGE_TOO_LARGE"
  // server connections
  | "CONNECTION_REFUSED"
  | "CONNECTION_HANDSHAKE_REJECTED"
  | "CONNECTION_HANDSHAKE_TIMEOUT"
  | "CONNECTION_LOST"
  | "CONNECTION_TIMEOUT"
  | "CONNECTION_NOT_ACTIVE"
  | "NOT_CONNECTED"
  | "SEND_BUFFER_FULL"
  | "ACK_TIMEOUT"
  | "ACK_FAILED"
  | "STOPPED"
  // negotiate
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "METHOD_NOT_ALLOWED"
  | "TOKEN_TOO_LONG"
  | "TOKEN_INVALID"
  | "CLAIMS_INVALID"
  | "NEGOTIATE_FAILED"
  | "NO_ENDPOINT_ROUTED"
  // Microsoft Entra ID
  | "CREDENTIAL_UNAVAILABLE"
  | "TOKEN_NOT_AUTHORIZED"
  | "REST_FAILED"
  | "THROTTLED"
  // emulator
  | "EMULATOR_FAILED"
  | "PORT_IN_USE"
  // hosting
  | "HOSTING_FAILED";

/**
 * Any failure of this package that a program may want to tell apart: `code` for machines, `message` for people,
 * the source (if there is one) in `cause`. Never carries an access key or a token.
 */
export class SignalRError extends Error {
  override readonly name: string = "SignalRError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The service has too many requests at the moment, and said when to come back. */
export class ThrottledError extends SignalRError {
  /** Seconds, by the service's own word if it gave one. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super("THROTTLED", message);
    this.retryAfter = retryAfter;
  }
}

/**
 * The one error whose message reaches the client. Throw it (or a class derived from it) from a hub method; the text of
 * every other error stays on the server unless `enableDetailedErrors` is on.
 *
 * @example
 * if (!text) throw new HubException("say something");
 */
export class HubException extends Error {
  constructor(message = "", options?: ErrorOptions) {
    super(message, options);
    // A derived class is shown to the client by its own name, as ASP.NET Core shows the exception's type.
    this.name = new.target === HubException ? "HubException" : new.target.name;
  }
}

/** The thrown value as an Error, whatever was thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown), { cause: thrown });
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, say, has no text.
    return "a value that cannot be shown was thrown";
  }
}
