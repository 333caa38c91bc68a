import { describe, expect, it } from "vitest";
import {
  parseHandshakeRequest,
  parseHandshakeResponse,
  RECORD_SEPARATOR,
  writeHandshakeRequest,
  writeHandshakeResponse,
} from "./handshake.js";
import { InvalidDataException } from "./protocol.js";

const record = (text: string): Uint8Array => new TextEncoder().encode(`${text}\u001e`);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("a handshake request", () => {
  it("gives protocol and version, and says where the hub messages behind it begin", () => {
    const bytes = Buffer.concat([record('{"protocol":"json","version":1}'), record('{"type":6}')]);
    const request = parseHandshakeRequest(bytes);
    expect(request?.message).toEqual({ protocol: "json", version: 1 });
    expect(textOf(bytes.subarray(request?.consumed))).toBe('{"type":6}\u001e');
  });

  it("is waited for while its separator is missing", () => {
    const whole = record('{"protocol":"messagepack","version":2}');
    for (let length = 0; length < whole.length; length += 1) {
      expect(parseHandshakeRequest(whole.subarray(0, length))).toBeUndefined();
    }
    expect(parseHandshakeRequest(whole)?.consumed).toBe(whole.length);
  });

  it("may have members that nobody knows, in any order", () => {
    const request = parseHandshakeRequest(
      record('{"later":{"a":[1]},"version":1,"__proto__":{"x":1},"protocol":"json"}'),
    );
    expect(request?.message).toEqual({ protocol: "json", version: 1 });
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it.each([
    ['{"protocol":"json"}', `Missing required property 'version'. Message content: {"protocol":"json"}`],
    ['{"version":1}', `Missing required property 'protocol'. Message content: {"version":1}`],
    ["{}", "Missing required property 'protocol'. Message content: {}"],
    ["[42]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ["null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."],
    ['"json"', "Unexpected JSON Token Type 'String'. Expected a JSON Object."],
    ["7", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."],
    ["true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."],
    ["false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."],
    ['{"protocol":1,"version":1}', "Expected 'protocol' to be of type String."],
    ['{"protocol":"json","version":"1"}', "Expected 'version' to be of type Number."],
    ['{"protocol":"json","version":1.5}', "Expected 'version' to be of type Number."],
    ["", "Error reading JSON."],
    ["GET / HTTP/1.1", "Error reading JSON."],
  ])("that is %s is refused with the reference's text", (content, message) => {
    expect(() => parseHandshakeRequest(record(content))).toThrow(new InvalidDataException(message));
  });

  it("with bytes that are no UTF-8 is refused or read, but never crashes", () => {
    expect(() => parseHandshakeRequest(Uint8Array.of(0xff, 0xfe, RECORD_SEPARATOR))).toThrow(InvalidDataException);
  });

  it("is written as clients write it", () => {
    expect(textOf(writeHandshakeRequest({ protocol: "json", version: 1 }))).toBe(
      '{"protocol":"json","version":1}\u001e',
    );
  });
});

describe("a handshake response", () => {
  it("is an empty object when the connection is open", () => {
    expect(textOf(writeHandshakeResponse())).toBe("{}\u001e");
    expect(parseHandshakeResponse(writeHandshakeResponse())).toEqual({ message: {}, consumed: 3 });
  });

  it("carries why the connection is not open", () => {
    const bytes = writeHandshakeResponse("The protocol 'x\u001ey' is not supported.");
    expect(textOf(bytes)).toBe(`{"error":"The protocol 'x\\u001ey' is not supported."}\u001e`);
    expect(parseHandshakeResponse(bytes)?.message.error).toBe("The protocol 'x\u001ey' is not supported.");
  });

  it("is waited for while its separator is missing", () => {
    expect(parseHandshakeResponse(new Uint8Array())).toBeUndefined();
    expect(parseHandshakeResponse(Buffer.from("{"))).toBeUndefined();
  });

  it("is not a hub message, not a list and not an error of another type", () => {
    expect(() => parseHandshakeResponse(record('{"type":6}'))).toThrow(
      "Expected a handshake response from the server.",
    );
    expect(() => parseHandshakeResponse(record("[]"))).toThrow(InvalidDataException);
    expect(() => parseHandshakeResponse(record('{"error":1}'))).toThrow("Expected 'error' to be of type String.");
  });

  it("is a buffer of its own each time, so that one connection cannot spoil another one's", () => {
    writeHandshakeResponse().fill(0);
    expect(textOf(writeHandshakeResponse())).toBe("{}\u001e");
  });
});
