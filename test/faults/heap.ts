import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Megabytes in use after what is no longer needed was collected: heap, and what lies outside of it. */
export async function heapMegabytes(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    collect();
    // Finalizers, and sockets that are closed in a later turn.
    await delay(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}
