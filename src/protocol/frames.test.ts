import { describe, expect, it } from "vitest";
import {
  DEFAULT_MAX_FRAME_BYTES,
  FrameReader,
  LARGEST_FRAME_BYTES,
  lengthPrefixSize,
  putLengthPrefix,
} from "./frames.js";

function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  return bytes.subarray(0, putLengthPrefix(bytes, 0, length));
}

function framed(body: Uint8Array): Buffer {
  return Buffer.concat([prefix(body.length), body]);
}

/** What the reader hands over, copied, because a frame is valid during the call only. */
function collect(reader: FrameReader, ...chunks: Uint8Array[]): string[] {
  const frames: string[] = [];
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(frame.toString("hex")));
  return frames;
}

describe("the length prefix", () => {
  it.each([
    [0, "00"],
    [1, "01"],
    [0x7f, "7f"],
    [0x80, "8001"],
    [300, "ac02"],
    [0x3fff, "ff7f"],
    [0x4000, "808001"],
    [0x1f_ffff, "ffff7f"],
    [0x20_0000, "80808001"],
    [0x0fff_ffff, "ffffff7f"],
    [0x1000_0000, "8080808001"],
    [LARGEST_FRAME_BYTES, "ffffffff07"],
  ])("of %i bytes is %s", (length, hex) => {
    expect(prefix(length).toString("hex")).toBe(hex);
    expect(lengthPrefixSize(length)).toBe(hex.length / 2);
  });
});

describe("FrameReader", () => {
  it("hands over each frame of a chunk, empty ones too", () => {
    const chunk = Buffer.concat([
      framed(Buffer.from("ab", "hex")),
      framed(Buffer.alloc(0)),
      framed(Buffer.from("cdef", "hex")),
    ]);
    expect(collect(new FrameReader(), chunk)).toEqual(["ab", "", "cdef"]);
  });

  it("hands over an empty frame whose prefix ends the chunk at once", () => {
    expect(collect(new FrameReader(), Buffer.from([0]))).toEqual([""]);
  });

  it("does not copy a frame that is whole inside a chunk", () => {
    const chunk = framed(Buffer.from([1, 2, 3]));
    new FrameReader().push(chunk, (frame) => {
      frame[0] = 9;
    });
    expect(chunk[1]).toBe(9);
  });

  it("joins a frame that arrives byte by byte, with the cut inside the prefix too", () => {
    const body = Buffer.alloc(300, 7);
    const bytes = Buffer.concat([framed(body), framed(Buffer.from([1]))]);
    const frames = collect(new FrameReader(), ...Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(frames).toEqual([body.toString("hex"), "01"]);
  });

  it("reads a Uint8Array that is a view into something larger", () => {
    const bytes = new Uint8Array([99, 2, 5, 6, 99]);
    expect(collect(new FrameReader(), bytes.subarray(1, 4))).toEqual(["0506"]);
  });

  it("keeps each assembled frame apart from the next one", () => {
    const reader = new FrameReader();
    const frames: Buffer[] = [];
    for (const fill of [1, 2]) {
      const bytes = framed(Buffer.alloc(10, fill));
      reader.push(bytes.subarray(0, 4), (frame) => frames.push(frame));
      reader.push(bytes.subarray(4), (frame) => frames.push(frame));
    }
    expect(frames.map((frame) => frame[9])).toEqual([1, 2]);
  });

  it("takes a prefix that is longer than it needs to be", () => {
    expect(collect(new FrameReader(), Buffer.from("8180000a", "hex"))).toEqual(["0a"]);
  });

  it.each(["ffffffff08", "ffffffffff01", "8080808080"])("refuses the prefix %s", (hex) => {
    expect(() => collect(new FrameReader(), Buffer.from(hex, "hex"))).toThrow(
      expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
    );
  });

  it("refuses a frame above its limit as soon as the prefix is there, and takes one at the limit", () => {
    expect(collect(new FrameReader({ maxFrameBytes: 3 }), Buffer.from("03010203", "hex"))).toEqual(["010203"]);
    expect(() => collect(new FrameReader({ maxFrameBytes: 3 }), Buffer.from([4]))).toThrow(
      expect.objectContaining({ code: "MESSAGE_TOO_LARGE", message: expect.stringContaining("4 bytes") }),
    );
  });

  it("has a limit by default", () => {
    expect(() => collect(new FrameReader(), prefix(DEFAULT_MAX_FRAME_BYTES + 1))).toThrow(
      expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
    );
  });

  it("takes no memory for bytes that were only promised", () => {
    const reader = new FrameReader();
    const before = process.memoryUsage().arrayBuffers;
    for (const byte of [...prefix(DEFAULT_MAX_FRAME_BYTES), 1, 2, 3]) collect(reader, Uint8Array.of(byte));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it("is dead after an error: every later push throws the same", () => {
    const reader = new FrameReader();
    const seen: unknown[] = [];
    for (const hex of ["ffffffff08", "0101"]) {
      try {
        collect(reader, Buffer.from(hex, "hex"));
      } catch (error) {
        seen.push(error);
      }
    }
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBe(seen[0]);
  });

  it("is dead after its handler threw, because the rest of that chunk is lost", () => {
    const reader = new FrameReader();
    const failure = new Error("handler");
    const handler = (): void => {
      throw failure;
    };
    expect(() => reader.push(Buffer.from("0101", "hex"), handler)).toThrow(failure);
    expect(() => reader.push(Buffer.from("0101", "hex"), () => {})).toThrow(failure);
  });
});
