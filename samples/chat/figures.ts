import { EventEmitter, on } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** How the server was doing in one second. */
export interface Sample {
  /** Open connections of this process. */
  readonly online: number;
  /** Chat messages in that second. */
  readonly messages: number;
  /** Longest time the event loop was kept waiting in that second, in milliseconds. */
  readonly delayMs: number;
}

const INTERVAL_MS = 1000;
const REMEMBERED_SAMPLES = 60;
const TIMER_RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

/** Takes one sample a second, for as many watchers as there are. */
export class Figures {
  readonly #samples: Sample[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: TIMER_RESOLUTION_MS });
  readonly #events = new EventEmitter().setMaxListeners(0);
  #online = 0;
  #messages = 0;

  constructor() {
    this.#delay.enable();
    setInterval(() => this.#take(), INTERVAL_MS).unref();
  }

  connected(): void {
    this.#online += 1;
  }

  disconnected(): void {
    this.#online -= 1;
  }

  messageSent(): void {
    this.#messages += 1;
  }

  /** The last minute at once, then each second as it comes, until the signal aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<Sample> {
    try {
      const coming = on(this.#events, "sample", { signal });
      yield* [...this.#samples];
      for await (const [sample] of coming) yield sample;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #take(): void {
    const waited = this.#delay.max / NANOSECONDS_PER_MS - TIMER_RESOLUTION_MS;
    const sample = {
      online: this.#online,
      messages: this.#messages,
      delayMs: Math.max(0, Math.round(waited * 10) / 10),
    };
    this.#messages = 0;
    this.#delay.reset();
    this.#samples.push(sample);
    if (this.#samples.length > REMEMBERED_SAMPLES) this.#samples.shift();
    this.#events.emit("sample", sample);
  }
}
