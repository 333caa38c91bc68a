// What finding the session of a message costs, by the number of clients: the id is read from the frame, then looked up.
//
//   npm run build && node benchmarks/micro/sessions.bench.mjs
import { randomBytes } from "node:crypto";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { FrameReader } from "../../dist/protocol/frames.js";
import { decodeMessage, encodeMessage } from "../../dist/protocol/service/codec.js";

const payload = Buffer.from('{"type":6}\u001e');
const FRAMES = 4096;

function clients(count, idOf) {
  const sessions = new Map(Array.from({ length: count }, (_, index) => [idOf(index), { index }]));
  const ids = [...sessions.keys()];
  const frames = Array.from({ length: FRAMES }, () => {
    const connectionId = ids[Math.floor(Math.random() * count)];
    return encodeMessage({ kind: "connectionData", connectionId, payload });
  });
  return { sessions, frames };
}

const ordinary = () => randomBytes(16).toString("base64url");
/** Ids that differ only in their last characters, and long ones. */
const alike = (index) => `${"x".repeat(190)}${String(index).padStart(10, "0")}`;

group("read a frame and find its session", () => {
  summary(() => {
    for (const [name, count, idOf] of [
      ["1,000 clients", 1000, ordinary],
      ["10,000 clients", 10_000, ordinary],
      ["50,000 clients", 50_000, ordinary],
      ["50,000 clients, ids of 200 characters", 50_000, alike],
    ]) {
      const { sessions, frames } = clients(count, idOf);
      const reader = new FrameReader();
      let next = 0;
      const found = (frame) => do_not_optimize(sessions.get(decodeMessage(frame).connectionId).index);
      const look = () => {
        reader.push(frames[next], found);
        next = (next + 1) % FRAMES;
      };
      const entry = bench(name, look);
      if (count === 1000) entry.baseline();
    }
  });
});

await run();
