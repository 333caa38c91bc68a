import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop was, in seconds, by statistic. */
export interface LoopDelay {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

/** Watches the event loop of this process while it is open. Its timer does not keep the process alive. */
export class EventLoopWatch {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  open(): void {
    this.#histogram.enable();
  }

  close(): void {
    this.#histogram.disable();
  }

  /** Since the last time; undefined when nothing was measured yet. */
  take(): LoopDelay | undefined {
    const histogram = this.#histogram;
    if (histogram.count === 0) return undefined;
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
    const delay = {
      mean: seconds(histogram.mean),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    };
    histogram.reset();
    return delay;
  }
}
