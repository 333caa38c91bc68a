import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SignalRError } from "../../src/base/errors.js";
import { FrameReader } from "../../src/protocol/frames.js";
import { MsgpackReader } from "../../src/protocol/msgpack/reader.js";
import { MsgpackWriter } from "../../src/protocol/msgpack/writer.js";
import { appendMessage, decodeMessage, encodeMessage } from "../../src/protocol/service/codec.js";
import type { ServiceMessage, ServiceMessageKind } from "../../src/protocol/service/messages.js";
import { ARBITRARIES, anyMessage } from "./service-messages.arbitrary.js";

/** FUZZ_RUNS=1000 is the quick run, 100000 tries a hundred times as many examples of each property. */
const FACTOR = Number(process.env["FUZZ_RUNS"] ?? 1000) / 1000;
const runs = (count: number): fc.Parameters<unknown> => ({ numRuns: Math.max(1, Math.round(count * FACTOR)) });

const TIMEOUT_MS = Math.max(60_000, 60_000 * FACTOR);

function framesOf(chunks: Iterable<Uint8Array>, maxFrameBytes?: number): Buffer[] {
  const reader = new FrameReader(maxFrameBytes === undefined ? {} : { maxFrameBytes });
  const frames: Buffer[] = [];
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(Buffer.from(frame)));
  return frames;
}

function bytesOf(messages: readonly ServiceMessage[]): Buffer {
  const writer = new MsgpackWriter();
  for (const message of messages) appendMessage(writer, message);
  return writer.take();
}

/** What a hostile frame may do: become a message, be passed over, or throw one of our errors. */
function readHostile(bytes: Uint8Array): "read" | "refused" {
  try {
    decodeMessage(bytes, { maxStringBytes: 4096, maxItems: 1000 });
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(SignalRError);
    expect(["MESSAGE_MALFORMED", "MESSAGE_TOO_LARGE"]).toContain((error as SignalRError).code);
    return "refused";
  }
}

describe("service messages", { timeout: TIMEOUT_MS }, () => {
  it.each(Object.keys(ARBITRARIES) as ServiceMessageKind[])("of kind %s come back as they were written", (kind) => {
    fc.assert(
      fc.property(ARBITRARIES[kind] as fc.Arbitrary<ServiceMessage>, (message) => {
        const [frame] = framesOf([encodeMessage(message)]);
        expect(decodeMessage(frame as Buffer)).toEqual(message);
      }),
      runs(100),
    );
  });

  it("are MessagePack for others too, as long as their items say", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const [frame] = framesOf([encodeMessage(message)]);
        // The other reader refuses this key of a map, wherever it stands; ours has no reason to.
        fc.pre(frame?.includes("__proto__") === false);
        const items = decode(frame as Buffer, {
          useBigInt64: true,
          mapKeyConverter: (key) => String(key),
        }) as unknown[];
        expect(Array.isArray(items)).toBe(true);
        const reader = new MsgpackReader(frame as Buffer);
        expect(reader.arrayHeader()).toBe(items.length);
        for (const _item of items) reader.skip();
        expect(reader.offset).toBe(frame?.length);
      }),
      runs(1000),
    );
  });

  it("come back from a stream that is cut anyhow", () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 6 }), cuts, (messages, places) => {
        const bytes = bytesOf(messages);
        const offsets = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length];
        offsets.sort((left, right) => left - right);
        const chunks = offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
        expect(framesOf(chunks).map((frame) => decodeMessage(frame))).toEqual(messages);
      }),
      runs(500),
    );
  });

  it("come back from a stream that arrives byte by byte", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 3 }), (messages) => {
        const chunks = Array.from(bytesOf(messages), (byte) => Uint8Array.of(byte));
        expect(framesOf(chunks).map((frame) => decodeMessage(frame))).toEqual(messages);
      }),
      runs(100),
    );
  });
});

describe("hostile bytes", { timeout: TIMEOUT_MS }, () => {
  it("are refused or passed over as frames, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readHostile(bytes);
      }),
      runs(10_000),
    );
  });

  it("are refused or passed over behind the head of each type", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.nat(50),
        fc.uint8Array({ maxLength: 80 }),
        (items, type, rest) => {
          readHostile(Buffer.concat([Buffer.of(0x90 | items, type), rest]));
        },
      ),
      runs(20_000),
    );
  });

  it("in a message that was right change it or get it refused", () => {
    const seen = { read: 0, refused: 0 };
    fc.assert(
      fc.property(
        anyMessage,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (message, hits) => {
          const [frame] = framesOf([encodeMessage(message)]);
          const bytes = frame as Buffer;
          for (const [place, value] of hits) bytes[place % Math.min(bytes.length, 60)] = value;
          seen[readHostile(bytes)] += 1;
        },
      ),
      runs(4000),
    );
    // Both must have happened, or the property looked at nothing.
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(0);
  });

  it("of each single value at each place of a short message do no harm", () => {
    const frame = encodeMessage({
      kind: "groupBroadcastData",
      groupName: "g",
      excludedList: ["a"],
      payloads: [["json", Buffer.of(1)]],
      excludedUserList: ["u"],
      callerUserId: null,
      ext: { tracingId: 300n, filter: "f" },
    }).subarray(1);
    for (let place = 0; place < frame.length; place += 1) {
      for (let value = 0; value < 256; value += 1) {
        const bytes = Buffer.from(frame);
        bytes[place] = value;
        readHostile(bytes);
      }
    }
    expect(frame.length).toBeGreaterThan(20);
  });

  it("as a stream give frames within the limit or end it", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
        const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        try {
          let size = 0;
          for (const frame of framesOf(chunks, 100)) {
            expect(frame.length).toBeLessThanOrEqual(100);
            size += frame.length + 1;
          }
          expect(size).toBeLessThanOrEqual(total);
        } catch (error) {
          expect(error).toBeInstanceOf(SignalRError);
        }
      }),
      runs(5000),
    );
  });

  it("take no memory for what they only promise", () => {
    const promises = ["c6ffffffff", "dbffffffff", "ddffffffff", "dfffffffff", "c9ffffffff", "dd00ffffff", "de00ff"];
    const before = process.memoryUsage();
    for (let type = 1; type <= 43; type += 1) {
      for (let place = 0; place < 7; place += 1) {
        for (const promise of promises) {
          const items = Array.from({ length: 7 }, (_, index) => (index === place ? promise : "a161"));
          readHostile(Buffer.from(`98${type.toString(16).padStart(2, "0")}${items.join("")}`, "hex"));
        }
      }
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(64 * 1024 * 1024);
  });
});
