import { HubException } from "../base/errors.js";

/** Names that ASP.NET Core gives these failures; clients see them when detailed errors are on. */
type KnownFailure = "InvalidOperationException" | "IOException" | "OperationCanceledException";

/** An error by the name that ASP.NET Core would give it. */
export function namedError(name: KnownFailure, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** How an error is called in texts for clients: its own name, or its class where it has none of its own. */
function errorName(error: Error): string {
  return error.name !== "" && error.name !== "Error" ? error.name : error.constructor.name;
}

/** ` <name>: <message>` after the text when the error may be shown: a HubException always, others only with details on. */
export function withDetail(text: string, error: Error, detailed: boolean): string {
  return detailed || error instanceof HubException ? `${text} ${errorName(error)}: ${error.message}` : text;
}

export const CLOSED_WITH_ERROR = "Connection closed with an error.";
/** What uploads and calls that were about to start hear when their client is gone. */
export const CONNECTION_CLOSED = "The underlying connection was closed.";
export const HANDSHAKE_FAILED = "An unexpected error occurred during connection handshake.";
export const HANDSHAKE_CANCELED = "Handshake was canceled.";
export const STREAM_FAILED = "An error occurred on the server while streaming results.";

/** The texts of failed calls, to the letter of ASP.NET Core: client code and tests compare them. */
export const callError = {
  invoking: (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`,
  binding: (method: string): string => `Failed to invoke '${method}' due to an error on the server.`,
  unauthorized: (method: string): string => `Failed to invoke '${method}' because user is unauthorized`,
  streamExpected: (method: string): string =>
    `The client attempted to invoke the streaming '${method}' method with a non-streaming invocation.`,
  noStreamExpected: (method: string): string =>
    `The client attempted to invoke the non-streaming '${method}' method with a streaming invocation.`,
  notAStream: (method: string): string =>
    `The value returned by the streaming method '${method}' is not a ChannelReader<> or IAsyncEnumerable<>.`,
  idInUse: (invocationId: string): string => `Invocation ID '${invocationId}' is already in use.`,
} as const;
