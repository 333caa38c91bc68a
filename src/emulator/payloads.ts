import type { Payloads } from "../protocol/service/messages.js";
import { encodeFrame } from "./websocket-frame.js";

const JSON_PROTOCOL = "json";

/** Whether clients of this hub protocol are sent text frames. All protocols but JSON are binary. */
export function isTextProtocol(protocol: string): boolean {
  return protocol === JSON_PROTOCOL;
}

/** The payloads of one service message as websocket frames: each protocol encoded at most once, for all receivers. */
export class PreparedPayloads {
  readonly #payloads: Payloads;
  readonly #protocols: string[] = [];
  readonly #frames: Array<Buffer | undefined> = [];

  constructor(payloads: Payloads) {
    this.#payloads = payloads;
  }

  /** `protocol` in lower case. Undefined: the server sent nothing for clients of this protocol. */
  frameFor(protocol: string): Buffer | undefined {
    const known = this.#protocols.indexOf(protocol);
    if (known !== -1) return this.#frames[known];
    const payload = this.#payloads.find(([name]) => name.toLowerCase() === protocol)?.[1];
    const frame = payload === undefined ? undefined : encodeFrame(payload, isTextProtocol(protocol));
    this.#protocols.push(protocol);
    this.#frames.push(frame);
    return frame;
  }
}
