// What reading and writing a service message costs, against a general MessagePack library on the same values.
//
//   npm run build && node benchmarks/micro/service-codec.bench.mjs
//
// Rounds of all rivals alternate; the table shows the median and the spread. Each output is checked before it is timed.
import assert from "node:assert/strict";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { FrameReader, lengthPrefixSize, putLengthPrefix } from "../../dist/protocol/frames.js";
import { MsgpackWriter } from "../../dist/protocol/msgpack/writer.js";
import { appendMessage, decodeMessage, encodeMessage } from "../../dist/protocol/service/codec.js";

const ROUNDS = 9;
const ROUND_MS = 60;
const BATCH_BYTES = 16 * 1024;

const hello = Buffer.from('{"type":1,"target":"messageReceived","arguments":["ann","hello there"]}\x1e');
const megabyte = Buffer.alloc(1024 * 1024, 0x61);
const id = "0123456789abcdefABCDE-_";

/** Usual messages, each with an adverse twin. */
const CASES = [
  ["connectionData", { kind: "connectionData", connectionId: id, payload: hello }],
  ["id of 200 characters", { kind: "connectionData", connectionId: id.repeat(9).slice(0, 200), payload: hello }],
  ["id that is not ASCII", { kind: "connectionData", connectionId: `${id}ü`, payload: hello }],
  ["payload of 1 MB", { kind: "connectionData", connectionId: id, payload: megabyte }],
  [
    "broadcast, two protocols",
    {
      kind: "broadcastData",
      excludedList: [],
      payloads: [
        ["json", hello],
        ["messagepack", hello],
      ],
    },
  ],
  [
    "broadcast, 1,000 excluded",
    { kind: "broadcastData", excludedList: Array(1000).fill(id), payloads: [["json", hello]] },
  ],
];

/** The same message as the values that the general library takes. */
function generic(message) {
  if (message.kind === "connectionData") return [6, message.connectionId, message.payload, {}];
  return [10, message.excludedList, Object.fromEntries(message.payloads), {}];
}

/** Printed at the end, so that no result can be optimised away. */
let sink = 0;

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

function contenders(message) {
  const value = generic(message);
  const frame = encodeMessage(message);
  assert.deepEqual(frameOfGeneric(value), frame);
  const chunk = Buffer.concat(Array(Math.max(1, Math.floor(BATCH_BYTES / frame.length))).fill(frame));
  const writer = new MsgpackWriter();
  const readOurs = (bytes) => {
    sink += decodeMessage(bytes).kind.length;
  };
  const readTheirs = (bytes) => {
    sink += decoder.decode(bytes).length;
  };
  const ours = new FrameReader();
  const theirs = new FrameReader();
  return {
    write: () => {
      appendMessage(writer, message);
      if (writer.length > BATCH_BYTES) sink += writer.take().length;
      return 1;
    },
    "write @msgpack/msgpack": () => {
      sink += frameOfGeneric(value).length;
      return 1;
    },
    read: () => {
      ours.push(chunk, readOurs);
      return chunk.length / frame.length;
    },
    "read @msgpack/msgpack": () => {
      theirs.push(chunk, readTheirs);
      return chunk.length / frame.length;
    },
  };
}

/** Of CPU time, which stays the same when other processes take their share. */
function nanosecondsPerMessage(run) {
  let messages = 0;
  let microseconds = 0;
  const begin = process.cpuUsage();
  while (microseconds < ROUND_MS * 1000) {
    for (let turn = 0; turn < 20; turn += 1) messages += run();
    const used = process.cpuUsage(begin);
    microseconds = used.user + used.system;
  }
  return (microseconds * 1000) / messages;
}

const rows = [];
for (const [name, message] of CASES) {
  const runs = Object.entries(contenders(message));
  const samples = runs.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, [, run]] of runs.entries()) samples[index].push(nanosecondsPerMessage(run));
  }
  for (const [index, [what]] of runs.entries()) {
    const sorted = samples[index].sort((left, right) => left - right);
    const median = sorted[ROUNDS >> 1];
    rows.push({
      message: name,
      what,
      "ns/message": Math.round(median),
      spread: `${Math.round(sorted[0])} - ${Math.round(sorted[ROUNDS - 1])}`,
      "messages a CPU second": Math.round(1e9 / median).toLocaleString("en"),
    });
  }
}
console.log(`Node ${process.version}, ${ROUNDS} rounds of ${ROUND_MS} ms CPU each, alternating; checksum ${sink}`);
console.table(rows);
