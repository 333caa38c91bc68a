import { describe, expect, test } from "vitest";
import { PreparedPayloads } from "./payloads.js";
import { encodeFrame, framePayload } from "./websocket-frame.js";

describe("the payloads of one message", () => {
  test("are framed once for each protocol and transport, however many the receivers are", () => {
    const payloads = new PreparedPayloads([
      ["json", Buffer.from("text")],
      ["MessagePack", Buffer.from("binary")],
    ]);
    let framed = 0;
    const framing = (payload: Uint8Array, isText: boolean) => {
      framed += 1;
      return encodeFrame(payload, isText);
    };
    const first = payloads.framedFor("json", framing);
    for (let receiver = 0; receiver < 1000; receiver += 1) {
      expect(payloads.framedFor("json", framing)).toBe(first);
      payloads.framedFor("messagepack", framing);
      expect(payloads.framedFor("other", framing)).toBeUndefined();
    }
    expect(framed).toBe(2);
    expect(payloads.framedFor("json", encodeFrame)).toEqual(first);
  });

  test.each([0, 125, 126, 65_535, 65_536])("of %i bytes are found in their frame again", (length) => {
    const payload = Buffer.alloc(length, "x");
    expect(framePayload(encodeFrame(payload, true))).toEqual(payload);
  });
});
