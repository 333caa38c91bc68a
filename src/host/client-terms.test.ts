import { describe, expect, test } from "vitest";
import { type ClientTermsOptions, clientTermsOf } from "./client-terms.js";

const terms = (options: ClientTermsOptions<string>) => clientTermsOf("the request", options);
const detect = (given: unknown) => terms({ transportTypeDetector: () => given as never });

test("nothing is asked, nothing is told", async () => {
  expect(await terms({})).toEqual({ isDiagnosticClient: false, httpTransportType: undefined });
});

test("both callbacks get the request, and may be async", async () => {
  const asked: string[] = [];
  const given = await terms({
    diagnosticClientFilter: async (req) => asked.push(req) > 0,
    transportTypeDetector: async (req) => {
      asked.push(req);
      return ["LongPolling"];
    },
  });
  expect(given).toEqual({ isDiagnosticClient: true, httpTransportType: 4 });
  expect(asked).toEqual(["the request", "the request"]);
});

test("only true makes a client a diagnostic one", async () => {
  for (const given of [false, undefined, null, 1, "yes", {}]) {
    const { isDiagnosticClient } = await terms({ diagnosticClientFilter: () => given as never });
    expect(isDiagnosticClient).toBe(false);
  }
});

describe("transports", () => {
  test.each([
    [["WebSockets"], 1],
    [["WebSockets", "ServerSentEvents"], 3],
    [["LongPolling", "WebSockets", "LongPolling"], 5],
    [1, 1],
    [7, 7],
    [undefined, undefined],
    [null, undefined],
  ])("%j are told as %j", async (given, mask) => {
    expect((await detect(given)).httpTransportType).toBe(mask);
  });

  test.each([
    [[], "an empty array"],
    [["websockets"], 'an array with "websockets"'],
    [["constructor"], 'an array with "constructor"'],
    [[1], "an array with number"],
    [0, "got 0."],
    [8, "got 8."],
    [1.5, "got 1.5."],
    ["WebSockets", "got WebSockets."],
  ])("%j are none: the error says what is allowed", async (given, found) => {
    const refused = expect(detect(given)).rejects;
    await refused.toMatchObject({ code: "CONFIG_INVALID" });
    await refused.toThrow(found);
    await refused.toThrow("WebSockets, ServerSentEvents, LongPolling, a bit mask from 1 to 7, or nothing");
  });
});

test("errors of the callbacks pass through", async () => {
  const failing = () => {
    throw new Error("of the application");
  };
  await expect(terms({ diagnosticClientFilter: failing })).rejects.toThrow("of the application");
  await expect(terms({ transportTypeDetector: failing })).rejects.toThrow("of the application");
});
