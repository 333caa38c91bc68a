// One process of hostile-clients.mjs, which plays what BENCH_ROLE says.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { playRole } from "../lib/peer.mjs";
import { openClients, pacedEcho } from "../lib/raw-clients.mjs";
import { ACTS } from "./hostile-acts.mjs";

await playRole({
  async service() {
    const { startEmulator } = await import("azure-signalr-server/emulator");
    const emulator = await startEmulator({ port: 0 });
    return {
      ready: { connectionString: emulator.connectionString },
      clients: () => emulator.hubs().reduce((sum, hub) => sum + hub.clients, 0),
    };
  },

  /** A hub server with all defaults, and methods that can be misused. */
  async host({ connectionString }) {
    const { Hub, signalr } = await import("azure-signalr-server");
    const text = "x".repeat(100);
    class OpenHub extends Hub {
      echo(value) {
        return value;
      }
      async slow() {
        await delay(1000);
      }
      async *ticks() {
        for (let tick = 0; ; tick += 1) {
          yield tick;
          await delay(100);
        }
      }
      async *endless() {
        for (;;) yield text;
      }
      async ignore(_items) {
        await once(this.signal, "abort");
      }
      async join(group) {
        await this.groups.add(this.context.connectionId, group);
      }
      async ask() {
        return await this.clients.caller.invoke("answer");
      }
    }
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const hubs = signalr.named("signalr", { connectionString, logger, configuration: { values: {} } });
    hubs.mapHub("/open", OpenHub);
    const server = createServer(hubs).listen(0, "127.0.0.1");
    await once(server, "listening");
    await hubs.started();
    const negotiated = await fetch(`http://127.0.0.1:${server.address().port}/open/negotiate`, { method: "POST" });
    const { url, accessToken } = await negotiated.json();
    return { ready: { url: url.replace(/^http/, "ws"), accessToken } };
  },

  /** Clients that want nothing but their answers. */
  async others({ target, count }) {
    const sockets = await openClients(target, count);
    return {
      ready: {},
      echo: async (input) => ({
        ...(await pacedEcho(sockets, input)),
        connected: sockets.filter((socket) => socket.readyState === socket.OPEN).length,
      }),
    };
  },

  /** The one that wants to harm. */
  async hostile({ target }) {
    return {
      ready: {},
      async act({ name, forMs }) {
        const over = delay(forMs);
        const world = { target, over, isOver: false, thrownOut: 0, reason: undefined, code: undefined };
        over.then(() => {
          world.isOver = true;
        });
        await ACTS[name](world);
        return { thrownOut: world.thrownOut, reason: world.reason, code: world.code };
      },
    };
  },
});
