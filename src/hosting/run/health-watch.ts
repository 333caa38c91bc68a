import { get } from "node:http";
import type { Timer } from "../../base/clock.js";
import type { ResolvedRunOptions } from "./options.js";

/** While something is not well, others may be waiting for it. */
const IMPATIENT_MS = 200;

/** Asks addresses again and again whether all of them answer with 200 to 299. */
export class HealthWatch {
  readonly #urls: readonly string[];
  readonly #options: ResolvedRunOptions;
  readonly #onChange: (isHealthy: boolean) => void;
  readonly #stopped = new AbortController();
  #isHealthy: boolean | undefined;
  #next: Timer | undefined;

  constructor(urls: readonly string[], options: ResolvedRunOptions, onChange: (isHealthy: boolean) => void) {
    this.#urls = urls;
    this.#options = options;
    this.#onChange = onChange;
    void this.#look();
  }

  stop(): void {
    this.#stopped.abort();
    this.#next?.cancel();
  }

  async #look(): Promise<void> {
    const { healthTimeout, healthInterval, clock } = this.#options;
    const answers = await Promise.all(
      this.#urls.map((url) => isWell(url, this.#stopped.signal, (expire) => clock.after(healthTimeout, expire))),
    );
    if (this.#stopped.signal.aborted) return;
    const isHealthy = answers.every(Boolean);
    this.#next = clock.after(isHealthy ? healthInterval : Math.min(IMPATIENT_MS, healthInterval), () => {
      void this.#look();
    });
    if (isHealthy === this.#isHealthy) return;
    this.#isHealthy = isHealthy;
    this.#onChange(isHealthy);
  }
}

/** One question; never rejects. No connection is kept, so an app that ends does not wait for one. */
function isWell(url: string, stopped: AbortSignal, limit: (expire: () => void) => Timer): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal: stopped }, ({ statusCode = 0 }) => {
      settle(statusCode >= 200 && statusCode <= 299);
      // The text of the answer says nothing more.
      request.destroy();
    });
    const timer = limit(() => {
      settle(false);
      request.destroy();
    });
    const settle = (isGood: boolean): void => {
      timer.cancel();
      resolve(isGood);
    };
    request.on("error", () => settle(false));
  });
}
