import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { FrameReader, putLengthPrefix } from "../../src/protocol/frames.js";
import { decodeMessage, encodeMessage } from "../../src/protocol/service/codec.js";
import type { ServiceMessage, ServiceMessageKind } from "../../src/protocol/service/messages.js";
import { CURRENT } from "./service-messages.js";
import { INVALID, TOLERATED, UNKNOWN } from "./service-odd-messages.js";

const MALFORMED = expect.objectContaining({ name: "SignalRError", code: "MESSAGE_MALFORMED" });

function framed(body: Uint8Array): string {
  const prefix = Buffer.alloc(5);
  const length = putLengthPrefix(prefix, 0, body.length);
  return Buffer.concat([prefix.subarray(0, length), body]).toString("hex");
}

function framesOf(chunks: readonly Uint8Array[]): string[] {
  const reader = new FrameReader();
  const frames: string[] = [];
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(frame.toString("hex")));
  return frames;
}

const counts: Record<string, number> = {};

function ran<T>(set: string, vectors: readonly T[]): readonly T[] {
  counts[set] = vectors.length;
  return vectors;
}

describe("service messages written by hand", () => {
  it.each(ran("own current", CURRENT))("reads and writes $name", ({ bytes, message }) => {
    expect(decodeMessage(bytes)).toEqual(message);
    expect(encodeMessage(message).toString("hex")).toBe(framed(bytes));
  });

  it.each(ran("own tolerated", TOLERATED))("reads $name", ({ bytes, message }) => {
    expect(decodeMessage(bytes)).toEqual(message);
    const [rewritten] = framesOf([encodeMessage(message)]);
    expect(decodeMessage(Buffer.from(rewritten ?? "", "hex"))).toEqual(message);
  });

  it.each(ran("own invalid", INVALID))("refuses $name", ({ bytes }) => {
    expect(() => decodeMessage(bytes)).toThrow(MALFORMED);
  });

  it.each(ran("own unknown", UNKNOWN))("passes over $name", ({ bytes }) => {
    expect(decodeMessage(bytes)).toBeUndefined();
  });

  it("covers each of the 43 kinds", () => {
    const kinds = new Set<ServiceMessageKind>(CURRENT.map((vector) => vector.message.kind));
    const types = new Set(CURRENT.map((vector) => vector.bytes[1]));
    expect(kinds.size).toBe(43);
    expect([...types].sort((left, right) => Number(left) - Number(right))).toEqual(
      Array.from({ length: 43 }, (_, index) => index + 1),
    );
  });

  it("does not fail in another way when a message is cut anywhere", () => {
    for (const { bytes, message } of CURRENT) {
      // What stands behind the operation of a flow control is never read.
      const needed = message.kind === "connectionFlowControl" ? bytes.length - 1 : bytes.length;
      for (let end = 0; end < needed; end += 1) {
        expect(() => decodeMessage(bytes.subarray(0, end))).toThrow(MALFORMED);
      }
    }
  });
});

interface SharedVector {
  readonly name: string;
  readonly set: "current" | "compat" | "extra" | "derived" | "invalid" | "unknown";
  readonly type: number;
  readonly messageType: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly binary: string;
  readonly framed: string;
  readonly write: boolean;
  readonly canonical?: string;
}

interface SharedVectors {
  readonly vectors: readonly SharedVector[];
  readonly framing: {
    readonly prefixes: ReadonlyArray<{ readonly length: number; readonly prefixHex: string }>;
    readonly invalidPrefixHex: readonly string[];
    readonly stream: { readonly base64: string; readonly messages: readonly string[] };
  };
  readonly largeData: {
    readonly payloadLength: number;
    readonly unframedLength: number;
    readonly framedLength: number;
    readonly framedHeadHex: string;
    readonly framedSha256: string;
  };
}

/** Shared test data lies beside the project, if at all. */
function sharedVectors(): SharedVectors | undefined {
  const folder = process.env["SHARED_DIR"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));
  const file = `${folder}/protocol/vectors.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SharedVectors) : undefined;
}

const base64 = (text: unknown): Buffer => Buffer.from(String(text), "base64");

/** The members of a message, from the way the shared data spells them to ours. */
function messageFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === "payload") message[name] = value === null ? null : base64(value);
    else if (name === "payloads") {
      message[name] = Object.entries(value as object).map(([protocol, payload]) => [protocol, base64(payload)]);
    } else if (name === "headers") message[name] = Object.entries(value as object);
    else if (name === "expireTime") message[name] = new Date(String(value));
    else if (name === "kind") message["eventKind"] = value;
    else if (name === "ext") {
      const { tracingId, ...others } = value as Record<string, unknown>;
      const ext = tracingId === undefined ? others : { ...others, tracingId: BigInt(String(tracingId)) };
      if (Object.keys(ext).length > 0) message["ext"] = ext;
    } else message[name] = value;
  }
  return message;
}

const shared = sharedVectors();

describe.skipIf(shared === undefined)("service messages of the shared test data", () => {
  const vectors = shared?.vectors ?? [];
  const messages = vectors.filter((vector) => vector.set !== "invalid" && vector.set !== "unknown");

  it.each(ran("shared messages", messages))("reads $name", (vector) => {
    const { kind: _kind, ...fields } = decodeMessage(base64(vector.binary)) as ServiceMessage;
    expect(fields).toEqual(messageFields(vector.fields));
  });

  const writable = messages.filter((vector) => vector.write || vector.canonical !== undefined);
  it.each(ran("shared messages to write", writable))("writes $name", (vector) => {
    const body = vector.canonical ?? vector.binary;
    const message = decodeMessage(base64(vector.binary)) as ServiceMessage;
    const bytes = encodeMessage(message).toString("hex");
    expect(bytes).toBe(framed(base64(body)));
    if (vector.write) expect(bytes).toBe(base64(vector.framed).toString("hex"));
  });

  const invalid = vectors.filter((vector) => vector.set === "invalid");
  it.each(ran("shared invalid", invalid))("refuses $name", (vector) => {
    expect(() => decodeMessage(base64(vector.binary))).toThrow(MALFORMED);
  });

  const unknown = vectors.filter((vector) => vector.set === "unknown");
  it.each(ran("shared unknown", unknown))("passes over $name", (vector) => {
    expect(decodeMessage(base64(vector.binary))).toBeUndefined();
  });

  it.each(ran("shared prefixes", shared?.framing.prefixes ?? []))(
    "writes the prefix of $length",
    ({ length, prefixHex }) => {
      const bytes = Buffer.alloc(5);
      expect(bytes.subarray(0, putLengthPrefix(bytes, 0, length)).toString("hex")).toBe(prefixHex);
    },
  );

  it.each(ran("shared invalid prefixes", shared?.framing.invalidPrefixHex ?? []))("refuses the prefix %s", (hex) => {
    expect(() => framesOf([Buffer.from(hex, "hex")])).toThrow(MALFORMED);
  });

  it("reads the stream cut at every byte", () => {
    const bytes = base64(shared?.framing.stream.base64);
    const expected = shared?.framing.stream.messages.map((name) =>
      base64(vectors.find((vector) => vector.name === name)?.binary).toString("hex"),
    );
    expect(expected).toHaveLength(3);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(framesOf([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
    }
    expect(framesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it("writes and reads a large payload", () => {
    const large = shared?.largeData;
    const payload = Buffer.alloc(large?.payloadLength ?? 0, "a");
    const bytes = encodeMessage({ kind: "connectionData", connectionId: "abc", payload });
    expect(bytes.length).toBe(large?.framedLength);
    expect(bytes.toString("hex")).toMatch(new RegExp(`^${large?.framedHeadHex}`));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(large?.framedSha256);
    const [frame] = framesOf([bytes]);
    expect(frame).toHaveLength((large?.unframedLength ?? 0) * 2);
    expect(decodeMessage(Buffer.from(frame ?? "", "hex"))).toEqual({
      kind: "connectionData",
      connectionId: "abc",
      payload,
    });
  });
});

afterAll(() => {
  const sets = Object.entries(counts).map(([set, count]) => `${set} ${count}`);
  console.log(`service vectors: ${sets.join(", ")}${shared === undefined ? "; no shared test data here" : ""}`);
});
