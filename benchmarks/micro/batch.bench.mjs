// What the messages of one turn cost to write to a real websocket: joined by the batch, and one websocket message each.
//
//   npm run build && node benchmarks/micro/batch.bench.mjs
import { once } from "node:events";
import { bench, group, run, summary } from "mitata";
import { WebSocket, WebSocketServer } from "ws";
import { CONNECTION_DEFAULTS } from "../../dist/connections/tuning.js";
import { WriteBatch } from "../../dist/connections/write-batch.js";
import { encodeMessage } from "../../dist/protocol/service/codec.js";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
await once(server, "listening");
let received = 0;
let wanted = 0;
let onArrival = () => {};
server.on("connection", (socket) => {
  socket.on("message", (bytes) => {
    received += bytes.length;
    if (received >= wanted) onArrival();
  });
});
const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}`, { perMessageDeflate: false });
await once(socket, "open");

const batch = new WriteBatch({ ...CONNECTION_DEFAULTS, transmit: (bytes, onSent) => socket.send(bytes, onSent) });
const data = (payload) => ({ kind: "connectionData", connectionId: "0123456789abcdefABCDE-_", payload });
const small = data(Buffer.from('{"type":3,"invocationId":"1","result":"hello"}\u001e'));
const megabyte = data(Buffer.alloc(1024 * 1024, 0x61));

/** Resolves when all of it has come out at the other end. */
const through = (count, message, write) => () => {
  received = 0;
  wanted = count * encodeMessage(message).length;
  return new Promise((resolve) => {
    onArrival = resolve;
    for (let index = 0; index < count; index += 1) write(message);
  });
};
const joined = (message) => batch.append(message);
const single = (message) => socket.send(encodeMessage(message));

for (const [name, count, message] of [
  ["100 answers of one turn", 100, small],
  ["10,000 answers of one turn", 10_000, small],
  ["one answer alone", 1, small],
  ["16 messages of 1 MB", 16, megabyte],
]) {
  group(name, () => {
    summary(() => {
      bench("joined", through(count, message, joined)).baseline();
      bench("one websocket message each", through(count, message, single));
    });
  });
}

await run();
socket.terminate();
server.close();
