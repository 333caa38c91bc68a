/** Plain numbers that one hub counts up and down. Nobody is told: whoever wants them reads them. */
export interface HubCounts {
  /** Calls whose methods have not ended. */
  runningCalls: number;
  /** Calls that wait for their turn. */
  waitingCalls: number;
  /** Clients that were given up because they were silent. */
  pingTimeouts: number;
}

export function createHubCounts(): HubCounts {
  return { runningCalls: 0, waitingCalls: 0, pingTimeouts: 0 };
}
