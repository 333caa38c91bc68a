import { createServer } from "node:http";
import { signalr } from "azure-signalr-server/express";
import express from "express";
import { RoomHub } from "./room-hub.js";

/**
 * One of the processes: a web server and a hub server like any other. `node:cluster` lets them all listen to one port.
 */
export async function runWorker(port: number): Promise<void> {
  // The mode: a client moves to another process when this one is replaced, and stays connected.
  const hubs = signalr.named("signalr", { gracefulShutdown: { mode: "MigrateClients", timeout: 10_000 } });
  hubs.mapHub("/room", RoomHub);

  const app = express();
  app.disable("x-powered-by");
  app.use(hubs);
  app.get("/healthz", hubs.healthHandler());
  const server = createServer(app);

  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    await hubs.shutdown();
    server.close();
    server.closeIdleConnections();
    process.disconnect?.();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Without its parent a worker would live on, on a port that nobody hands on to it.
  process.once("disconnect", stop);

  await hubs.started();
  // Whoever asks this process to negotiate finds it connected already.
  server.listen(port);
}
