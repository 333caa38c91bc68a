// All clients of the comparison with other servers, in one process: bare websockets, whatever they talk to.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { playRole } from "../lib/peer.mjs";
import { percentiles } from "../lib/statistics.mjs";
import { DIALECTS } from "./dialects.mjs";

const TEXT = "hello world, this is a message";
const CONNECTING_AT_ONCE = 50;

/** Its answers come in order, so a queue of times is enough to know how long each took. */
class Client {
  #dialect;
  #socket;
  #began = [];
  onAnswer = () => {};
  onNews = () => {};

  constructor(dialect, socket) {
    this.#dialect = dialect;
    this.#socket = socket;
    const answered = () => this.onAnswer(performance.now() - this.#began.shift());
    const news = () => this.onNews();
    socket.on("message", (data) => dialect.read(data, answered, news, socket));
  }

  static async open(dialect, target) {
    const { url, headers } = await dialect.open(target);
    const socket = new WebSocket(url, { headers, perMessageDeflate: false, skipUTF8Validation: true });
    socket.firstMessage = new Promise((resolve) => socket.once("message", resolve));
    await once(socket, "open");
    await dialect.greet(socket);
    return new Client(dialect, socket);
  }

  call(target, args) {
    this.#began.push(performance.now());
    this.#socket.send(this.#dialect.call(target, args));
  }

  async close() {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}

const clients = [];

/** Calls as long as `forMs` lasts, and waits for the last answers. */
async function conversation(forMs, onAnswer, begin) {
  const latencies = [];
  const began = performance.now();
  let under = 0;
  let isOver = false;
  const call = (client, target, args) => {
    under += 1;
    client.call(target, args);
  };
  for (const [index, client] of clients.entries()) {
    client.onAnswer = (latency) => {
      under -= 1;
      latencies.push(latency);
      if (!isOver) onAnswer(client, index, call);
    };
  }
  const stop = begin(call, began);
  await delay(forMs);
  isOver = true;
  stop?.();
  const seconds = (performance.now() - began) / 1000;
  while (under > 0) await delay(5);
  const [p50, p99] = percentiles(latencies, [0.5, 0.99]);
  return { messages: latencies.length, seconds, p50, p99 };
}

/** Each client does the same again as soon as it is answered. */
function closedLoop(forMs, target, argsOf) {
  const again = (client, index, call) => call(client, target, argsOf(index));
  return conversation(forMs, again, (call) => {
    for (const [index, client] of clients.entries()) again(client, index, call);
  });
}

const actions = {
  async connect({ dialect, count, target }) {
    const began = performance.now();
    while (clients.length < count) {
      const size = Math.min(CONNECTING_AT_ONCE, count - clients.length);
      const opening = Array.from({ length: size }, () => Client.open(DIALECTS[dialect], target));
      clients.push(...(await Promise.all(opening)));
    }
    return { messages: count, seconds: (performance.now() - began) / 1000 };
  },

  echo: ({ forMs }) => closedLoop(forMs, "echo", () => [TEXT]),

  /** At even distances, whatever the answers do. */
  paced({ forMs, perSecond }) {
    return conversation(
      forMs,
      () => {},
      (call, began) => {
        let sent = 0;
        const timer = setInterval(() => {
          const due = ((performance.now() - began) / 1000) * perSecond;
          for (; sent < due; sent += 1) call(clients[sent % clients.length], "echo", [TEXT]);
        }, 1);
        return () => clearInterval(timer);
      },
    );
  },

  /** Counted are the copies that arrive. */
  async groups({ forMs, size }) {
    const groupOf = (index) => `group-${Math.floor(index / size)}`;
    const joined = clients.map(
      (client, index) =>
        new Promise((resolve) => {
          client.onAnswer = resolve;
          client.call("join", [groupOf(index)]);
        }),
    );
    await Promise.all(joined);
    let copies = 0;
    for (const client of clients) {
      client.onNews = () => {
        copies += 1;
      };
    }
    const result = await closedLoop(forMs, "toGroup", (index) => [groupOf(index), TEXT]);
    return { ...result, messages: copies };
  },

  /** One client sends to all, again when all of them have it. */
  async broadcast({ times }) {
    let missing = 0;
    let arrived = () => {};
    for (const client of clients) {
      client.onAnswer = () => {};
      client.onNews = () => {
        missing -= 1;
        if (missing === 0) arrived();
      };
    }
    const latencies = [];
    const began = performance.now();
    for (let time = 0; time < times; time += 1) {
      missing = clients.length;
      const everywhere = new Promise((resolve) => {
        arrived = resolve;
      });
      const sent = performance.now();
      clients[0].call("broadcast", [TEXT]);
      await everywhere;
      latencies.push(performance.now() - sent);
    }
    const seconds = (performance.now() - began) / 1000;
    const [p50, p99] = percentiles(latencies, [0.5, 0.99]);
    return { messages: times * clients.length, seconds, p50, p99 };
  },

  async disconnect() {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  },
};

await playRole({ clients: async () => ({ ready: {}, ...actions }) });
