import { once } from "node:events";
import { WebSocket } from "ws";
import { callRecord } from "./calls.mjs";
import { percentiles } from "./statistics.mjs";

const HELLO = '{"protocol":"json","version":1}\u001e';
const CONNECTING_AT_ONCE = 50;

/** A websocket to the service, without handshake: bare clients cost the machine less than a client library does. */
export async function openSocket({ url, accessToken }) {
  const headers = accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false, skipUTF8Validation: true });
  await once(socket, "open");
  // What goes wrong later shows as the close that follows.
  socket.on("error", () => {});
  return socket;
}

/** A client that the hub knows. */
export async function openClient(target) {
  const socket = await openSocket(target);
  socket.send(HELLO);
  await once(socket, "message");
  return socket;
}

/** So many clients, a few at a time. */
export async function openClients(target, count) {
  const sockets = [];
  while (sockets.length < count) {
    const size = Math.min(CONNECTING_AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: size }, () => openClient(target)))));
  }
  return sockets;
}

export async function closeAll(sockets) {
  const open = sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
  const closed = open.map((socket) => once(socket, "close"));
  for (const socket of open) socket.close();
  await Promise.all(closed);
}

/**
 * Calls `echo` at even distances, whatever the answers do, for so many milliseconds; and waits up to five seconds for the
 * last answers. Latencies are milliseconds.
 */
export async function pacedEcho(sockets, { perSecond, forMs, text = "hello world, this is a message" }) {
  const latencies = [];
  const sentAt = new Map();
  const take = (data) => {
    const id = /"type":3,"invocationId":"(\d+)"/.exec(data.latin1Slice(0, Math.min(data.length, 60)))?.[1];
    const began = sentAt.get(id);
    if (began === undefined) return;
    sentAt.delete(id);
    latencies.push(performance.now() - began);
  };
  for (const socket of sockets) socket.on("message", take);
  const begun = performance.now();
  let sent = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const passed = performance.now() - begun;
      for (; sent < (passed / 1000) * perSecond; sent += 1) {
        const id = String(sent);
        sentAt.set(id, performance.now());
        sockets[sent % sockets.length].send(callRecord("echo", [text], id));
      }
      if (passed < forMs) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  const seconds = (performance.now() - begun) / 1000;
  for (let round = 0; sentAt.size > 0 && round < 100; round += 1) await new Promise((next) => setTimeout(next, 50));
  for (const socket of sockets) socket.off("message", take);
  const answered = latencies.length;
  const [p50, p99, max] = percentiles(latencies, [0.5, 0.99, 1]);
  return { sent, answered, unanswered: sentAt.size, seconds, p50, p99, max };
}
