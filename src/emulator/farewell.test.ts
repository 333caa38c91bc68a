import { describe, expect, test } from "vitest";
import { closeMessage, isCloseMessage } from "./farewell.js";

describe("the service's own words", () => {
  test("are JSON for JSON clients", () => {
    expect(closeMessage("json", undefined, false).toString()).toBe('{"type":7}\u001e');
    expect(closeMessage("json", 'a "b"', true).toString()).toBe(
      '{"type":7,"error":"a \\"b\\"","allowReconnect":true}\u001e',
    );
  });

  test("are MessagePack for all others", () => {
    expect(closeMessage("messagepack", undefined, true).toString("hex")).toBe("049307c0c3");
    expect(closeMessage("blazorpack", "no", false).toString("hex")).toBe("069307a26e6fc2");
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
