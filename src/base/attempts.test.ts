import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { type AttemptPlan, AttemptTimeout, attempt } from "./attempts.js";

function planned(given: Partial<AttemptPlan> = {}) {
  const clock = new ManualClock();
  const end = new AbortController();
  const plan: AttemptPlan = { clock, attempts: 3, limitMs: 100, pauseMs: () => 10, signal: end.signal, ...given };
  return { clock, end, plan };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const never = (): Promise<never> => new Promise(() => {});

describe("attempt", () => {
  test("gives the first good result and leaves no timer", async () => {
    const { clock, plan } = planned();
    expect(await attempt(plan, async () => "good")).toBe("good");
    expect(clock.pendingTimers).toBe(0);
  });

  test("tries again after a pause, and throws the last failure", async () => {
    const { clock, plan } = planned({ pauseMs: (failed) => failed * 10 });
    const at: number[] = [];
    const outcome = attempt(plan, async () => {
      at.push(clock.now());
      throw new Error(`failure ${at.length}`);
    });
    outcome.catch(() => {});
    for (let step = 0; step < 6; step += 1) {
      await turns();
      clock.advance(5);
    }
    await expect(outcome).rejects.toThrow("failure 3");
    expect(at).toEqual([0, 10, 30]);
  });

  test("does not try again what the plan calls hopeless", async () => {
    const { plan } = planned({ mayRepeat: (error) => !(error instanceof TypeError) });
    let calls = 0;
    const outcome = attempt(plan, async () => {
      calls += 1;
      throw new TypeError("hopeless");
    });
    await expect(outcome).rejects.toThrow("hopeless");
    expect(calls).toBe(1);
  });

  test("ends an attempt that takes too long, and tells it so", async () => {
    const { clock, plan } = planned({ attempts: 1 });
    let signal: AbortSignal | undefined;
    const outcome = attempt(plan, (own) => {
      signal = own;
      return never();
    });
    clock.advance(100);
    await expect(outcome).rejects.toBeInstanceOf(AttemptTimeout);
    expect(signal?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test("a stop ends it during an attempt, during a pause, and before it began", async () => {
    for (const run of [never, () => Promise.reject(new Error("bad"))]) {
      const { clock, end, plan } = planned();
      const outcome = attempt(plan, run);
      await turns();
      end.abort();
      await expect(outcome).rejects.toMatchObject({ code: "STOPPED" });
      expect(clock.pendingTimers).toBe(0);
    }
    const { end, plan } = planned();
    end.abort();
    let calls = 0;
    const outcome = attempt(plan, async () => {
      calls += 1;
    });
    await expect(outcome).rejects.toMatchObject({ code: "STOPPED" });
    expect(calls).toBe(0);
  });
});
