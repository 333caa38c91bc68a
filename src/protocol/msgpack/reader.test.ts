import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { type DecodeLimits, MsgpackReader } from "./reader.js";

function reader(hex: string, limits?: DecodeLimits): MsgpackReader {
  return new MsgpackReader(Buffer.from(hex, "hex"), limits);
}

const MALFORMED = expect.objectContaining({ name: "SignalRError", code: "MESSAGE_MALFORMED" });
const TOO_LARGE = expect.objectContaining({ name: "SignalRError", code: "MESSAGE_TOO_LARGE" });

describe("MsgpackReader values", () => {
  it.each([
    ["00", 0],
    ["7f", 127],
    ["e0", -32],
    ["ff", -1],
    ["cc05", 5],
    ["cd0100", 256],
    ["ce7fffffff", 2_147_483_647],
    ["cf0000000000000007", 7],
    ["d080", -128],
    ["d18000", -32_768],
    ["d280000000", -2_147_483_648],
    ["d3ffffffff80000000", -2_147_483_648],
    ["d30000000000000001", 1],
  ])("reads the integer %s in any form", (hex, value) => {
    expect(reader(hex).int()).toBe(value);
  });

  it.each(["ce80000000", "cf0000000080000000", "cfffffffffffffffff", "d3ffffffff7fffffff", "d38000000000000000"])(
    "refuses %s, which does not fit 32 bits",
    (hex) => {
      expect(() => reader(hex).int()).toThrow(MALFORMED);
    },
  );

  it.each([
    ["05", 5n],
    ["cc80", 128n],
    ["cfffffffffffffffff", 18_446_744_073_709_551_615n],
    ["d30000000000000009", 9n],
  ])("reads the unsigned 64 bit number %s", (hex, value) => {
    expect(reader(hex).uint64()).toBe(value);
  });

  it.each(["ff", "d0ff", "d3ffffffffffffffff"])("refuses the negative %s as unsigned", (hex) => {
    expect(() => reader(hex).uint64()).toThrow(MALFORMED);
  });

  it.each([
    ["a0", ""],
    ["a3616263", "abc"],
    ["d90161", "a"],
    ["da000161", "a"],
    ["db0000000161", "a"],
    ["a4c3a96162", "éab"],
    ["a3e282ac", "€"],
    ["a361ff62", "a\ufffdb"],
  ])("reads the text %s in any form", (hex, text) => {
    expect(reader(hex).str()).toBe(text);
  });

  it("reads bytes as a view, and nil as no bytes", () => {
    const bytes = Buffer.from("c403010203", "hex");
    const view = new MsgpackReader(bytes).bin();
    bytes[2] = 9;
    expect(view).toEqual(Buffer.from([9, 2, 3]));
    expect(reader("c0").bin()).toHaveLength(0);
    expect(reader("c5000107").bin()).toEqual(Buffer.from([7]));
    expect(reader("c60000000107").bin()).toEqual(Buffer.from([7]));
  });

  it("tells nil from a value where both are allowed", () => {
    const values = reader("c0a161c0c40107c005");
    expect([values.strOrNil(), values.strOrNil()]).toEqual([null, "a"]);
    expect([values.binOrNil(), values.binOrNil()]).toEqual([null, Buffer.from([7])]);
    expect([values.intOrNil(), values.intOrNil()]).toEqual([null, 5]);
    expect(values.takeNil()).toBe(false);
    expect(values.offset).toBe(9);
  });

  it.each([
    ["d6ff00000001", "1970-01-01T00:00:01.000Z"],
    ["d7ff003d090000000000", "1970-01-01T00:00:00.001Z"],
    ["d7ffee6b27fc00000000", "1970-01-01T00:00:00.999Z"],
    ["d7ff0000000100000000", "2106-02-07T06:28:16.000Z"],
    ["c70cff3b8b87c0ffffffffffffffff", "1969-12-31T23:59:59.999Z"],
    ["c70cff000000010000000000000000", "1970-01-01T00:00:00.000Z"],
  ])("reads the moment %s", (hex, moment) => {
    expect(reader(hex).timestamp().toISOString()).toBe(moment);
  });

  it.each([
    ["another extension type", "d60100000001"],
    ["no extension", "a161"],
    ["a size that no timestamp has", "c705ff0000000000"],
    ["too many nanoseconds", "d7ffee6b280000000000"],
    ["a year that no date has", "c70cff000000007fffffffffffffff"],
    ["a cut", "d6ff0000"],
  ])("refuses a timestamp with %s", (_what, hex) => {
    expect(() => reader(hex).timestamp()).toThrow(MALFORMED);
  });

  const wrong: ReadonlyArray<readonly [string, string, (values: MsgpackReader) => unknown]> = [
    ["a text as integer", "a161", (values) => values.int()],
    ["nil as integer", "c0", (values) => values.int()],
    ["a float as integer", "ca3f800000", (values) => values.int()],
    ["an integer as text", "01", (values) => values.str()],
    ["nil as text", "c0", (values) => values.str()],
    ["bytes as text", "c40161", (values) => values.str()],
    ["a text as bytes", "a161", (values) => values.bin()],
    ["an integer as boolean", "01", (values) => values.bool()],
    ["a map as list", "80", (values) => values.arrayHeader()],
    ["a list as map", "90", (values) => values.mapHeader()],
    ["a cut text", "a36162", (values) => values.str()],
    ["cut bytes", "c40301", (values) => values.bin()],
    ["bytes that promise 4 GiB", "c6ffffffff00", (values) => values.bin()],
    ["a cut header", "da00", (values) => values.str()],
    ["a cut integer", "ce0000", (values) => values.int()],
    ["a cut long integer", "cf00000000", (values) => values.uint64()],
    ["nothing at all", "", (values) => values.int()],
    ["a list with more items than bytes", "93c0c0", (values) => values.arrayHeader()],
    ["a list that promises 4 G items", "ddffffffff00", (values) => values.arrayHeader()],
    ["a map with more entries than bytes", "82a0a0a0", (values) => values.mapHeader()],
    ["a map that promises 4 G entries", "dfffffffff00", (values) => values.mapHeader()],
  ];
  it.each(wrong)("refuses %s", (_what, hex, read) => {
    expect(() => read(reader(hex))).toThrow(MALFORMED);
  });
});

describe("MsgpackReader limits", () => {
  it("refuses a text above the limit before it looks for its bytes", () => {
    expect(reader("a3616263", { maxStringBytes: 3 }).str()).toBe("abc");
    expect(() => reader("a461", { maxStringBytes: 3 }).str()).toThrow(TOO_LARGE);
  });

  it("counts the items of all lists and maps together", () => {
    const values = reader("92c0c081c0c091c0", { maxItems: 3 });
    expect(values.arrayHeader()).toBe(2);
    values.skip();
    values.skip();
    expect(values.mapHeader()).toBe(1);
    values.skip();
    values.skip();
    expect(() => values.arrayHeader()).toThrow(TOO_LARGE);
  });
});

describe("MsgpackReader.skip", () => {
  it.each([
    ["integers", "01ccffcd0001ce00000001cf0000000000000001ffd0ffd1ffffd2ffffffffd3ffffffffffffffff", 10],
    ["floats", "ca3f800000cb3ff0000000000000", 2],
    ["nil and booleans", "c0c2c3", 3],
    ["texts", "a161d90161da000161db0000000161", 4],
    ["bytes", "c40101c5000101c60000000101", 3],
    ["extensions", "d40101d5010101d601ffffffffd701ffffffffffffffffd801ffffffffffffffffffffffffffffffff", 5],
    ["extensions with a length", "c7020105" + "06c800010105c9000000010105", 3],
    ["lists", "9201029192c0c0dc000105dd0000000105", 4],
    ["maps", "810102de00010102df0000000101a161", 3],
  ])("passes over %s", (_what, hex, count) => {
    const values = reader(hex);
    for (let value = 0; value < count; value += 1) values.skip();
    expect(values.offset).toBe(hex.length / 2);
  });

  it("passes over what another library wrote", () => {
    const bytes = encode([
      { a: [1, -1, 1.5, null, true], b: new Uint8Array(300), c: { d: new Date(0) } },
      "x".repeat(300),
    ]);
    const values = new MsgpackReader(bytes);
    values.skip();
    expect(values.offset).toBe(bytes.length);
  });

  it("passes over a hundred thousand nested lists", () => {
    const bytes = Buffer.alloc(100_001, 0x91);
    bytes[100_000] = 0xc0;
    const values = new MsgpackReader(bytes);
    values.skip();
    expect(values.offset).toBe(bytes.length);
  });

  it.each(["", "c1", "92c0", "9192", "ddffffffff", "dfffffffffc0", "c70501", "c9ffffffff01", "cb00", "81c0"])(
    "refuses %s",
    (hex) => {
      expect(() => reader(hex).skip()).toThrow(MALFORMED);
    },
  );
});
