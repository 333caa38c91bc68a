import { type RawClient, RECORD_END } from "./emulator-peers.js";
import type { WorkKind } from "./loss-world.js";

interface Received {
  readonly type: number;
  readonly invocationId?: string;
  readonly target?: string;
  readonly arguments?: readonly unknown[];
  readonly error?: string;
}

/** A client that keeps all it receives, in order. */
export class LossClient {
  readonly user: string;
  readonly received: Received[] = [];
  sent = 0;
  isClosed = false;
  readonly #raw: RawClient;
  #read = 0;

  constructor(user: string, raw: RawClient) {
    this.user = user;
    this.#raw = raw;
    raw.socket.on("message", () => this.#take());
    raw.socket.on("close", () => {
      this.isClosed = true;
    });
    this.isClosed = raw.socket.readyState === raw.socket.CLOSED;
  }

  call(kind: WorkKind, count: number): number {
    const number = this.sent;
    this.sent += 1;
    this.#send({ type: 1, invocationId: String(number), target: "work", arguments: [kind, number, count] });
    return number;
  }

  completions(): readonly Received[] {
    return this.received.filter(({ type }) => type === 3);
  }

  close(): void {
    this.#raw.socket.close();
  }

  /** The service has said that this is the end. */
  get isLeaving(): boolean {
    return this.isClosed || this.received.some(({ type }) => type === 7);
  }

  #send(message: object): void {
    if (this.#raw.socket.readyState === this.#raw.socket.OPEN) {
      this.#raw.socket.send(JSON.stringify(message) + RECORD_END);
    }
  }

  #take(): void {
    for (; this.#read < this.#raw.received.length; this.#read += 1) {
      for (const text of (this.#raw.received[this.#read] ?? "").split(RECORD_END)) {
        if (text === "") continue;
        const message = JSON.parse(text) as Received;
        this.received.push(message);
        if (message.target === "confirm") {
          this.#send({ type: 3, invocationId: message.invocationId, result: true });
        }
      }
    }
  }
}
