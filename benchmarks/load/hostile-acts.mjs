// What a client can do that wants to harm, each as a function that runs until `world.isOver`.
import { once } from "node:events";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { WebSocket } from "ws";
import { callRecord } from "../lib/calls.mjs";
import { openClient, openSocket } from "../lib/raw-clients.mjs";

const SENT_PER_TURN = 100;
const MOST_UNSENT_BYTES = 4 * 1024 * 1024;
const BACK_AFTER_MS = 100;

/** Sends what `make` gives, as fast as the other side takes it. */
async function flood(world, socket, make) {
  for (let number = 0; !world.isOver && socket.readyState === WebSocket.OPEN; await nextTurn()) {
    if (socket.bufferedAmount > MOST_UNSENT_BYTES) {
      await delay(1);
      continue;
    }
    for (let count = 0; count < SENT_PER_TURN; count += 1, number += 1) socket.send(make(number));
  }
}

/** An act of one client that comes back each time it is thrown out. */
function comingBack(act, open = openClient) {
  return async (world) => {
    while (!world.isOver) {
      const socket = await open(world.target);
      socket.on("message", (data) => {
        const reason = /"type":7,"error":"([^"]*)"/.exec(data.latin1Slice())?.[1];
        if (reason !== undefined) world.reason ??= reason;
      });
      const closed = once(socket, "close");
      world.over.then(() => socket.terminate());
      await act(world, socket);
      const [code] = await closed;
      if (world.isOver) return;
      world.thrownOut += 1;
      world.code ??= code;
      await delay(BACK_AFTER_MS);
    }
  };
}

const call = (target, args) => (number) => callRecord(target, args, String(number));
const stream = (target, number) => `{"type":4,"invocationId":"${number}","target":"${target}","arguments":[]}\u001e`;

export const ACTS = {
  "nobody (to compare with)": (world) => world.over,
  "a program that keeps one core busy (to compare with)": async (world) => {
    while (!world.isOver) {
      const until = performance.now() + 50;
      while (performance.now() < until);
      await nextTurn();
    }
  },
  "calls without a pause": comingBack((world, socket) => flood(world, socket, call("echo", ["x"]))),
  "calls without a pause, reads no answer": comingBack((world, socket) => {
    socket.pause();
    return flood(world, socket, call("echo", ["x".repeat(1000)]));
  }),
  "calls of a method that takes a second": comingBack((world, socket) => flood(world, socket, call("slow", []))),
  "calls of methods that do not exist": comingBack((world, socket) => flood(world, socket, call("nothing", []))),
  "pings without a pause": comingBack((world, socket) => flood(world, socket, () => '{"type":6}\u001e')),
  "opens 10,000 streams without an end": comingBack(async (world, socket) => {
    for (let number = 0; number < 10_000; number += 1) socket.send(stream("ticks", number));
    await world.over;
  }),
  "a stream without an end or a pause": comingBack(async (world, socket) => {
    socket.send(stream("endless", 1));
    await Promise.race([world.over, once(socket, "close")]);
  }),
  "a stream without an end or a pause, never read": comingBack(async (world, socket) => {
    socket.send(stream("endless", 1));
    socket.pause();
    await Promise.race([world.over, once(socket, "close")]);
  }),
  "an upload that the method does not read": comingBack(async (world, socket) => {
    socket.send(callRecord("ignore", [], "0", ["s"]));
    await flood(world, socket, () => `{"type":2,"invocationId":"s","item":"${"x".repeat(1000)}"}\u001e`);
  }),
  "calls that wait for its own answer": comingBack((world, socket) => flood(world, socket, call("ask", []))),
  "joins a new group with each call": comingBack((world, socket) =>
    flood(world, socket, (number) => callRecord("join", [`group-${number}`], String(number))),
  ),
  "messages of 1 MB": comingBack((world, socket) => {
    const record = callRecord("echo", ["x".repeat(1_000_000)], "1");
    return flood(world, socket, () => record);
  }),
  "what is nested 10,000 deep": comingBack((world, socket) => {
    const record = `{"type":1,"target":"echo","arguments":[${"[".repeat(10_000)}${"]".repeat(10_000)}]}\u001e`;
    return flood(world, socket, () => record);
  }),
  "noise instead of the protocol": comingBack((world, socket) => flood(world, socket, () => "\u0000{[\u001e")),
  "comes and goes without a pause": async (world) => {
    const come = async () => {
      while (!world.isOver) {
        const socket = await openClient(world.target);
        socket.terminate();
      }
    };
    await Promise.all(Array.from({ length: 20 }, come));
  },
  "1,000 connections that never shake hands": async (world) => {
    const sockets = [];
    while (sockets.length < 1000 && !world.isOver) sockets.push(await openSocket(world.target));
    await world.over;
    for (const socket of sockets) socket.terminate();
  },
};
