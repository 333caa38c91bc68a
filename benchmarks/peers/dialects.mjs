import { once } from "node:events";

const RECORD_END = 0x1e;
const [ONE, TWO, THREE, FOUR, LOWER_I] = [0x31, 0x32, 0x33, 0x34, 0x69];

/**
 * How a bare websocket speaks to each server. `open` gives the address of one client, `greet` makes the client known, `call`
 * writes a call, `read` tells an answer and a message of others apart by their first bytes: reading more would only cost
 * the machine time. All three servers answer the calls of a client in order.
 */
export const DIALECTS = {
  signalr: {
    async open({ negotiateUrl }) {
      const { url, accessToken } = await (await fetch(negotiateUrl, { method: "POST" })).json();
      return { url: url.replace(/^http/, "ws"), headers: { Authorization: `Bearer ${accessToken}` } };
    },
    async greet(socket) {
      socket.send('{"protocol":"json","version":1}\u001e');
      await once(socket, "message");
    },
    call: (target, args) =>
      `{"type":1,"invocationId":"7","target":"${target}","arguments":${JSON.stringify(args)}}\u001e`,
    read(data, onAnswer, onNews) {
      for (let at = 0; at < data.length; at = data.indexOf(RECORD_END, at) + 1) {
        if (data[at + 8] === THREE) onAnswer();
        else if (data[at + 8] === ONE) onNews();
      }
    },
  },

  socketIo: {
    open: async ({ port }) => ({ url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, headers: {} }),
    async greet(socket) {
      // The first message may come with the answer to the upgrade, so the socket is asked for it before it is open.
      await socket.firstMessage;
      socket.send("40");
      await once(socket, "message");
    },
    call: (target, args) => `427${JSON.stringify([target, ...args])}`,
    read(data, onAnswer, onNews, socket) {
      if (data[0] === TWO) socket.send("3");
      else if (data[0] === FOUR && data[1] === THREE) onAnswer();
      else if (data[0] === FOUR && data[1] === TWO) onNews();
    },
  },

  bare: {
    open: async ({ port }) => ({ url: `ws://127.0.0.1:${port}/`, headers: {} }),
    greet: async () => {},
    call: (target, args) => `{"id":"7","target":"${target}","arguments":${JSON.stringify(args)}}`,
    read(data, onAnswer, onNews) {
      if (data[2] === LOWER_I) onAnswer();
      else onNews();
    },
  },
};
