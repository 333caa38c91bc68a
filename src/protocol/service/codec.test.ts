import { describe, expect, it } from "vitest";
import { MsgpackWriter } from "../msgpack/writer.js";
import { appendMessage, decodeMessage, encodeMessage } from "./codec.js";
import type { ConnectionData, JoinGroupWithAck, ServiceMessage } from "./messages.js";

const DATA: ConnectionData = { kind: "connectionData", connectionId: "conn1", payload: Buffer.from("{}") };
const DATA_HEX = "0d9406a5636f6e6e31c4027b7d80";

/** The frame without its prefix, for messages of less than 128 bytes. */
function body(message: ServiceMessage): Buffer {
  return encodeMessage(message).subarray(1);
}

describe("appendMessage", () => {
  it("appends one frame behind the other", () => {
    const writer = new MsgpackWriter();
    appendMessage(writer, DATA);
    appendMessage(writer, { kind: "ping", messages: [] });
    appendMessage(writer, DATA);
    expect(writer.take().toString("hex")).toBe(`${DATA_HEX}029103${DATA_HEX}`);
  });

  it("appends nothing when the message cannot be written", () => {
    const writer = new MsgpackWriter();
    appendMessage(writer, DATA);
    const broken: JoinGroupWithAck = { kind: "joinGroupWithAck", connectionId: "a", groupName: "b", ackId: 1.5 };
    expect(() => appendMessage(writer, broken)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
    appendMessage(writer, DATA);
    expect(writer.take().toString("hex")).toBe(DATA_HEX + DATA_HEX);
  });

  it("writes only the extensions that a kind carries", () => {
    const ext = { tracingId: 1n, ttl: 2, protocol: "json", filter: "f", dataMessageType: 3, isPartial: true };
    const read = decodeMessage(body({ ...DATA, ext }));
    expect(read).toEqual({ ...DATA, ext: { tracingId: 1n, dataMessageType: 3, isPartial: true } });
    expect(decodeMessage(body({ kind: "connectionReconnect", connectionId: "a", ext }))).toEqual({
      kind: "connectionReconnect",
      connectionId: "a",
    });
  });

  it("does not write extensions that say nothing", () => {
    expect(encodeMessage({ ...DATA, ext: { dataMessageType: 0, isPartial: false } }).toString("hex")).toBe(DATA_HEX);
  });

  it("repeats a completion's protocol among its extensions", () => {
    const completion: ServiceMessage = {
      kind: "clientCompletion",
      invocationId: "i",
      connectionId: "c",
      callerServerId: "s",
      protocol: "json",
      payload: Buffer.of(1),
      ext: { tracingId: 1n },
    };
    expect(decodeMessage(body(completion))).toEqual({ ...completion, ext: { tracingId: 1n, protocol: "json" } });
  });

  it("is right about the length of long ids and payloads, whatever it guessed", () => {
    for (const idLength of [1, 31, 32, 48, 49, 200, 300]) {
      for (const letter of ["a", "é", "😀"]) {
        for (const payloadLength of [0, 1, 90, 128, 255, 256, 16_300, 16_400, 70_000]) {
          const message: ConnectionData = {
            kind: "connectionData",
            connectionId: letter.repeat(idLength),
            payload: Buffer.alloc(payloadLength, 1),
            ext: { tracingId: 0xffff_ffff_ffffn, dataMessageType: 2 },
          };
          const frame = encodeMessage(message);
          const prefixBytes = frame.length < 129 ? 1 : frame.length < 16_386 ? 2 : 3;
          const read = decodeMessage(frame.subarray(prefixBytes)) as ConnectionData;
          expect(read.connectionId).toBe(message.connectionId);
          expect(Buffer.compare(read.payload, message.payload)).toBe(0);
          expect(read.ext).toEqual(message.ext);
        }
      }
    }
  });
});

describe("encodeMessage", () => {
  it("gives a buffer that later messages leave alone", () => {
    const first = encodeMessage(DATA);
    encodeMessage({ ...DATA, connectionId: "other" });
    expect(first.toString("hex")).toBe(DATA_HEX);
  });
});

describe("decodeMessage", () => {
  it("gives payloads as views into the frame", () => {
    const frame = body(DATA);
    const message = decodeMessage(frame) as ConnectionData;
    frame[frame.length - 2] = 0x21;
    expect(Buffer.from(message.payload).toString()).toBe("{!");
  });

  it("reads a Uint8Array that is a view into something larger", () => {
    const bytes = new Uint8Array(Buffer.concat([Buffer.of(1, 2), body(DATA), Buffer.of(3)]));
    expect(decodeMessage(bytes.subarray(2, bytes.length - 1))).toEqual(DATA);
  });

  it("names the type of a message that it cannot read", () => {
    expect(() => decodeMessage(Buffer.from("9406a5636f6e6e31a27b7d80", "hex"))).toThrow(
      "A service message of type 6 cannot be read. At byte 9: bytes was expected, found the lead byte 0xa2.",
    );
    expect(() => decodeMessage(Buffer.from("9206a161", "hex"))).toThrow(
      "A service message of type 6 has 2 items; 3 are needed.",
    );
  });

  it("keeps to the limit of texts", () => {
    const frame = body({ ...DATA, connectionId: "x".repeat(20) });
    expect(decodeMessage(frame, { maxStringBytes: 20 })).toBeDefined();
    expect(() => decodeMessage(frame, { maxStringBytes: 19 })).toThrow(
      expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
    );
  });

  it("keeps to the limit of list items and map entries", () => {
    const frame = body({ kind: "broadcastData", excludedList: ["a", "b", "c"], payloads: [["json", Buffer.of(1)]] });
    // Four items of the message itself, three of the list, one of the map.
    expect(decodeMessage(frame, { maxItems: 8 })).toBeDefined();
    expect(() => decodeMessage(frame, { maxItems: 7 })).toThrow(expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }));
  });

  it("has limits by default", () => {
    const ids = Array.from({ length: 1_048_576 }, () => "");
    const frame = encodeMessage({ kind: "multiConnectionData", connectionList: ids, payloads: [] }).subarray(3);
    expect(() => decodeMessage(frame)).toThrow(expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }));
  });

  it("takes no memory for items that were only promised", () => {
    const before = process.memoryUsage().heapUsed;
    for (const hex of ["9407ddffffffff", "9404a0dfffffffff", "9304a0df0fffffff", "ddffffffff03"]) {
      expect(() => decodeMessage(Buffer.from(hex, "hex"))).toThrow(
        expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
      );
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 1024 * 1024);
  });
});
