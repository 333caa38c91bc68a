// One process of the scale benchmarks, which plays what BENCH_ROLE says.
import { once } from "node:events";
import { createServer } from "node:http";
import { callRecord } from "../lib/calls.mjs";
import { playRole } from "../lib/peer.mjs";
import { openClients, pacedEcho } from "../lib/raw-clients.mjs";

const CALLS_AT_ONCE = 200;

await playRole({
  async service() {
    const { startEmulator } = await import("azure-signalr-server/emulator");
    const emulator = await startEmulator({ port: 0 });
    return { ready: { connectionString: emulator.connectionString } };
  },

  /** A hub server with so many hubs; says how to reach each of them. */
  async host({ connectionString, hubs: count = 1, connectionCount = 5 }) {
    const { Hub, signalr } = await import("azure-signalr-server");
    const hubs = signalr.named("signalr", { connectionString, connectionCount, configuration: { values: {} } });
    for (let index = 0; index < count; index += 1) {
      class ScaleHub extends Hub {
        static hubName = `scale${index}`;
        echo(value) {
          return value;
        }
        async join(group) {
          await this.groups.add(this.context.connectionId, group);
        }
        async toGroup(group, value) {
          await this.clients.group(group).send("news", value);
        }
        async toAll(value) {
          await this.clients.all.send("news", value);
        }
      }
      hubs.mapHub(`/hub${index}`, ScaleHub);
    }
    const server = createServer(hubs).listen(0, "127.0.0.1");
    await once(server, "listening");
    const began = performance.now();
    await hubs.started();
    const startMs = performance.now() - began;
    const targets = [];
    for (let index = 0; index < count; index += 1) {
      const url = `http://127.0.0.1:${server.address().port}/hub${index}/negotiate`;
      const { url: at, accessToken } = await (await fetch(url, { method: "POST" })).json();
      targets.push({ url: at.replace(/^http/, "ws"), accessToken });
    }
    return { ready: { targets, startMs } };
  },

  async clients() {
    const sockets = [];
    let onNews = () => {};
    /** Has `count` calls made, so many at a time, and waits for all answers and for `news` messages. */
    const callAll = async ({ count, target, argumentsOf, news = 0 }) => {
      let [answered, heard, next] = [0, 0, 0];
      await new Promise((resolve) => {
        const check = () => answered === count && heard >= news && resolve();
        const call = () => {
          if (next >= count) return;
          const socket = sockets[next % sockets.length];
          socket.send(callRecord(target, argumentsOf(next), String(next)));
          next += 1;
        };
        onNews = (data) => {
          // The head alone tells what it is: an answer, or what another client has had sent.
          if (data[8] === 0x33) {
            answered += 1;
            call();
          } else if (data[8] === 0x31) heard += 1;
          check();
        };
        for (let index = 0; index < CALLS_AT_ONCE; index += 1) call();
      });
      onNews = () => {};
    };
    return {
      ready: {},
      async connect({ targets, count }) {
        const each = Math.ceil((count - sockets.length) / targets.length);
        for (const target of targets) {
          const opened = await openClients(target, Math.min(each, count - sockets.length));
          for (const socket of opened) socket.on("message", (data) => onNews(data));
          sockets.push(...opened);
        }
      },
      echo: (input) => pacedEcho(sockets, input),
      /** Clients that follow each other are the members of a group, the next ones those of the next group. */
      join: ({ groups, members }) =>
        callAll({
          count: groups * members,
          target: "join",
          argumentsOf: (index) => [`group-${Math.floor(index / members)}`],
        }),
      toGroups: ({ groups, sends, news }) =>
        callAll({
          count: sends,
          target: "toGroup",
          argumentsOf: (index) => [`group-${index % groups}`, "x".repeat(30)],
          news,
        }),
      toAll: ({ sends }) =>
        callAll({ count: sends, target: "toAll", argumentsOf: () => ["x".repeat(30)], news: sends * sockets.length }),
    };
  },
});
