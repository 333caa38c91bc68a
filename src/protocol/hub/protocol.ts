import type { JsonReplacer, JsonReviver } from "./json-hooks.js";
import type { HubMessage } from "./messages.js";

/** What a peer sent is not the protocol. The name is the one ASP.NET Core shows to clients when details are enabled. */
export class InvalidDataException extends Error {
  override readonly name: string = "InvalidDataException";
}

/**
 * One encoding of hub messages. Stateless: one instance serves all clients. Bytes may arrive cut or joined anyhow; the
 * caller keeps what is left over and asks {@link recordEnd} again with more.
 */
export interface HubProtocol {
  /** Lower case, as in the handshake: `json` or `messagepack`. */
  readonly name: string;
  /** Highest version spoken; lower ones are understood too. */
  readonly version: number;
  readonly transferFormat: "Text" | "Binary";

  /**
   * Where the record that begins at `start` ends (exclusive, its framing counted), or -1 while it is incomplete.
   * May answer an end beyond `bytes.length` when the length is known already, so that a limit can be checked early;
   * then the record is incomplete too.
   * @param searchedTo where an earlier call, for fewer of these bytes, has ended without finding the end; a record that
   * comes in thousands of pieces need not be searched from its start each time
   * @throws InvalidDataException when no record can begin like this
   */
  recordEnd(bytes: Uint8Array, start: number, searchedTo?: number): number;

  /**
   * Reads the record between `start` and `end` (as found by {@link recordEnd}). Undefined: a message of a type this
   * version does not know, to be skipped.
   * @throws InvalidDataException when it is not a hub message
   */
  read(bytes: Uint8Array, start: number, end: number): HubMessage | undefined;

  /** The message with its framing. Throws (any error) when a value in it cannot be serialized. */
  write(message: HubMessage): Uint8Array;
}

/** Choices that change how values are read and written. */
export interface HubProtocolOptions {
  /** JSON: read integers beyond 2^53-1 exactly, as bigint. @default false */
  readonly jsonBigIntegers?: boolean;
  /** JSON: sees each argument, result and item, and all that is in them, before it is written. */
  readonly jsonReplacer?: JsonReplacer | undefined;
  /** JSON: sees each argument, result and item, and all that is in them, after it was read. */
  readonly jsonReviver?: JsonReviver | undefined;
}
