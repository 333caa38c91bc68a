// Three servers that do the same for their clients: echo, a message to all, a message to a group, joining a group.
import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { playRole } from "../lib/peer.mjs";

async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

await playRole({
  async emulator() {
    const { startEmulator } = await import("azure-signalr-server/emulator");
    const { connectionString } = await startEmulator({ port: 0 });
    return { ready: { connectionString } };
  },

  async host({ connectionString }) {
    const { Hub, signalr } = await import("azure-signalr-server");
    class BenchHub extends Hub {
      echo(text) {
        return text;
      }
      async broadcast(text) {
        await this.clients.all.send("news", text);
      }
      async toGroup(group, text) {
        await this.clients.group(group).send("news", text);
      }
      async join(group) {
        await this.groups.add(this.context.connectionId, group);
      }
    }
    const hubs = signalr.named("signalr", { connectionString, configuration: { values: {} } });
    hubs.mapHub("/bench", BenchHub);
    const port = await listen(createServer(hubs));
    await hubs.started();
    return { ready: { negotiateUrl: `http://127.0.0.1:${port}/bench/negotiate` } };
  },

  async socketIo() {
    const { Server } = await import("socket.io");
    const http = createServer();
    const io = new Server(http, { transports: ["websocket"], serveClient: false });
    io.on("connection", (socket) => {
      socket.on("echo", (text, answer) => answer(text));
      socket.on("broadcast", (text, answer) => {
        io.emit("news", text);
        answer();
      });
      socket.on("toGroup", (group, text, answer) => {
        io.to(group).emit("news", text);
        answer();
      });
      socket.on("join", async (group, answer) => {
        await socket.join(group);
        answer();
      });
    });
    return { ready: { port: await listen(http) } };
  },

  /** What one would write with nothing but `ws`: no acknowledged groups, no keep-alive, no limits. */
  async bare() {
    const http = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: false });
    const groups = new Map();
    const sendTo = (sockets, args) => {
      const message = JSON.stringify({ target: "news", arguments: args });
      for (const socket of sockets) socket.send(message);
    };
    server.on("connection", (socket) => {
      const joined = new Set();
      const methods = {
        echo: (text) => text,
        broadcast: (text) => sendTo(server.clients, [text]),
        toGroup: (group, text) => sendTo(groups.get(group) ?? [], [text]),
        join(group) {
          joined.add(group);
          if (!groups.has(group)) groups.set(group, new Set());
          groups.get(group).add(socket);
        },
      };
      socket.on("message", (data) => {
        const { id, target, arguments: args } = JSON.parse(data.toString());
        const result = methods[target](...args);
        socket.send(JSON.stringify({ id, result }));
      });
      socket.on("close", () => {
        for (const group of joined) groups.get(group)?.delete(socket);
      });
    });
    return { ready: { port: await listen(http) } };
  },
});
