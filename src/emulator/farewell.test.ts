import { describe, expect, test } from "vitest";
import { closeFrame, handshakeErrorFrame, isCloseMessage } from "./farewell.js";

const HEADER_BYTES = 2;
const body = (frame: Buffer) => frame.subarray(HEADER_BYTES);

describe("the service's own words", () => {
  test("are text for JSON clients", () => {
    expect(body(closeFrame("json", undefined, false)).toString()).toBe('{"type":7}\u001e');
    expect(body(closeFrame("json", 'a "b"', true)).toString()).toBe(
      '{"type":7,"error":"a \\"b\\"","allowReconnect":true}\u001e',
    );
    expect(closeFrame("json", undefined, false)[0]).toBe(0x81);
    expect(body(handshakeErrorFrame("json", "no")).toString()).toBe('{"error":"no"}\u001e');
  });

  test("are binary for all others", () => {
    expect(closeFrame("messagepack", undefined, true).toString("hex")).toBe("8205049307c0c3");
    expect(closeFrame("blazorpack", "no", false)[0]).toBe(0x82);
    expect(handshakeErrorFrame("messagepack", "no")[0]).toBe(0x82);
  });
});

describe("an app's Close message", () => {
  test("is known in both encodings", () => {
    for (const text of ['{"type":7}\u001e', '{"type":7,"error":"x"}\u001e']) {
      expect(isCloseMessage("json", Buffer.from(text))).toBe(true);
    }
    for (const hex of ["049307c0c2", "039207c0", "80019207c0"]) {
      expect(isCloseMessage("messagepack", Buffer.from(hex, "hex"))).toBe(true);
    }
  });

  test("is not seen in other messages", () => {
    for (const text of ["", '{"type":7', '{"type":77}\u001e', '{"type":1,"target":"{\\"type\\":7}"}\u001e']) {
      expect(isCloseMessage("json", Buffer.from(text))).toBe(false);
    }
    for (const hex of ["", "02", "029106", "0695018080a17807", "ffffffffffff"]) {
      expect(isCloseMessage("messagepack", Buffer.from(hex, "hex"))).toBe(false);
    }
  });
});
