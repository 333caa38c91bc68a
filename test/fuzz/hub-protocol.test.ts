import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHandshakeRequest, parseHandshakeResponse } from "../../src/protocol/hub/handshake.js";
import { createJsonHubProtocol } from "../../src/protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../src/protocol/hub/messagepack.js";
import type { HubMessage } from "../../src/protocol/hub/messages.js";
import { type HubProtocol, InvalidDataException } from "../../src/protocol/hub/protocol.js";
import { exactJsonValue, hubMessage, largeInteger, messagePackValue, plainValue } from "./hub-messages.arbitrary.js";

/** FUZZ_RUNS=1000 is the quick run, 100000 tries a hundred times as many examples of each property. */
const FACTOR = Number(process.env["FUZZ_RUNS"] ?? 1000) / 1000;
const runs = (count: number): fc.Parameters<unknown> => ({ numRuns: Math.max(1, Math.round(count * FACTOR)) });
const TIMEOUT_MS = Math.max(60_000, 60_000 * FACTOR);

const json = createJsonHubProtocol();
const exactJson = createJsonHubProtocol({ jsonBigIntegers: true });
const messagePack = createMessagePackHubProtocol();

const ENCODINGS = [
  { name: "JSON", protocol: json, value: plainValue },
  { name: "JSON with exact integers", protocol: exactJson, value: exactJsonValue },
  { name: "MessagePack", protocol: messagePack, value: messagePackValue },
] as const;

function readOne(protocol: HubProtocol, bytes: Uint8Array): HubMessage | undefined {
  expect(protocol.recordEnd(bytes, 0)).toBe(bytes.length);
  return protocol.read(bytes, 0, bytes.length);
}

/** Reads a stream as a connection does: keep what is left over, ask again with more. */
function readChunks(protocol: HubProtocol, chunks: readonly Uint8Array[]): (HubMessage | undefined)[] {
  const messages: (HubMessage | undefined)[] = [];
  let pending = Buffer.alloc(0);
  for (const chunk of chunks) {
    const searchedTo = pending.length;
    pending = Buffer.concat([pending, chunk]);
    let at = 0;
    for (;;) {
      const end = protocol.recordEnd(pending, at, Math.max(at, searchedTo));
      if (end < 0 || end > pending.length) break;
      messages.push(protocol.read(pending, at, end));
      at = end;
    }
    pending = pending.subarray(at);
  }
  expect(pending.length).toBe(0);
  return messages;
}

/** What hostile bytes may do: become messages, be waited for, or throw the one error. */
function readHostile(protocol: HubProtocol, bytes: Uint8Array): void {
  try {
    let at = 0;
    for (;;) {
      const end = protocol.recordEnd(bytes, at);
      if (end < 0 || end > bytes.length) return;
      expect(end).toBeGreaterThan(at);
      protocol.read(bytes, at, end);
      at = end;
    }
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDataException);
  }
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((left, right) => left - right);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

interface Damage {
  readonly at: number;
  readonly byte: number;
  readonly how: "replace" | "insert" | "remove" | "cut";
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(400),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0x1e, 0x22, 0x5b, 0x7b, 0x91, 0x81, 0xc1, 0xc7, 0xcf, 0xdb, 0xdd, 0xdf)),
  how: fc.constantFrom("replace", "insert", "remove", "cut"),
});

function damaged(bytes: Uint8Array, { at, byte, how }: Damage): Buffer {
  const place = at % (bytes.length + 1);
  if (how === "cut") return Buffer.from(bytes.subarray(0, place));
  const rest = bytes.subarray(how === "insert" ? place : place + 1);
  return Buffer.concat([bytes.subarray(0, place), how === "remove" ? Buffer.alloc(0) : Buffer.of(byte), rest]);
}

/** The bytes as one MessagePack record, so that damage reaches what is behind the prefix. */
function framed(body: Uint8Array): Buffer {
  const prefix: number[] = [];
  let rest = body.length;
  for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Uint8Array.from([...prefix, rest]), body]);
}

describe.each(ENCODINGS)("$name", ({ protocol, value }) => {
  const message = hubMessage(value);

  it(
    "gives back every message as it was",
    () => {
      fc.assert(
        fc.property(message, (one) => {
          expect(readOne(protocol, protocol.write(one))).toEqual(one);
        }),
        runs(1500),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "gives the same messages however the bytes are cut",
    () => {
      const places = fc.array(fc.nat(5000), { maxLength: 12 });
      fc.assert(
        fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), places, (messages, cuts) => {
          const bytes = Buffer.concat(messages.map((one) => protocol.write(one)));
          expect(readChunks(protocol, cutAt(bytes, cuts))).toEqual(messages);
        }),
        runs(400),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "gives the same messages byte by byte",
    () => {
      fc.assert(
        fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), (messages) => {
          const bytes = Buffer.concat(messages.map((one) => protocol.write(one)));
          const chunks = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
          expect(readChunks(protocol, chunks)).toEqual(messages);
        }),
        runs(60),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "refuses damaged messages with one kind of error",
    () => {
      fc.assert(
        fc.property(message, fc.array(damage, { minLength: 1, maxLength: 4 }), (one, damages) => {
          const whole = protocol.write(one);
          readHostile(protocol, damages.reduce(damaged, Buffer.from(whole)));
          if (protocol !== messagePack) return;
          const body = whole.subarray(whole.findIndex((byte) => byte < 0x80) + 1);
          readHostile(protocol, framed(damages.reduce(damaged, Buffer.from(body))));
        }),
        runs(2500),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "refuses noise with one kind of error",
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
          readHostile(protocol, noise);
          readHostile(protocol, framed(noise));
          readHostile(protocol, Buffer.concat([noise, Buffer.of(0x1e)]));
          // Behind the head of an invocation more of the noise is looked at.
          readHostile(protocol, framed(Buffer.concat([Buffer.from("960180c0a174", "hex"), noise])));
          readHostile(protocol, framed(Buffer.concat([Buffer.from("940280a131", "hex"), noise])));
        }),
        runs(3000),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "writes any value of the language, or says that it cannot",
    () => {
      const anything = fc.anything({
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
      });
      let written = 0;
      fc.assert(
        fc.property(anything, (result) => {
          let bytes: Uint8Array;
          try {
            bytes = protocol.write({ type: 3, invocationId: "1", hasResult: true, result });
          } catch (error) {
            // Keys of a Map that are no text, and bigints without a form.
            expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
            return;
          }
          written += 1;
          const read = readOneOrRefused(protocol, bytes);
          if (read !== undefined) expect(read).toMatchObject({ type: 3, hasResult: true });
        }),
        runs(1500),
      );
      expect(written).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

/** MessagePack may refuse to read a key named __proto__ that it was made to write. */
function readOneOrRefused(protocol: HubProtocol, bytes: Uint8Array): HubMessage | undefined {
  try {
    return readOne(protocol, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDataException);
    expect(Buffer.from(bytes).includes("__proto__")).toBe(true);
    return undefined;
  }
}

describe("integers of 64 bits", () => {
  it(
    "lose nothing in MessagePack, nor in JSON when asked for",
    () => {
      fc.assert(
        fc.property(largeInteger, (integer) => {
          const message: HubMessage = { type: 1, target: "t", arguments: [integer, { deep: [integer] }] };
          for (const protocol of [messagePack, exactJson]) {
            expect(readOne(protocol, protocol.write(message))).toEqual(message);
          }
        }),
        runs(1500),
      );
    },
    TIMEOUT_MS,
  );

  it(
    "that fit a number are numbers",
    () => {
      fc.assert(
        fc.property(fc.maxSafeInteger(), (integer) => {
          const message: HubMessage = { type: 2, invocationId: "1", item: [BigInt(integer), integer] };
          for (const protocol of [messagePack, exactJson, json]) {
            expect(readOne(protocol, protocol.write(message))).toMatchObject({ item: [integer + 0, integer + 0] });
          }
        }),
        runs(1500),
      );
    },
    TIMEOUT_MS,
  );
});

describe("the handshake", () => {
  it(
    "refuses noise with one kind of error",
    () => {
      const text = fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.constant('{"protocol":"json","version":1}'));
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.tuple(text, damage).map(([one, how]) => damaged(Buffer.from(one), how)),
      );
      fc.assert(
        fc.property(bytes, (noise) => {
          for (const parse of [parseHandshakeRequest, parseHandshakeResponse]) {
            const record = Buffer.concat([noise, Buffer.of(0x1e)]);
            try {
              expect(parse(record)?.consumed).toBe(record.indexOf(0x1e) + 1);
            } catch (error) {
              if (!(error instanceof InvalidDataException)) throw error;
            }
          }
        }),
        runs(3000),
      );
    },
    TIMEOUT_MS,
  );
});
