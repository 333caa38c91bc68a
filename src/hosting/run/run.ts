import type { RunOptions } from "./options.js";
import { type RunningApplication, type RunParts, startApplication } from "./running-application.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs the application until it is interrupted; the second interruption waits for nobody. */
export async function runUntilInterrupted(parts: RunParts, options: RunOptions): Promise<void> {
  const interruption = new Interruption(options.signal);
  try {
    const running = await startApplication(parts, options);
    interruption.onAgain = () => running.kill();
    try {
      await Promise.race([interruption.happened, announce(running, options, interruption)]);
      await interruption.happened;
    } finally {
      running.say(options.signal === undefined ? "Stopping; Ctrl-C again ends everything at once." : "Stopping.");
      await running.stop();
      running.say("Stopped.");
    }
  } finally {
    interruption.stopListening();
  }
}

/** Shows how things are, as soon as they are as they will be. */
async function announce(running: RunningApplication, options: RunOptions, interruption: Interruption): Promise<void> {
  // An app that ended is in the table too; the news of it has been told.
  await running.settled();
  if (interruption.hasHappened) return;
  running.print();
  if (options.signal === undefined) running.say("Press Ctrl-C to stop.");
  options.onReady?.(running);
}

/** The wish that the run ends. */
class Interruption {
  readonly happened: Promise<void>;
  /** Called when it is wished for again. */
  onAgain: () => void = () => undefined;
  hasHappened = false;
  readonly #signal: AbortSignal | undefined;
  #resolve: () => void = () => undefined;
  readonly #onWish = (): void => {
    if (this.hasHappened) this.onAgain();
    this.hasHappened = true;
    this.#resolve();
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.happened = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (signal?.aborted) this.#onWish();
    signal?.addEventListener("abort", this.#onWish, { once: true });
    if (signal !== undefined) return;
    for (const name of SIGNALS) process.on(name, this.#onWish);
    // Sent when the process that started this one has ended, however it did.
    process.on("disconnect", this.#onWish);
    // Who read the output is gone (`| head -1`, a closed terminal).
    process.stdout.on("error", this.#onWish);
  }

  stopListening(): void {
    this.#signal?.removeEventListener("abort", this.#onWish);
    for (const name of SIGNALS) process.off(name, this.#onWish);
    process.off("disconnect", this.#onWish);
    // The listener on standard output stays: what was written last may still fail, after all is over.
  }
}
