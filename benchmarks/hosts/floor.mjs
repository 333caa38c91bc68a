// The floor of the path: the least that a hub server in Node has to do for a call. It reads the service's messages, parses
// the hub message, calls a function and writes the answer, all of one turn in one websocket message. No filters, no
// limits, no streams, no groups, no order of calls, no errors, no reconnect: nothing that one could leave out is there.
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { FrameReader } from "../../dist/protocol/frames.js";
import { MsgpackWriter } from "../../dist/protocol/msgpack/writer.js";
import { appendMessage, decodeMessage } from "../../dist/protocol/service/codec.js";

const END = 0x1e;
const HANDSHAKE_ANSWER = Buffer.from("{}\u001e");

const methods = { echo: (text) => text, asyncEcho: (text) => text };
const port = /Port=(\d+)/.exec(process.env.BENCH_CONNECTION_STRING)?.[1];
const count = Number(process.env.BENCH_CONNECTIONS ?? 2);

function connect() {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/server/?hub=benchhub&cid=${randomUUID()}`, {
    perMessageDeflate: false,
  });
  const writer = new MsgpackWriter();
  const shaken = new Set();
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    socket.send(writer.take());
  };
  const send = (message) => {
    appendMessage(writer, message);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  };
  const frames = new FrameReader();
  const onFrame = (frame) => {
    const message = decodeMessage(frame);
    if (message?.kind !== "connectionData") return;
    const { connectionId, payload } = message;
    if (!shaken.has(connectionId)) {
      shaken.add(connectionId);
      send({ kind: "connectionData", connectionId, payload: HANDSHAKE_ANSWER });
      return;
    }
    const call = JSON.parse(payload.utf8Slice(0, payload.indexOf(END)));
    const method = methods[call.target];
    const result = JSON.stringify(method(...call.arguments));
    const answer = `{"type":3,"invocationId":"${call.invocationId}","result":${result}}\u001e`;
    send({ kind: "connectionData", connectionId, payload: Buffer.from(answer) });
  };
  socket.on("message", (bytes) => frames.push(bytes, onFrame));
  return new Promise((resolve) => {
    socket.on("open", () => {
      send({
        kind: "handshakeRequest",
        version: 1,
        connectionType: 0,
        target: "",
        migrationLevel: 0,
        allowStatefulReconnects: false,
      });
      resolve();
    });
  });
}

await Promise.all(Array.from({ length: count }, connect));
process.on("message", (request) => {
  if (request === "heap") {
    globalThis.gc?.();
    process.send({ heap: process.memoryUsage().heapUsed });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
