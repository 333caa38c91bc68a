import { decode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { MsgpackWriter } from "./writer.js";

function written(write: (writer: MsgpackWriter) => void): string {
  const writer = new MsgpackWriter();
  write(writer);
  return writer.take().toString("hex");
}

describe("MsgpackWriter values", () => {
  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [4_294_967_295, "ceffffffff"],
    [4_294_967_296, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d0df"],
    [-128, "d080"],
    [-129, "d1ff7f"],
    [-32_768, "d18000"],
    [-32_769, "d2ffff7fff"],
    [-2_147_483_648, "d280000000"],
    [-2_147_483_649, "d3ffffffff7fffffff"],
  ])("writes the integer %i as %s", (value, hex) => {
    expect(written((writer) => writer.int(value))).toBe(hex);
    expect(written((writer) => writer.intOrNil(value))).toBe(hex);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)])("refuses %d as an integer", (value) => {
    expect(() => written((writer) => writer.int(value))).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  });

  it("writes an integer at full width where that is asked", () => {
    expect(written((writer) => writer.int32(1))).toBe("d200000001");
    expect(written((writer) => writer.int32(-1))).toBe("d2ffffffff");
  });

  it.each([
    [0n, "00"],
    [200n, "ccc8"],
    [4_294_967_295n, "ceffffffff"],
    [4_294_967_296n, "cf0000000100000000"],
    [18_446_744_073_709_551_615n, "cfffffffffffffffff"],
  ])("writes the 64 bit number %s as %s", (value, hex) => {
    expect(written((writer) => writer.uint64(value))).toBe(hex);
  });

  it.each([-1n, 18_446_744_073_709_551_616n])("refuses %s as an unsigned 64 bit number", (value) => {
    expect(() => written((writer) => writer.uint64(value))).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });

  it("writes nil, booleans and empty values", () => {
    const hex = written((writer) => {
      writer.nil();
      writer.bool(true);
      writer.bool(false);
      writer.str("");
      writer.strOrNil(null);
      writer.bin(new Uint8Array(0));
      writer.binOrNil(null);
      writer.intOrNil(null);
    });
    expect(hex).toBe("c0c3c2a0c0c400c0c0");
  });

  // The borders of the header sizes, and of the loop for short texts, with letters of one to four bytes.
  it.each([1, 10, 15, 16, 31, 32, 48, 49, 63, 64, 85, 86, 127, 128, 255, 256, 21_845, 21_846, 65_535, 65_536])(
    "writes texts of %i letters with the smallest header",
    (length) => {
      for (const letter of ["a", "é", "€", "😀", "\0"]) {
        const text = letter.repeat(length);
        const writer = new MsgpackWriter();
        writer.str(text);
        const bytes = writer.take();
        const size = Buffer.byteLength(text);
        const header = size < 32 ? 1 : size < 256 ? 2 : size < 65_536 ? 3 : 5;
        expect(bytes.length).toBe(header + size);
        expect(decode(bytes)).toBe(text);
      }
    },
  );

  it("writes a lone surrogate as the replacement character", () => {
    expect(written((writer) => writer.str("a\ud800b"))).toBe("a561efbfbd62");
  });

  it.each([1, 24, 25, 255, 256, 65_535, 65_536, 200_000])("writes %i bytes with the smallest header", (length) => {
    const bytes = new Uint8Array(length).fill(5);
    const writer = new MsgpackWriter();
    writer.bin(bytes);
    const out = writer.take();
    expect(out.length).toBe(length + (length < 256 ? 2 : length < 65_536 ? 3 : 5));
    expect(Buffer.compare(decode(out) as Uint8Array, bytes)).toBe(0);
  });

  it.each([
    [0, "90", "80"],
    [15, "9f", "8f"],
    [16, "dc0010", "de0010"],
    [65_535, "dcffff", "deffff"],
    [65_536, "dd00010000", "df00010000"],
  ])("writes the heads of lists and maps of %i", (size, list, map) => {
    expect(written((writer) => writer.arrayHeader(size))).toBe(list);
    expect(written((writer) => writer.mapHeader(size))).toBe(map);
  });

  it.each([
    ["1970-01-01T00:00:00.000Z", "d6ff00000000"],
    ["2106-02-07T06:28:15.000Z", "d6ffffffffff"],
    ["2106-02-07T06:28:16.000Z", "d7ff0000000100000000"],
    ["1970-01-01T00:00:00.001Z", "d7ff003d090000000000"],
    ["2514-05-30T01:53:04.000Z", "c70cff000000000000000400000000"],
    ["1969-12-31T23:59:59.999Z", "c70cff3b8b87c0ffffffffffffffff"],
  ])("writes the moment %s as %s", (moment, hex) => {
    expect(written((writer) => writer.timestamp(new Date(moment)))).toBe(hex);
  });

  it("refuses a date that is none", () => {
    expect(() => written((writer) => writer.timestamp(new Date(Number.NaN)))).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });
});

describe("MsgpackWriter frames", () => {
  it.each([0, 1, 127, 128, 16_383, 16_384, 2_097_152])("closes the gap when %i bytes were expected", (expected) => {
    for (const length of [1, 100, 200, 20_000]) {
      const writer = new MsgpackWriter();
      writer.str("before");
      writer.beginFrame(expected);
      writer.bin(Buffer.alloc(length, 1));
      writer.endFrame();
      writer.str("after");
      const header = length < 256 ? "c4" : "c5";
      const size = length + (length < 256 ? 2 : 3);
      const bytes = writer.take();
      const prefixBytes = size < 128 ? 1 : size < 16_384 ? 2 : 3;
      expect(bytes.length).toBe(7 + prefixBytes + size + 6);
      expect(bytes.subarray(7 + prefixBytes, 8 + prefixBytes).toString("hex")).toBe(header);
      expect(bytes.subarray(-5).toString()).toBe("after");
    }
  });

  it("takes a cancelled frame back and leaves the ones before it", () => {
    const writer = new MsgpackWriter();
    writer.bool(true);
    writer.beginFrame();
    writer.str("x".repeat(100_000));
    writer.cancelFrame();
    expect(writer.length).toBe(1);
    expect(writer.take().toString("hex")).toBe("c3");
  });

  it("does nothing when there is no frame to cancel", () => {
    const writer = new MsgpackWriter();
    writer.nil();
    writer.cancelFrame();
    expect(writer.length).toBe(1);
  });

  it.each([
    ["take", (writer: MsgpackWriter) => writer.take()],
    ["beginFrame", (writer: MsgpackWriter) => writer.beginFrame()],
  ])("holds %s inside a frame for a bug", (_name, call) => {
    const writer = new MsgpackWriter();
    writer.beginFrame();
    expect(() => call(writer)).toThrow(/^bug: /);
  });

  it("holds endFrame without a frame for a bug", () => {
    expect(() => new MsgpackWriter().endFrame()).toThrow(/^bug: /);
  });
});

describe("MsgpackWriter buffers", () => {
  it("never touches what was taken", () => {
    const writer = new MsgpackWriter();
    const taken: Buffer[] = [];
    for (let round = 0; round < 3000; round += 1) {
      writer.beginFrame();
      writer.bin(Buffer.alloc(round % 257, round & 0xff));
      writer.endFrame();
      taken.push(writer.take());
    }
    for (const [round, bytes] of taken.entries()) {
      const payload = bytes.subarray(bytes.length - (round % 257));
      expect(payload.every((byte) => byte === (round & 0xff))).toBe(true);
    }
  });

  it("does not mind when the taker changes what it took", () => {
    const writer = new MsgpackWriter();
    writer.str("one");
    writer.take().fill(0xff);
    writer.str("two");
    expect(writer.take().toString("hex")).toBe("a374776f");
  });

  it("moves an open frame along when it must grow", () => {
    const writer = new MsgpackWriter();
    writer.bin(Buffer.alloc(60_000, 1));
    writer.take();
    writer.nil();
    writer.beginFrame();
    writer.bin(Buffer.alloc(70_000, 2));
    writer.endFrame();
    const bytes = writer.take();
    expect(bytes.subarray(0, 9).toString("hex")).toBe("c0f5a204c600011170");
    expect(bytes.length).toBe(1 + 3 + 5 + 70_000);
  });

  it("does not keep a large buffer for small batches after it", () => {
    const writer = new MsgpackWriter();
    writer.bin(Buffer.alloc(1_000_000));
    const large = writer.take();
    writer.nil();
    expect(writer.take().buffer).not.toBe(large.buffer);
  });

  it("gives an empty buffer when nothing was written", () => {
    expect(new MsgpackWriter().take().length).toBe(0);
  });
});
