// What reading and writing a service message costs, against a general MessagePack library on the same values.
//
//   npm run build && node benchmarks/micro/service-codec.bench.mjs
import assert from "node:assert/strict";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { FrameReader, lengthPrefixSize, putLengthPrefix } from "../../dist/protocol/frames.js";
import { MsgpackWriter } from "../../dist/protocol/msgpack/writer.js";
import { appendMessage, decodeMessage, encodeMessage } from "../../dist/protocol/service/codec.js";

const BATCH_BYTES = 16 * 1024;

const hello = Buffer.from('{"type":1,"target":"messageReceived","arguments":["ann","hello there"]}\x1e');
const megabyte = Buffer.alloc(1024 * 1024, 0x61);
const id = "0123456789abcdefABCDE-_";
const data = (connectionId, payload) => ({ kind: "connectionData", connectionId, payload });

/** A usual message, then its adverse twins. */
const CASES = {
  connectionData: data(id, hello),
  "connectionData, id of 200 characters": data(id.repeat(9).slice(0, 200), hello),
  "connectionData, id that is not ASCII": data(`${id}ü`, hello),
  "connectionData, payload of 1 MB": data(id, megabyte),
  "connectionData, payload of 1 byte": data(id, hello.subarray(0, 1)),
  "broadcast in two protocols": {
    kind: "broadcastData",
    excludedList: [],
    payloads: [
      ["json", hello],
      ["messagepack", hello],
    ],
  },
  "broadcast, 1,000 excluded": {
    kind: "broadcastData",
    excludedList: Array(1000).fill(id),
    payloads: [["json", hello]],
  },
};

/** The same message as the values that the general library takes. */
function generic(message) {
  if (message.kind === "connectionData") return [6, message.connectionId, message.payload, {}];
  return [10, message.excludedList, Object.fromEntries(message.payloads), {}];
}

const encoder = new Encoder();
const decoder = new Decoder();

function frameOfGeneric(value) {
  const body = encoder.encode(value);
  const prefix = lengthPrefixSize(body.length);
  const frame = Buffer.allocUnsafe(prefix + body.length);
  putLengthPrefix(frame, 0, body.length);
  frame.set(body, prefix);
  return frame;
}

for (const [name, message] of Object.entries(CASES)) {
  const value = generic(message);
  const frame = encodeMessage(message);
  assert.deepEqual(frameOfGeneric(value), frame);
  const writer = new MsgpackWriter();
  const ours = new FrameReader();
  const theirs = new FrameReader();
  group(name, () => {
    summary(() => {
      bench("write", () => {
        appendMessage(writer, message);
        if (writer.length > BATCH_BYTES) do_not_optimize(writer.take());
      }).baseline();
      bench("write with @msgpack/msgpack", () => do_not_optimize(frameOfGeneric(value)));
    });
    summary(() => {
      bench("read", () => ours.push(frame, (bytes) => do_not_optimize(decodeMessage(bytes)))).baseline();
      bench("read with @msgpack/msgpack", () => theirs.push(frame, (bytes) => do_not_optimize(decoder.decode(bytes))));
    });
  });
}

await run();
