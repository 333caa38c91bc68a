import type { Payloads } from "../protocol/service/messages.js";

/** Puts one hub payload into the form that a transport writes: always a copy, so it may be kept and shared. */
export type Framing = (payload: Uint8Array, isText: boolean) => Buffer;

const JSON_PROTOCOL = "json";

/** Whether clients of this hub protocol are sent text. All protocols but JSON are binary. */
export function isTextProtocol(protocol: string): boolean {
  return protocol === JSON_PROTOCOL;
}

/** The payloads of one service message, framed at most once for each protocol and transport, for all receivers. */
export class PreparedPayloads {
  readonly #payloads: Payloads;
  readonly #protocols: string[] = [];
  readonly #framings: Framing[] = [];
  readonly #framed: Array<Buffer | undefined> = [];

  constructor(payloads: Payloads) {
    this.#payloads = payloads;
  }

  /** `protocol` in lower case. Undefined: the server sent nothing for clients of this protocol. */
  framedFor(protocol: string, framing: Framing): Buffer | undefined {
    // A handful at most, so a walk is quicker than a map.
    for (let index = 0; index < this.#protocols.length; index += 1) {
      if (this.#protocols[index] === protocol && this.#framings[index] === framing) return this.#framed[index];
    }
    const payload = this.#payloads.find(([name]) => name.toLowerCase() === protocol)?.[1];
    const framed = payload === undefined ? undefined : framing(payload, isTextProtocol(protocol));
    this.#protocols.push(protocol);
    this.#framings.push(framing);
    this.#framed.push(framed);
    return framed;
  }
}
