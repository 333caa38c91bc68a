import { RecordBuffer } from "../../protocol/hub/record-buffer.js";
import { type HubRecords, isCounted } from "./hub-records.js";

/** Frames that begin and end with whole messages. */
interface Sent {
  readonly frames: readonly Buffer[];
  readonly bytes: number;
  /** Number of the first counted message in it. */
  readonly firstId: number;
  readonly lastId: number;
}

/** What a client was sent and has not acknowledged yet: frames, with the numbers of the messages in them. */
export class SentMessages {
  readonly #format: HubRecords;
  readonly #records = new RecordBuffer();
  #sent: Sent[] = [];
  #count = 0;
  #bytes = 0;
  /** Frames since the last one that ended with a whole message. */
  #open: Buffer[] = [];
  #openCount = 0;

  constructor(format: HubRecords) {
    this.#format = format;
  }

  /** Of all frames that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the first message that will be sent again, or of the next one. */
  get nextId(): number {
    return this.#sent[0]?.firstId ?? this.#count - this.#openCount + 1;
  }

  /** `payload` is what `frame` holds. Kept if there is something to count in it. */
  add(frame: Buffer, payload: Uint8Array): void {
    this.#open.push(frame);
    this.#bytes += frame.length;
    this.#openCount += this.#countIn(payload);
    if (this.#records.size > 0) {
      this.#records.hold();
      return;
    }
    const frames = this.#open;
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    if (this.#openCount === 0) {
      this.#bytes -= bytes;
    } else {
      const firstId = this.#count - this.#openCount + 1;
      this.#sent.push({ frames, bytes, firstId, lastId: this.#count });
    }
    this.#open = [];
    this.#openCount = 0;
  }

  /** The client has all messages up to this number. */
  acknowledge(sequenceId: number): void {
    let known = 0;
    for (const { bytes, lastId } of this.#sent) {
      if (lastId > sequenceId) break;
      this.#bytes -= bytes;
      known += 1;
    }
    if (known > 0) this.#sent.splice(0, known);
  }

  /** To be sent again, in order. */
  frames(): Buffer[] {
    return [...this.#sent.flatMap(({ frames }) => frames), ...this.#open];
  }

  clear(): void {
    this.#sent = [];
    this.#open = [];
    this.#bytes = 0;
    this.#records.clear();
  }

  #countIn(payload: Uint8Array): number {
    const { protocol } = this.#format;
    const before = this.#count;
    this.#records.push(payload);
    try {
      for (;;) {
        const record = this.#records.next(protocol, null);
        if (record === undefined) break;
        if (isCounted(this.#format.typeOf(record))) this.#count += 1;
      }
    } catch {
      // No hub messages: the client will say so.
      this.#records.clear();
    }
    return this.#count - before;
  }
}
