// What reading and writing a hub message costs, against the official JavaScript client's protocols on the same bytes.
//
//   npm run build && node benchmarks/micro/hub-codec.bench.mjs
import assert from "node:assert/strict";
import { JsonHubProtocol, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { createJsonHubProtocol } from "../../dist/protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../dist/protocol/hub/messagepack.js";

const call = (args, rest = {}) => ({ type: 1, invocationId: "42", target: "sendMessage", arguments: args, ...rest });
const document = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [`name${index}`, [index, `text ${index}`]]),
);

/** A usual message, then its adverse twins. */
const CASES = {
  "call with two texts": call(["ann", "hello there, how are you?"]),
  "completion with a text": { type: 3, invocationId: "42", result: "hello there, how are you?" },
  ping: { type: 6 },
  "call with an object of 200 members": call([document]),
  "call with a text of 30 kB": call(["x".repeat(30_000)]),
  "call with a text of 30 kB that needs escapes": call(['ü\n"'.repeat(7500)]),
  "call with 1,000 numbers": call([Array.from({ length: 1000 }, (_, index) => index * 1.5)]),
};

const PROTOCOLS = [
  ["JSON", createJsonHubProtocol(), new JsonHubProtocol(), (bytes) => Buffer.from(bytes).toString()],
  [
    "MessagePack",
    createMessagePackHubProtocol(),
    new MessagePackHubProtocol(),
    (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  ],
];

/** Texts become bytes on their way, too. */
const sent = (written) => (typeof written === "string" ? Buffer.from(written) : written);

for (const [format, ours, theirs, received] of PROTOCOLS) {
  for (const [name, message] of Object.entries(CASES)) {
    const bytes = Buffer.from(ours.write(message));
    const read = () => ours.read(bytes, 0, ours.recordEnd(bytes, 0));
    assert.equal(read().type, message.type);
    assert.equal(theirs.parseMessages(received(bytes), NullLogger.instance)[0].type, message.type);
    group(`${format}: ${name}`, () => {
      summary(() => {
        bench("write", () => do_not_optimize(ours.write(message))).baseline();
        bench("write with the official client's", () => do_not_optimize(sent(theirs.writeMessage(message))));
      });
      summary(() => {
        bench("read", () => do_not_optimize(read())).baseline();
        bench("read with the official client's", () =>
          do_not_optimize(theirs.parseMessages(received(bytes), NullLogger.instance)),
        );
      });
    });
  }
}

await run();
