import type { ServiceMessageKind } from "../protocol/service/messages.js";

/** What is counted of messages of one kind in one direction. */
export interface KindCount {
  messages: number;
  /** Of the frames, without their length prefixes. */
  bytes: number;
}

/** Kind of a message; `_OTHER` for those that are not known here. */
export type CountedKind = ServiceMessageKind | "_OTHER";

/**
 * Plain numbers that the connections of one pool count up, over the whole life of the pool. Nobody is told: whoever wants
 * them reads them.
 */
export class PoolCounts {
  readonly received = new Map<CountedKind, KindCount>();
  readonly sent = new Map<CountedKind, KindCount>();
  /** Connections that took the place of a lost one. */
  reconnects = 0;
  /** Connections that were given up because the service was silent. */
  pingTimeouts = 0;
  /** Attempts without success and connections lost, by the code of the error. */
  readonly failures = new Map<string, number>();

  countReceived(kind: CountedKind, bytes: number): void {
    add(this.received, kind, bytes);
  }

  countSent(kind: CountedKind, bytes: number): void {
    add(this.sent, kind, bytes);
  }

  countFailure(code: string): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }
}

function add(counts: Map<CountedKind, KindCount>, kind: CountedKind, bytes: number): void {
  const count = counts.get(kind);
  if (count === undefined) {
    counts.set(kind, { messages: 1, bytes });
    return;
  }
  count.messages += 1;
  count.bytes += bytes;
}
