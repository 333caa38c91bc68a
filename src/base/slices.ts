/**
 * Visits all items, so many in each turn of the event loop and the first ones at once, so that a thousand times more
 * items do not keep everything else waiting a thousand times longer. Items that come or go meanwhile count where the
 * iterator says so. `visit` must not throw.
 * @returns undefined when all were visited at once, else a promise that resolves with the last one; it never rejects
 */
export function visitInSlices<Item>(
  items: Iterator<Item>,
  perTurn: number,
  visit: (item: Item) => void,
): Promise<void> | undefined {
  if (visitSome(items, perTurn, visit)) return undefined;
  return new Promise((resolve) => {
    const goOn = (): void => {
      if (visitSome(items, perTurn, visit)) resolve();
      else setImmediate(goOn);
    };
    setImmediate(goOn);
  });
}

/** Whether that was all. */
function visitSome<Item>(items: Iterator<Item>, count: number, visit: (item: Item) => void): boolean {
  for (let visited = 0; visited < count; visited += 1) {
    const next = items.next();
    if (next.done) return true;
    visit(next.value);
  }
  return false;
}
