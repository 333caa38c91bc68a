import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createJsonHubProtocol } from "./json.js";
import { createMessagePackHubProtocol } from "./messagepack.js";
import type { HubProtocol } from "./protocol.js";
import { RecordBuffer } from "./record-buffer.js";

const JSON_PROTOCOL = createJsonHubProtocol();
const PROTOCOLS: HubProtocol[] = [JSON_PROTOCOL, createMessagePackHubProtocol()];

function read(buffer: RecordBuffer, protocol: HubProtocol, maxBytes: number | null = null): Buffer[] {
  const records: Buffer[] = [];
  for (let next = buffer.next(protocol, maxBytes); next !== undefined; next = buffer.next(protocol, maxBytes)) {
    records.push(Buffer.from(next.bytes.subarray(next.start, next.end)));
  }
  return records;
}

describe.each(PROTOCOLS)("a record buffer for $name", (protocol) => {
  test("gives back the records that went in, however they were cut, and keeps nothing", () => {
    const cuts = fc.array(fc.nat(200), { maxLength: 20 });
    const lengths = fc.array(fc.nat(300), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lengths, cuts, (texts, steps) => {
        const records = texts.map((length, index) =>
          Buffer.from(protocol.write({ type: 2, invocationId: String(index), item: "x".repeat(length) })),
        );
        const bytes = Buffer.concat(records);
        const buffer = new RecordBuffer();
        const out: Buffer[] = [];
        let at = 0;
        for (const step of [...steps, bytes.length]) {
          const lent = Buffer.from(bytes.subarray(at, at + step));
          at = Math.min(at + step, bytes.length);
          buffer.push(lent);
          out.push(...read(buffer, protocol));
          lent.fill(0);
        }
        expect(out).toEqual(records);
        expect(buffer.size).toBe(0);
      }),
    );
  });

  test("waits for a record that is held, and goes on where it was", () => {
    const record = Buffer.from(protocol.write({ type: 2, invocationId: "a", item: [1, 2, 3] }));
    const buffer = new RecordBuffer();
    buffer.push(record);
    buffer.hold();
    buffer.push(record.subarray(0, 4));
    buffer.hold();
    expect(buffer.size).toBe(record.length + 4);
    expect(Buffer.from(buffer.peek())).toEqual(Buffer.concat([record, record.subarray(0, 4)]));
    expect(read(buffer, protocol)).toEqual([record]);
    buffer.push(record.subarray(4));
    expect(read(buffer, protocol)).toEqual([record]);
  });
});

test("whole records inside one chunk are not copied", () => {
  const chunk = Buffer.from('{"type":6}\u001e{"type":6}\u001e');
  const buffer = new RecordBuffer();
  buffer.push(chunk);
  expect(buffer.next(JSON_PROTOCOL, null)?.bytes).toBe(chunk);
  expect(buffer.next(JSON_PROTOCOL, null)?.bytes).toBe(chunk);
});

test("bytes that were searched once are not searched again", () => {
  const searched: number[] = [];
  const protocol = {
    recordEnd(bytes: Uint8Array, start: number, from = start) {
      searched.push(bytes.length - from);
      return JSON_PROTOCOL.recordEnd(bytes, start, from);
    },
  };
  const buffer = new RecordBuffer();
  for (let count = 0; count < 50; count += 1) {
    buffer.push(Buffer.from("xx"));
    expect(buffer.next(protocol, null)).toBeUndefined();
  }
  expect(new Set(searched)).toEqual(new Set([2]));
});

test("what was skipped and what was cleared is gone", () => {
  const buffer = new RecordBuffer();
  buffer.push(Buffer.from("handshake{"));
  buffer.skip(9);
  expect([buffer.size, Buffer.from(buffer.peek()).toString()]).toEqual([1, "{"]);
  buffer.hold();
  buffer.push(Buffer.from("}\u001e"));
  expect(read(buffer, JSON_PROTOCOL).map(String)).toEqual(["{}\u001e"]);
  buffer.push(Buffer.from("incomplete"));
  buffer.clear();
  expect(buffer.size).toBe(0);
});

test("memory is asked for by what has come, not by what was announced", () => {
  const buffer = new RecordBuffer();
  const protocol = createMessagePackHubProtocol();
  // Announces almost 2 GiB.
  buffer.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0x95));
  expect(buffer.next(protocol, null)).toBeUndefined();
  expect(buffer.size).toBe(6);
  expect(() => buffer.next(protocol, 32_768)).toThrow("The maximum message size of 32768B was exceeded.");
});
