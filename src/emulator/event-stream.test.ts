import { expect, test } from "vitest";
import { encodeEvent } from "./event-stream.js";

const encoded = (text: string) => encodeEvent(Buffer.from(text)).toString();

test("an event has one data field for each line", () => {
  expect(encoded("hello")).toBe("data: hello\r\n\r\n");
  expect(encoded("a\nb")).toBe("data: a\r\ndata: b\r\n\r\n");
  expect(encoded("a\r\nb")).toBe("data: a\r\ndata: b\r\n\r\n");
  expect(encoded("\n")).toBe("data: \r\ndata: \r\n\r\n");
  expect(encoded("")).toBe("data: \r\n\r\n");
  expect(encoded("hällo\u001e")).toBe("data: hällo\u001e\r\n\r\n");
});

test("an event is a copy", () => {
  const payload = Buffer.from("hello");
  const event = encodeEvent(payload);
  payload.fill(0);
  expect(event.toString()).toBe("data: hello\r\n\r\n");
});
