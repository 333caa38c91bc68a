// One process of emulator.mjs, which plays what BENCH_ROLE says. Asked, and answering, over the channel to its parent.
import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { playRole } from "../lib/peer.mjs";

const RECORD_END = "\u001e";
const HELLO = `{"protocol":"json","version":1}${RECORD_END}`;
const CONNECTING_AT_ONCE = 50;
const WEBSOCKET_OPTIONS = { perMessageDeflate: false, skipUTF8Validation: true };

const roles = {
  /** The emulator under test. */
  async emulator() {
    const { startEmulator } = await import("azure-signalr-server/emulator");
    const emulator = await startEmulator({ port: 0 });
    return { ready: { connectionString: emulator.connectionString } };
  },

  /** A hub host of this package, connected to the emulator. */
  async host({ connectionString }) {
    const { Hub, signalr } = await import("azure-signalr-server");
    class BenchHub extends Hub {
      echo(value) {
        return value;
      }
      spread(value) {
        this.clients.all.send("news", value);
      }
    }
    const hubs = signalr.named("signalr", { connectionString, configuration: { values: {} } });
    hubs.mapHub("/bench", BenchHub);
    const server = createServer(hubs).listen(0, "127.0.0.1");
    await once(server, "listening");
    await hubs.started();
    const negotiated = await fetch(`http://127.0.0.1:${server.address().port}/bench/negotiate`, { method: "POST" });
    const { url, accessToken } = await negotiated.json();
    return { ready: { url: url.replace(/^http/, "ws"), accessToken } };
  },

  /** What is compared with: the same conversation with clients that are connected to a bare `ws` server. */
  async bare() {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...WEBSOCKET_OPTIONS });
    await once(server, "listening");
    server.on("connection", (socket) => {
      socket.once("message", () => {
        socket.send(`{}${RECORD_END}`);
        socket.on("message", (data) => {
          const { invocationId, target, arguments: given } = JSON.parse(data.toString().slice(0, -1));
          if (target === "echo") {
            socket.send(JSON.stringify({ type: 3, invocationId, result: given[0] }) + RECORD_END);
          } else {
            const message = JSON.stringify({ type: 1, target: "news", arguments: given }) + RECORD_END;
            for (const client of server.clients) client.send(message);
          }
        });
      });
    });
    return { ready: { url: `ws://127.0.0.1:${server.address().port}/` } };
  },

  /** All clients. */
  async clients() {
    const sockets = [];
    let onNews = () => {};
    let answered = 0;
    let isCalling = false;
    let rest = 0;
    let onRest = () => {};
    const call = (socket) => {
      socket.send(`{"type":1,"invocationId":"7","target":"echo","arguments":["${"x".repeat(30)}"]}${RECORD_END}`);
    };
    const take = (socket, data) => {
      // The head alone tells what it is; reading more would only cost the machine time.
      if (data[8] === 0x33) {
        answered += 1;
        if (isCalling) {
          call(socket);
        } else {
          rest += 1;
          if (rest === sockets.length) onRest();
        }
      } else if (data[8] === 0x31) {
        onNews();
      }
    };
    const open = async ({ url, accessToken }) => {
      const headers = accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
      const socket = new WebSocket(url, { headers, ...WEBSOCKET_OPTIONS });
      await once(socket, "open");
      socket.send(HELLO);
      await once(socket, "message");
      socket.on("message", (data) => take(socket, data));
      sockets.push(socket);
    };
    return {
      ready: {},
      async connect({ count, ...target }) {
        while (sockets.length < count) {
          const size = Math.min(CONNECTING_AT_ONCE, count - sockets.length);
          await Promise.all(Array.from({ length: size }, () => open(target)));
        }
      },
      /** Each client calls again as soon as it is answered, for so many milliseconds. */
      async echo({ forMs }) {
        answered = 0;
        rest = 0;
        isCalling = true;
        const began = performance.now();
        for (const socket of sockets) call(socket);
        setTimeout(() => {
          isCalling = false;
        }, forMs);
        await new Promise((resolve) => {
          onRest = resolve;
        });
        return { messages: answered, seconds: (performance.now() - began) / 1000 };
      },
      /** One client has something sent to all, again when all of them have it, so many times. */
      async broadcast({ times }) {
        const began = performance.now();
        for (let time = 0; time < times; time += 1) {
          let missing = sockets.length;
          const arrived = new Promise((resolve) => {
            onNews = () => {
              missing -= 1;
              if (missing === 0) resolve();
            };
          });
          sockets[0].send(`{"type":1,"target":"spread","arguments":["${"x".repeat(30)}"]}${RECORD_END}`);
          await arrived;
        }
        return { messages: times * sockets.length, seconds: (performance.now() - began) / 1000 };
      },
      async disconnect() {
        const closed = sockets.map((socket) => once(socket, "close"));
        for (const socket of sockets) socket.close();
        await Promise.all(closed);
        sockets.length = 0;
      },
    };
  },
};

await playRole(roles);
