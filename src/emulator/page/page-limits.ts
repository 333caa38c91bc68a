/** What the page may cost: everything about it is bounded. */
export interface PageLimits {
  /** Pages that may be open at once. */
  readonly viewers: number;
  /** Milliseconds from one update to the next. */
  readonly updateIntervalMs: number;
  /** Every so many updates the lists of clients, groups and users are looked at again; they cost more than figures. */
  readonly updatesPerList: number;
  /** Messages that may be shown with each update; others are counted. What is not used is saved up for a burst. */
  readonly messagesPerUpdate: number;
  /** Messages that can be saved up. */
  readonly messagesPerBurst: number;
  /** Rows of each list; others are counted. */
  readonly rows: number;
  /** Bytes that may wait for a page that reads too slowly; beyond it updates are left out. */
  readonly bufferedBytes: number;
  /** Milliseconds after which a page that reads nothing at all is cut off. */
  readonly patienceMs: number;
}

export const PAGE_LIMITS: PageLimits = Object.freeze({
  viewers: 8,
  updateIntervalMs: 250,
  updatesPerList: 4,
  messagesPerUpdate: 25,
  messagesPerBurst: 100,
  rows: 100,
  bufferedBytes: 512 * 1024,
  patienceMs: 30_000,
});
