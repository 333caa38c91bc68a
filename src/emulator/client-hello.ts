import { parseHandshakeRequest } from "../protocol/hub/handshake.js";

/** The first message of a client. */
export interface Hello {
  /** Lower case. */
  readonly protocol: string;
  /** All bytes that came so far: the request, and perhaps hub messages behind it. */
  readonly bytes: Buffer;
  /** The request alone, to be shown again to another server. */
  readonly request: Buffer;
}

// A service answers for itself when a client sends this much without an end; it is also the default limit of hubs.
const MAX_HELLO_BYTES = 32 * 1024;
const EMPTY = Buffer.alloc(0);

/** A hello that will never be one; `message` is the sentence for the client. */
export class BadHello extends Error {
  override readonly name = "BadHello";
}

/** Collects the bytes of a client until its handshake request is complete. */
export class HelloReader {
  #received = EMPTY;

  /**
   * Undefined: more is needed.
   * @throws BadHello when it is no handshake request, or too long for one
   */
  push(bytes: Buffer): Hello | undefined {
    this.#received = Buffer.concat([this.#received, bytes]);
    const received = this.#received;
    const record = readRequest(received);
    if (record === undefined) {
      if (received.length > MAX_HELLO_BYTES) throw new BadHello("Handshake was canceled.");
      return undefined;
    }
    this.#received = EMPTY;
    return {
      protocol: record.message.protocol.toLowerCase(),
      bytes: received,
      request: received.subarray(0, record.consumed),
    };
  }
}

function readRequest(bytes: Buffer): ReturnType<typeof parseHandshakeRequest> {
  try {
    return parseHandshakeRequest(bytes);
  } catch (error) {
    throw new BadHello("An unexpected error occurred during connection handshake.", { cause: error });
  }
}
