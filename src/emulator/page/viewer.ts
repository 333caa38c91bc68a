import type { Clock } from "../../base/clock.js";
import type { ServiceMessage } from "../../protocol/service/messages.js";
import type { ClientConnection } from "../client-connection.js";
import { encodeFrame } from "../websocket-frame.js";
import type { PeerSocket } from "../ws-server.js";
import { concerns } from "./concerns.js";
import type { MessageLine } from "./message-line.js";
import { EVERYTHING, type PageFilter } from "./page-filter.js";
import type { PageLimits } from "./page-limits.js";
import type { Flow } from "./traffic.js";

/** Parts of an update by name. A part that has not changed since it was sent is not sent again. */
export type Sections = Readonly<Record<string, unknown>>;

const GOING_AWAY = 1001;

/** One open page: what it wants to see, what it was sent, and what waits for its next update. */
export class Viewer {
  /** The client that the filter names, as long as it is there; what concerns its groups and user is wanted too. */
  selected: ClientConnection | undefined;
  /** The next update has to hold the lists too. */
  needsLists = true;
  readonly #peer: PeerSocket;
  readonly #clock: Clock;
  readonly #limits: PageLimits;
  #filter = EVERYTHING;
  #lines: MessageLine[] = [];
  #leftOut = 0;
  #allowance: number;
  readonly #sent = new Map<string, string>();
  #stalledAt: number | undefined;

  constructor(peer: PeerSocket, clock: Clock, limits: PageLimits) {
    this.#peer = peer;
    this.#clock = clock;
    this.#limits = limits;
    this.#allowance = limits.messagesPerBurst;
  }

  get filter(): PageFilter {
    return this.#filter;
  }

  /** Holds from the next update on, however often a page changes its mind until then. What waits was chosen by the old one. */
  setFilter(filter: PageFilter): void {
    this.#filter = filter;
    this.needsLists = true;
    this.#lines = [];
    this.#leftOut = 0;
  }

  wants(hub: string, flow: Flow, message: ServiceMessage): boolean {
    const filter = this.#filter;
    if (filter.isPaused || (flow === "service" && !filter.hasServiceMessages)) return false;
    if (filter.hub !== undefined && filter.hub !== hub) return false;
    if (filter.connectionId === undefined) return true;
    const { selected } = this;
    if (selected !== undefined) return selected.hub === hub && concerns(message, selected);
    return "connectionId" in message && message.connectionId === filter.connectionId;
  }

  /** Whether the next update may show one more message. */
  get hasRoom(): boolean {
    return this.#allowance > 0;
  }

  add(line: MessageLine): void {
    this.#allowance -= 1;
    this.#lines.push(line);
  }

  leaveOut(): void {
    this.#leftOut += 1;
  }

  /** False: the page has not read what it was sent before, and gets nothing now; after a while it is cut off. */
  checkReady(): boolean {
    if (this.#peer.bufferedBytes <= this.#limits.bufferedBytes) {
      this.#stalledAt = undefined;
      return true;
    }
    this.#stalledAt ??= this.#clock.now();
    if (this.#clock.now() - this.#stalledAt > this.#limits.patienceMs) this.#peer.terminate();
    return false;
  }

  /** Sends the parts that have changed, and the messages that wait. */
  update(sections: Sections): void {
    const parts: string[] = [];
    for (const [name, content] of Object.entries(sections)) {
      // Undefined when there is nothing to tell, which JSON has no word for.
      const text = JSON.stringify(content ?? null);
      if (this.#sent.get(name) === text) continue;
      this.#sent.set(name, text);
      parts.push(`"${name}":${text}`);
    }
    if (this.#lines.length > 0 || this.#leftOut > 0) {
      parts.push(`"messages":${JSON.stringify({ lines: this.#lines, leftOut: this.#leftOut })}`);
      this.#lines = [];
      this.#leftOut = 0;
    }
    const { messagesPerUpdate, messagesPerBurst } = this.#limits;
    this.#allowance = Math.min(this.#allowance + messagesPerUpdate, messagesPerBurst);
    this.#peer.writeFrame(encodeFrame(Buffer.from(`{${parts.join()}}`), true));
  }

  close(): void {
    this.#peer.close(GOING_AWAY, "The emulator stops.");
  }
}
