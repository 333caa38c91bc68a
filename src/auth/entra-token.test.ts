import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.js";
import { turns } from "../../test/support/polling.js";
import { ENTRA_SCOPE, EntraToken } from "./entra-token.js";

const MINUTE = 60_000;

type Answer = Partial<AccessToken> | null | Error;

/** An identity that numbers its tokens, and answers what the test says. */
function identity(clock: ManualClock, answer: (count: number) => Answer | Promise<Answer>) {
  const asked: Array<{ readonly scope: string | string[]; readonly signal: AbortSignal | undefined }> = [];
  const credential: TokenCredential = {
    async getToken(scope, options) {
      asked.push({ scope, signal: options?.abortSignal as AbortSignal | undefined });
      const given = await answer(asked.length);
      if (given instanceof Error) throw given;
      if (given === null) return null;
      const fresh = { token: `token-${asked.length}`, expiresOnTimestamp: clock.unixTime() + 60 * MINUTE };
      return { ...fresh, ...given };
    },
  };
  return { asked, token: new EntraToken(credential, clock) };
}

/** Moves the time in small steps, so that what waits for a promise in between gets its turn. */
async function pass(clock: ManualClock, milliseconds: number, step = 1000): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += step) {
    await turns();
    clock.advance(step);
  }
  await turns();
}

describe("the token of an identity", () => {
  test("is asked for once, for the scope of the service, however many want it", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, () => ({}));
    expect(await Promise.all([token.get(), token.get(), token.get()])).toEqual(["token-1", "token-1", "token-1"]);
    expect(await token.get()).toBe("token-1");
    expect(asked.map(({ scope }) => scope)).toEqual([ENTRA_SCOPE]);
  });

  test("is replaced ahead of its end, without anybody waiting", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, () => ({}));
    await token.get();
    clock.advance(55 * MINUTE - 1);
    await token.get();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(await token.get()).toBe("token-1");
    await turns();
    expect(await token.get()).toBe("token-2");
    expect(asked).toHaveLength(2);
  });

  test("is replaced when the identity says so", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, () => ({ refreshAfterTimestamp: clock.unixTime() + 10 * MINUTE }));
    await token.get();
    clock.advance(10 * MINUTE);
    await token.get();
    expect(asked).toHaveLength(2);
  });

  test("that is over is waited for anew", async () => {
    const clock = new ManualClock();
    const { token } = identity(clock, () => ({}));
    await token.get();
    clock.advance(60 * MINUTE);
    expect(await token.get()).toBe("token-2");
  });

  test("serves on while its replacement fails, and the identity is left in peace for a while", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, (count) => (count === 1 ? {} : new Error("down")));
    await token.get();
    clock.advance(56 * MINUTE);
    expect(await token.get()).toBe("token-1");
    await pass(clock, 5000);
    expect(asked).toHaveLength(4);
    expect(await token.get()).toBe("token-1");
    expect(asked).toHaveLength(4);
    clock.advance(30_000);
    expect(await token.get()).toBe("token-1");
    expect(asked).toHaveLength(5);
    token.stop();
  });

  test("is not asked for without end when the identity hands out the same one till the last moment", async () => {
    const clock = new ManualClock();
    const end = clock.unixTime() + 4 * MINUTE;
    const { asked, token } = identity(clock, () => ({ token: "same", expiresOnTimestamp: end }));
    for (let second = 0; second < 200; second += 1) {
      await token.get();
      await turns();
      clock.advance(1000);
    }
    expect(asked.length).toBeLessThan(10);
  });

  test("is tried for three times", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, (count) => (count < 3 ? new Error("not yet") : {}));
    const got = token.get();
    await pass(clock, 3000);
    expect(await got).toBe("token-3");
    expect(asked).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each<[string, Answer, RegExp]>([
    [
      "an error",
      new Error("no identity here\n  tried: environment\n  tried: cli"),
      /here; tried: environment; tried: cli$/,
    ],
    ["nothing", null, /returned no token/],
    ["an empty token", { token: "" }, /returned no token/],
    ["a token that is no header", { token: "two\r\nlines" }, /returned no token/],
    ["a token without an end", { expiresOnTimestamp: Number.NaN }, /returned no token/],
    ["a token that is over", { expiresOnTimestamp: 1 }, /has expired; is the clock/],
  ])("is missing when the identity gives %s", async (_name, answer, words) => {
    const clock = new ManualClock();
    const { token } = identity(clock, () => answer);
    const got = token.get();
    got.catch(() => {});
    await pass(clock, 3000);
    await expect(got).rejects.toMatchObject({
      code: "CREDENTIAL_UNAVAILABLE",
      message: expect.stringMatching(words),
    });
  });

  test("is asked for again after a failure", async () => {
    const clock = new ManualClock();
    const { token } = identity(clock, (count) => (count <= 3 ? new Error("down") : {}));
    const got = token.get();
    got.catch(() => {});
    await pass(clock, 3000);
    await expect(got).rejects.toThrow(/down/);
    expect(await token.get()).toBe("token-4");
  });

  test("is given up after 100 seconds a try, and the identity is told", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, () => new Promise<Answer>(() => {}));
    const got = token.get();
    got.catch(() => {});
    await pass(clock, 303_000);
    await expect(got).rejects.toThrow(/no answer within 100 s/);
    expect(asked.map(({ signal }) => signal?.aborted)).toEqual([true, true, true]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("is not waited for after a stop", async () => {
    const clock = new ManualClock();
    const { asked, token } = identity(clock, () => new Promise<Answer>(() => {}));
    const got = token.get();
    await turns();
    token.stop();
    await expect(got).rejects.toMatchObject({ code: "STOPPED" });
    await expect(token.get()).rejects.toMatchObject({ code: "STOPPED" });
    expect(asked[0]?.signal?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
