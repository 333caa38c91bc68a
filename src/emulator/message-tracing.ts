import { randomInt } from "node:crypto";
import type { ServiceMessage } from "../protocol/service/messages.js";

const PREFIX_BITS = 28;
const COUNTER_BITS = 32n;

/** Numbers what the service sends about clients, while it traces messages. */
export class MessageTracing {
  isOn = false;
  // Random, so that the numbers of two services do not meet in one log.
  #lastId = BigInt(randomInt(2 ** PREFIX_BITS)) << COUNTER_BITS;

  /** The message with a number, if it has none and is of a kind that is traced. */
  mark(message: ServiceMessage): ServiceMessage {
    switch (message.kind) {
      case "openConnection":
      case "closeConnection":
      case "connectionData":
        this.#lastId += 1n;
        return { ...message, ext: { ...message.ext, tracingId: message.ext?.tracingId ?? this.#lastId } };
      default:
        return message;
    }
  }
}
