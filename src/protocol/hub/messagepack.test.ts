import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { createMessagePackHubProtocol } from "./messagepack.js";
import { MAX_MESSAGEPACK_DEPTH } from "./messagepack-values.js";
import type { HubMessage } from "./messages.js";
import { InvalidDataException } from "./protocol.js";

const protocol = createMessagePackHubProtocol();

/** Hexadecimal bytes, blanks allowed, with the length prefix of a record below 128 bytes in front. */
function record(hex: string): Buffer {
  const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return Buffer.concat([Uint8Array.of(body.length), body]);
}

function framed(body: Uint8Array): Buffer {
  const prefix: number[] = [];
  let rest = body.length;
  for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Uint8Array.from([...prefix, rest]), body]);
}

function read(bytes: Uint8Array): HubMessage | undefined {
  expect(protocol.recordEnd(bytes, 0)).toBe(bytes.length);
  return protocol.read(bytes, 0, bytes.length);
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("the MessagePack hub protocol says of itself", () => {
  it("its name, version and format", () => {
    expect(protocol).toMatchObject({ name: "messagepack", version: 2, transferFormat: "Binary" });
  });
});

describe("a message and its bytes", () => {
  it.each<[string, HubMessage, string]>([
    [
      "an invocation",
      { type: 1, invocationId: "xyz", target: "method", arguments: [42] },
      "96 01 80 a3 78797a a6 6d6574686f64 91 2a 90",
    ],
    [
      "an invocation that wants no answer",
      { type: 1, target: "method", arguments: [42] },
      "96 01 80 c0 a6 6d6574686f64 91 2a 90",
    ],
    [
      "an invocation with headers and uploads",
      { type: 1, headers: { h: "v" }, invocationId: "1", target: "t", arguments: [], streamIds: ["2", "3"] },
      "96 01 81 a168 a176 a131 a174 90 92 a132 a133",
    ],
    ["an item", { type: 2, invocationId: "xyz", item: 42 }, "94 02 80 a3 78797a 2a"],
    [
      "a failed completion",
      { type: 3, invocationId: "xyz", hasResult: false, error: "Error" },
      "95 03 80 a3 78797a 01 a5 4572726f72",
    ],
    ["a void completion", { type: 3, invocationId: "xyz", hasResult: false }, "94 03 80 a3 78797a 02"],
    [
      "a completion with a result",
      { type: 3, invocationId: "xyz", hasResult: true, result: 42 },
      "95 03 80 a3 78797a 03 2a",
    ],
    [
      "a completion with null",
      { type: 3, invocationId: "xyz", hasResult: true, result: null },
      "95 03 80 a3 78797a 03 c0",
    ],
    [
      "a stream invocation",
      { type: 4, invocationId: "xyz", target: "method", arguments: [42] },
      "96 04 80 a3 78797a a6 6d6574686f64 91 2a 90",
    ],
    ["a cancel", { type: 5, invocationId: "xyz" }, "93 05 80 a3 78797a"],
    ["a ping", { type: 6 }, "91 06"],
    ["a close", { type: 7, allowReconnect: false }, "93 07 c0 c2"],
    ["a close with an error", { type: 7, error: "xyz", allowReconnect: true }, "93 07 a3 78797a c3"],
    ["an ack", { type: 8, sequenceId: 36 }, "92 08 24"],
    ["a sequence", { type: 9, sequenceId: 2 ** 40 }, "92 09 cf 0000010000000000"],
  ])("%s", (_name, message, hex) => {
    const bytes = record(hex);
    expect(hexOf(protocol.write(message))).toBe(hexOf(bytes));
    expect(read(bytes)).toEqual(message);
  });
});

describe("writing", () => {
  it("writes no answer for an empty id, no error for an empty one, and false where nothing is said", () => {
    expect(hexOf(protocol.write({ type: 1, invocationId: "", target: "t", arguments: [] }))).toBe("08960180c0a1749090");
    expect(hexOf(protocol.write({ type: 7, error: "" }))).toBe("049307c0c2");
  });

  it("writes an undefined result as nil", () => {
    expect(hexOf(protocol.write({ type: 3, invocationId: "1", hasResult: true }))).toBe("07950380a13103c0");
  });

  it("prefixes lengths of more than one byte", () => {
    for (const length of [100, 127, 128, 16_383, 16_384, 70_000, 2_100_000]) {
      const message: HubMessage = { type: 3, invocationId: "1", hasResult: true, result: "x".repeat(length) };
      expect(read(protocol.write(message))).toEqual(message);
    }
  });

  it("leaves nothing behind of a message whose value could not be written", () => {
    expect(() => protocol.write({ type: 1, target: "t", arguments: ["fine", 2n ** 64n] })).toThrow(RangeError);
    expect(hexOf(protocol.write({ type: 6 }))).toBe("029106");
  });

  it("hands over bytes that later messages leave alone", () => {
    const first = protocol.write({ type: 6 });
    const second = protocol.write({ type: 6 });
    first.fill(0);
    expect(hexOf(second)).toBe("029106");
    for (let index = 0; index < 5000; index += 1) protocol.write({ type: 8, sequenceId: index });
    expect(hexOf(second)).toBe("029106");
  });

  it("allows a value to write a message while it is written itself", () => {
    let inner = "";
    const value = {
      toJSON() {
        inner = hexOf(protocol.write({ type: 2, invocationId: "1", item: { deep: [1] } }));
        return "outside";
      },
    };
    const outer: HubMessage = { type: 1, target: "t", arguments: ["before", value, "after"] };
    expect(read(protocol.write(outer))).toEqual({ ...outer, arguments: ["before", "outside", "after"] });
    expect(inner).toBe(hexOf(record("94 02 80 a131 81 a464656570 91 01")));
  });
});

describe("reading", () => {
  it("takes old and new lengths of the array, and ignores items that it does not know", () => {
    const call = { type: 1, invocationId: "1", target: "t", arguments: [] };
    expect(read(record("95 01 80 a131 a174 90"))).toEqual(call);
    expect(read(record("97 01 80 a131 a174 90 90 c3"))).toEqual(call);
    expect(read(record("95 02 80 a131 05 c0"))).toEqual({ type: 2, invocationId: "1", item: 5 });
    expect(read(record("96 03 80 a131 03 05 81 a161 01"))).toEqual({
      type: 3,
      invocationId: "1",
      hasResult: true,
      result: 5,
    });
    expect(read(record("92 06 01"))).toEqual({ type: 6 });
    expect(read(record("92 07 c0"))).toEqual({ type: 7 });
    expect(read(record("94 07 a0 c3 01"))).toEqual({ type: 7, allowReconnect: true });
  });

  it("takes numbers of any width", () => {
    expect(read(record("92 cc08 cc24"))).toEqual({ type: 8, sequenceId: 36 });
    expect(read(record("92 d10009 cf001fffffffffffff"))).toEqual({ type: 9, sequenceId: Number.MAX_SAFE_INTEGER });
    expect(read(record("94 d200000003 80 d90131 cd0002"))).toEqual({ type: 3, invocationId: "1", hasResult: false });
  });

  it("takes an empty id on an invocation for none", () => {
    expect(read(record("96 01 80 a0 a174 90 90"))).toEqual({ type: 1, target: "t", arguments: [] });
  });

  it.each(["91 00", "91 0a", "95 7f c0 c0 c0 c0", "91 ff"])("skips the unknown message %s", (hex) => {
    expect(read(record(hex))).toBeUndefined();
  });

  it("keeps a header named __proto__ as a header", () => {
    const message = read(
      framed(Buffer.concat([Buffer.from("930581a9", "hex"), Buffer.from("__proto__"), Buffer.from("a178a131", "hex")])),
    );
    expect(Object.entries((message as { headers: object }).headers)).toEqual([["__proto__", "x"]]);
  });

  it.each([
    ["", "Reading array length for 'message' failed."],
    ["80", "Reading array length for 'message' failed."],
    ["90", "Reading 'messageType' as Int32 failed."],
    ["91 a131", "Reading 'messageType' as Int32 failed."],
    ["91 01", "Reading map length for 'headers' failed."],
    ["92 01 c0", "Reading map length for 'headers' failed."],
    ["92 01 90", "Reading map length for 'headers' failed."],
    ["93 01 81 2a a178", "Reading 'headers[0].Key' as String failed."],
    ["93 01 82 a161 a162 a163 2a", "Reading 'headers[1].Value' as String failed."],
    ["93 01 81 a0 a178", "Null or empty key in header."],
    ["93 01 81 a178 c0", "Null or empty value in header."],
    ["93 01 80 2a", "Reading 'invocationId' as String failed."],
    ["93 01 80 a131", "Reading 'target' as String failed."],
    ["94 01 80 a131 c2", "Reading 'target' as String failed."],
    ["96 01 80 a131 c0 90 90", "Null or empty target for Invocation message."],
    ["96 01 80 a131 a174 92 2a", "Reading array length for 'arguments' failed."],
    ["96 01 80 a131 a174 c0", "Reading array length for 'arguments' failed."],
    ["96 01 80 a131 a174 92 2a c1", "Deserializing 'arguments' failed."],
    ["96 01 80 a131 a174 90 a0", "Reading array length for 'streamIds' failed."],
    ["96 01 80 a131 a174 90 91 2a", "Reading 'streamIds' as String failed."],
    ["94 02 80 c2 2a", "Reading 'invocationId' as String failed."],
    ["94 02 80 a0 2a", "Null or empty invocation ID for StreamItem message."],
    ["94 02 80 a131", "Deserializing 'item' failed."],
    ["94 02 80 a131 c1", "Deserializing 'item' failed."],
    ["94 03 80 c0 02", "Null or empty invocation ID for Completion message."],
    ["94 03 80 a131 a131", "Reading 'resultKind' as Int32 failed."],
    ["94 03 80 a131 04", "Invalid invocation result kind."],
    ["95 03 80 a131 01 2a", "Reading 'error' as String failed."],
    ["95 03 80 a131 03", "Deserializing 'result' failed."],
    ["96 04 80 c0 a174 90 90", "Null or empty invocation ID for StreamInvocation message."],
    ["96 04 80 a131 a0 90 90", "Null or empty target for StreamInvocation message."],
    ["93 05 80 c0", "Null or empty invocation ID for CancelInvocation message."],
    ["93 05 80 d9ff31", "Reading 'invocationId' as String failed."],
    ["92 07 2a", "Reading 'error' as String failed."],
    ["93 07 c0 2a", "Reading 'allowReconnect' as Boolean failed."],
    ["92 08 a131", "Reading 'sequenceId' as Int64 failed."],
    ["92 09 ff", "Reading 'sequenceId' as Int64 failed."],
    ["92 09 cf 0020000000000000", "Reading 'sequenceId' as Int64 failed."],
  ])("refuses %s with the reference's text", (hex, message) => {
    expect(() => read(record(hex))).toThrow(new InvalidDataException(message));
  });
});

describe("the end of a record", () => {
  it("is known from the prefix, before the record is there", () => {
    expect(protocol.recordEnd(Uint8Array.of(9, 0x80, 0x02), 1)).toBe(3 + 256);
    expect(protocol.recordEnd(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07), 0)).toBe(5 + 0x7fffffff);
    expect(protocol.recordEnd(Uint8Array.of(0x00), 0)).toBe(1);
  });

  it("is not known while the prefix is cut off", () => {
    for (const bytes of [[], [0x80], [0xff, 0xff, 0xff, 0xff]])
      expect(protocol.recordEnd(Uint8Array.from(bytes), 0)).toBe(-1);
  });

  it.each([0x08, 0x0f, 0x80, 0x87, 0xff])("does not exist beyond 2 GiB (fifth byte %i)", (fifth) => {
    expect(() => protocol.recordEnd(Uint8Array.of(0x80, 0x80, 0x80, 0x80, fifth), 0)).toThrow(
      new InvalidDataException("Messages over 2GB in size are not supported."),
    );
  });

  it("lets several messages follow each other in a plain Uint8Array", () => {
    const bytes = new Uint8Array(Buffer.concat([record("91 06"), record("92 08 05"), record("91 06").subarray(0, 2)]));
    const first = protocol.recordEnd(bytes, 0);
    const second = protocol.recordEnd(bytes, first);
    expect(protocol.read(bytes, first, second)).toEqual({ type: 8, sequenceId: 5 });
    expect(protocol.recordEnd(bytes, second)).toBeGreaterThan(bytes.length);
  });
});

describe("values in a message", () => {
  const through = (value: unknown): unknown => {
    const message = read(protocol.write({ type: 3, invocationId: "1", hasResult: true, result: value }));
    return (message as { result: unknown }).result;
  };

  it("may stand alone or inside others", () => {
    for (const value of [
      null,
      true,
      -5,
      300,
      70_000,
      2 ** 40,
      -(2 ** 40),
      0.5,
      "é",
      "x".repeat(70_000),
      [],
      [[1]],
      {},
      { a: { b: "c" } },
    ]) {
      expect(through(value)).toStrictEqual(value);
      expect(through([value])).toStrictEqual([value]);
    }
  });

  it("are copied out of the bytes that they came in", () => {
    const bytes = protocol.write({
      type: 1,
      target: "t",
      arguments: [Uint8Array.of(1, 2), { inner: Uint8Array.of(3) }],
    });
    const message = protocol.read(bytes, 0, bytes.length) as unknown as {
      arguments: [Uint8Array, { inner: Uint8Array }];
    };
    bytes.fill(0xff);
    expect(message.arguments).toStrictEqual([Uint8Array.of(1, 2), { inner: Uint8Array.of(3) }]);
    expect(message.arguments[0].buffer.byteLength).toBe(2);
  });

  it("may be nested as deep as the official client writes them, and no deeper", () => {
    const nested = (levels: number): Buffer =>
      framed(Buffer.concat([Buffer.from("940280a131", "hex"), Buffer.alloc(levels, 0x91), Uint8Array.of(0xc0)]));
    expect(read(nested(MAX_MESSAGEPACK_DEPTH))).toMatchObject({ type: 2 });
    for (const levels of [MAX_MESSAGEPACK_DEPTH + 1, 5_000_000]) {
      expect(() => read(nested(levels))).toThrow(new InvalidDataException("Deserializing 'item' failed."));
    }
  });

  it("take no memory for items that are not there", () => {
    // Each list promises as many items as there are bytes behind it, so every single promise looks possible.
    const body = Buffer.alloc(60_000);
    for (let at = 0; at + 3 <= body.length; at += 3) {
      body[at] = 0xdc;
      body.writeUInt16BE(Math.min(0xffff, body.length - at - 3), at + 1);
    }
    const bytes = framed(Buffer.concat([Buffer.from("940280a131", "hex"), body]));
    const before = process.memoryUsage().heapUsed;
    expect(() => read(bytes)).toThrow(new InvalidDataException("Deserializing 'item' failed."));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });

  it("may come from the library's own encoder", () => {
    const body = encode([1, {}, null, "t", [{ a: [1, new Date(1)] }, Uint8Array.of(7)], []]);
    expect(read(framed(body))).toEqual({
      type: 1,
      target: "t",
      arguments: [{ a: [1, new Date(1)] }, Uint8Array.of(7)],
    });
  });
});
